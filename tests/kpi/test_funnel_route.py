"""GET /v1/kpi/funnel: flows by month, unit and owner at the time, as of any day, as known at any time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from services.accounts.events import Function, UnitKind
from services.accounts.organisation import OpenUnit, Unit
from services.kpi.main import FACTS
from services.kpi.views import VIEWS
from shared.event_store.command import Command, RecordedFact, StreamAppend
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from shared.identity.tokens import development_key, mint_token
from shared.privacy.vault import Vault
from shared.settings import Settings
from shared.testing.views import fold_all
from tests.accounts.company import BEGINNING, Client, Company, open_tenant
from tests.accounts.test_organisation_routes import problem

Told = tuple[str, datetime, dict[str, Any]]


def day(text: str, hour: int = 3) -> datetime:
    return datetime.fromisoformat(f"{text}T{hour:02}:00:00").replace(tzinfo=UTC)


def lines(*units: int) -> dict[str, Any]:
    return {"lines": [{"line": line, "product": "GTX", "units": count} for line, count in enumerate(units, 1)]}


@dataclass
class Sales:
    """A company with two branches and a way to tell what happened to prospects."""

    company: Company
    store: EventStore
    pool: asyncpg.Pool[asyncpg.Record]
    people: dict[str, UUID]

    async def tell(self, stream_id: UUID, version: int, *facts: Told) -> int:
        """Append facts as the opportunities service publishes them; the last position."""
        recorded = tuple(RecordedFact(type, 1, json.dumps(data).encode(), at) for type, at, data in facts)
        append = StreamAppend("opportunity", stream_id, version, recorded)
        outcome = await self.store.append(Command(self.company.tenant_id, uuid4(), None, None, 200, "ok", (append,)))
        assert outcome.kind == "ok"
        return outcome.last_position or 0

    async def prospect(self, owner: str, unit: str, *facts: Told, on: str = "2026-01-10") -> UUID:
        stream_id = uuid4()
        credit = {"owner_id": str(self.people[owner]), "unit_id": str(self.company.units[unit]), "status": "open"}
        await self.tell(stream_id, 0, ("ProspectCaptured", day(on), {"changes": {**credit, **lines(2)}}), *facts)
        return stream_id

    async def funnel(self, who: str = "director", **params: Any) -> list[dict[str, Any]]:
        await fold_all(self.pool, VIEWS)
        rows: list[dict[str, Any]] = (await self.company[who].read("/v1/kpi/funnel", **params))["rows"]
        return rows


def steps(row: dict[str, Any], *names: str) -> tuple[int, ...]:
    return tuple(row[name] for name in names)


def won(on: str, *units: int) -> Told:
    return "DealWon", day(on), {"changes": {"status": "ordered", **lines(*units)}}


def delivered(on: str, units: int, line: int = 1) -> Told:
    return "UnitsDelivered", day(on), {"changes": {"delivered": [{"line": line, "units": units, "on": on}]}}


@pytest.fixture
async def sales(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Sales:
    return await found(store, http, settings, pool)


async def found(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Sales:
    company = Company(uuid4(), uuid4())
    director = await open_tenant(store, company)
    for code in ("SH", "BJ"):
        command = OpenUnit(code=code, name=f"{code}店", kind=UnitKind.BRANCH, parent_id=company.root_id)
        unit = Unit.open(uuid4(), command, at=BEGINNING)
        append = Repository(store, Unit, facts=FACTS).appends(unit)
        await store.append(Command(company.tenant_id, director, None, None, 201, "ok", (append,)))
        company.units[code] = unit.id
    people = {"li": uuid4(), "wang": uuid4()}
    vault = Vault(store.all_tenants, Vault.master_key(settings))
    await vault.put_many(company.tenant_id, {id: {"name": name} for name, id in people.items()})
    key = development_key(settings.data)
    roles: Sequence[tuple[str, UUID, Function, UUID]] = (
        ("director", director, Function.DIRECTOR, company.root_id),
        ("sh_head", uuid4(), Function.DEPARTMENT_HEAD, company.units["SH"]),
        ("li", people["li"], Function.REPRESENTATIVE, company.units["SH"]),
    )
    for name, person, function, unit_id in roles:
        token = mint_token(key, company.tenant_id, person, (function,), unit_id)
        company.clients[name] = Client(http, token, person)
    return Sales(company, store, pool, people)


async def test_every_step_is_counted_in_its_own_month(sales: Sales) -> None:
    await sales.prospect(
        "li", "SH",
        ("ProspectQualified", day("2025-11-12"), {"changes": {"level": "A"}}),
        ("ProspectQualified", day("2026-01-01"), {"changes": {"level": "H"}}),
        won("2026-01-03", 3, 2),
        delivered("2026-01-20", 3),
        delivered("2026-03-01", 2, line=2),
        on="2025-11-10",
    )  # fmt: skip
    await sales.prospect(
        "li", "SH",
        ("ProspectFrozen", day("2025-11-20"), {"changes": {"status": "frozen"}}),
        ("DealLost", day("2026-01-05"), {"changes": {"status": "defeated"}}),
        ("DealReopened", day("2026-03-01"), {"changes": {"status": "open"}}),
        on="2025-11-10",
    )  # fmt: skip
    rows = await sales.funnel()
    names = ("captured", "qualified", "ordered", "units_ordered", "delivered", "units_delivered", "defeated", "frozen")
    assert {row["key"]: steps(row, *names, "revived") for row in rows} == {
        "2025-11": (2, 1, 0, 0, 0, 0, 0, 1, 0),
        "2025-12": (0, 0, 0, 0, 0, 0, 0, 0, 0),
        "2026-01": (0, 0, 1, 5, 0, 3, 1, 0, 0),
        "2026-02": (0, 0, 0, 0, 0, 0, 0, 0, 0),
        "2026-03": (0, 0, 0, 0, 1, 2, 0, 0, 1),
    }


async def test_what_is_no_step_of_the_report_makes_no_row(sales: Sales) -> None:
    asked = ("DefeatRequested", day("2026-02-01"), {"changes": {"review": "defeat", "defeat_category": "own"}})
    await sales.prospect("li", "SH", asked)
    assert [row["key"] for row in await sales.funnel()] == ["2026-01"]


async def test_work_stays_credited_to_owner_and_unit_at_the_time(sales: Sales) -> None:
    moved = {"owner_id": str(sales.people["wang"]), "unit_id": str(sales.company.units["BJ"])}
    await sales.prospect(
        "li", "SH", ("OpportunityTransferred", day("2026-02-01"), {"changes": moved}), won("2026-02-10", 2)
    )
    by_unit = {row["label"]: steps(row, "captured", "ordered") for row in await sales.funnel(group_by="org_unit")}
    assert by_unit == {"SH店": (1, 0), "BJ店": (0, 1)}
    by_owner = {row["owner_label"]: steps(row, "captured", "ordered") for row in await sales.funnel(group_by="owner")}
    assert by_owner == {"li": (1, 0), "wang": (0, 1)}
    both = await sales.funnel(group_by="org_unit,month")
    assert {(row["org_unit_label"], row["month"]) for row in both} == {("SH店", "2026-01"), ("BJ店", "2026-02")}


async def test_a_branch_sees_its_subtree_and_a_tenant_its_own(
    sales: Sales, store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> None:
    stranger = await found(store, http, settings, pool)
    await stranger.prospect("li", "SH")
    await sales.prospect("li", "SH")
    await sales.prospect("wang", "SH")
    await sales.prospect("wang", "BJ")
    counts = {who: sum(row["captured"] for row in await sales.funnel(who)) for who in ("director", "sh_head", "li")}
    assert counts == {"director": 3, "sh_head": 2, "li": 1}


async def test_a_month_ends_at_midnight_in_the_tenants_zone(sales: Sales) -> None:
    stream_id = uuid4()
    credit = {"owner_id": str(sales.people["li"]), "unit_id": str(sales.company.units["SH"]), **lines(1)}
    await sales.tell(stream_id, 0, ("ProspectCaptured", day("2026-01-31", 16), {"changes": credit}))
    assert [row["month"] for row in await sales.funnel()] == ["2026-02"]
    assert await sales.funnel(to="2026-01-31", group_by="owner") == []
    assert len(await sales.funnel(from_="2026-02-01", to="2026-02-01", group_by="owner")) == 1


async def test_a_range_shows_its_empty_months(sales: Sales) -> None:
    await sales.prospect("li", "SH")
    rows = await sales.funnel(from_="2025-12-01", to="2026-02-28")
    assert [(row["month"], row["captured"]) for row in rows] == [("2025-12", 0), ("2026-01", 1), ("2026-02", 0)]


async def test_an_amendment_counts_the_difference_and_a_correction_the_truth(sales: Sales) -> None:
    amended = ("OrderAmended", day("2026-03-01"), {"changes": lines(5)})
    stream_id = await sales.prospect("li", "SH", won("2026-02-03", 3), amended)
    with as_tenant(sales.company.tenant_id):
        known = await sales.store.head(sales.company.tenant_id)
    assert [row["units_ordered"] for row in await sales.funnel()] == [0, 3, 2]
    correction = {"version": 2, "changes": lines(4), "occurred_at": None, "reason": "数量写错"}
    await sales.tell(stream_id, 3, ("FactCorrected", day("2026-03-02"), correction))
    assert [row["units_ordered"] for row in await sales.funnel()] == [0, 4, 1]
    assert [row["units_ordered"] for row in await sales.funnel(known_at=known.position)] == [0, 3, 2]
    assert [row["units_ordered"] for row in await sales.funnel(as_of="2026-02-28")] == [0, 4]


async def test_total_is_the_sum_of_the_rows(sales: Sales) -> None:
    for owner, unit in (("li", "SH"), ("wang", "BJ"), ("wang", "SH")):
        await sales.prospect(owner, unit, won("2026-02-03", 3))
    await fold_all(sales.pool, VIEWS)
    answer = await sales.company["director"].read("/v1/kpi/funnel", group_by="org_unit,owner")
    for name, count in answer["total"].items():
        assert count == sum(row[name] for row in answer["rows"])
    assert (answer["total"]["captured"], answer["total"]["units_ordered"]) == (3, 9)


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"group_by": "colour"}, 422, "validation"),
        ({"group_by": "owner,owner"}, 422, "repeated_dimension"),
        ({"from_": "2026-02-01", "to": "2026-01-01"}, 422, "empty_range"),
        ({"from_": "soon"}, 422, "validation"),
        ({"as_of": "yesterday"}, 422, "invalid_instant"),
        ({"known_at": "99999"}, 409, "not_recorded_yet"),
        ({"colour": "red"}, 400, "unknown_parameter"),
        ({"min_position": "99999"}, 409, "not_recorded_yet"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    sales: Sales, params: dict[str, str], status: int, code: str
) -> None:
    assert problem(await sales.company["director"].get("/v1/kpi/funnel", **params)) == (status, code)


async def test_nobody_asks_without_a_token(http: httpx.AsyncClient) -> None:
    assert problem(await http.get("/v1/kpi/funnel")) == (401, "unauthenticated")
