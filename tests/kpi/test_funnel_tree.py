"""The funnel rolled up to branches and regions, along the tree of then and of now, and as known then; and sight."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from services.accounts.events import Function, UnitKind
from services.accounts.organisation import MoveUnit, OpenUnit, Unit
from services.accounts.person import JoinPerson, Person, PostTo
from services.kpi.main import FACTS
from shared.event_store.command import Command, RecordedFact, StreamAppend
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.event_store.stream import Stream
from shared.identity.current_tenant import as_tenant
from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.accounts.company import BEGINNING, Client
from tests.kpi.test_funnel_route import Sales, day, found

MOVED = datetime(2026, 1, 31, 16, tzinfo=UTC)
"""The first instant of February in Shanghai: SH goes from the east to the south, told in March."""


@pytest.fixture
async def sales(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Sales:
    return await found(store, http, settings, pool)


@pytest.fixture
async def moved(sales: Sales) -> dict[str, int]:
    """Regions, a team in SH, prospects before and after SH moved; positions before and after that was told."""
    company = sales.company
    for code, kind, parent in (("E", "region", "HQ"), ("S", "region", "HQ"), ("T", "team", "SH")):
        parent_id = company.root_id if parent == "HQ" else company.units[parent]
        opening = OpenUnit(code=code, name=f"{code}区", kind=UnitKind(kind), parent_id=parent_id)
        unit = Unit.open(uuid4(), opening, at=BEGINNING)
        company.units[code] = unit.id
        await tell(sales, unit)
    for code in ("SH", "BJ"):
        await tell(sales, await move(sales, code, "E", BEGINNING))
    for place, on in (("SH", "2026-01-10"), ("T", "2026-01-20"), ("T", "2026-02-10"), ("BJ", "2026-02-11")):
        await sales.prospect("li", place, on=on)
    await sales.tell(
        uuid4(), 0, ("ProspectCaptured", day("2026-02-12"), {"changes": {"unit_id": str(company.root_id), "lines": []}})
    )
    before = await tell(sales, Unit.open(uuid4(), OpenUnit(
        code="X", name="X", kind=UnitKind.TEAM, parent_id=company.root_id), at=BEGINNING))  # fmt: skip
    after = await tell(sales, await move(sales, "SH", "S", MOVED))
    return {"before": before, "after": after}


async def move(sales: Sales, code: str, to: str, at: datetime) -> Unit:
    with as_tenant(sales.company.tenant_id):
        unit = await Repository(sales.store, Unit, facts=FACTS).load(sales.company.tenant_id, sales.company.units[code])
    assert unit is not None
    unit.move(MoveUnit(parent_id=sales.company.units[to]), path=(), at=at)
    return unit


async def tell(sales: Sales, stream: Stream) -> int:
    append = Repository(sales.store, type(stream), facts=FACTS).appends(stream)
    outcome = await sales.store.append(Command(sales.company.tenant_id, uuid4(), None, None, 200, "ok", (append,)))
    assert outcome.kind == "ok"
    return outcome.last_position or 0


async def regions(sales: Sales, **asked: Any) -> dict[str | None, int]:
    rows = await sales.funnel(group_by="region", **asked)
    return {row["region_label"]: row["captured"] for row in rows}


async def test_a_region_counts_what_belongs_to_it_then_or_now(sales: Sales, moved: dict[str, int]) -> None:
    late, early = {"as_of": "2026-02-28"}, {"as_of": "2026-01-25"}
    assert await regions(sales) == {"S区": 3, "E区": 1, None: 1}
    assert await regions(sales, **late) == await regions(sales, **late, tree="now") == {"S区": 3, "E区": 1, None: 1}
    assert await regions(sales, **early) == {"E区": 2}
    assert await regions(sales, **early, tree="now") == {"S区": 2}
    known = {"known_at": str(moved["before"])}
    assert await regions(sales, **known) == {"E区": 4, None: 1}
    assert await regions(sales, **late, **known) == {"E区": 4, None: 1}
    assert await regions(sales, **late, **known, tree="now") == {"S区": 3, "E区": 1, None: 1}


async def test_a_branch_counts_its_teams(sales: Sales, moved: dict[str, int]) -> None:
    rows = await sales.funnel(group_by="branch,month")
    assert {(row["branch_label"], row["month"]): row["captured"] for row in rows} == {
        ("SH店", "2026-01"): 2, ("SH店", "2026-02"): 1, ("BJ店", "2026-02"): 1, (None, "2026-02"): 1,
    }  # fmt: skip
    both = await sales.funnel(group_by="region,branch")
    assert {(row["region_label"], row["branch_label"]) for row in both} == {
        ("S区", "SH店"), ("E区", "BJ店"), (None, None),
    }  # fmt: skip


async def test_a_unit_is_counted_with_all_below_it(sales: Sales, moved: dict[str, int]) -> None:
    async def of(code: str, **asked: Any) -> int:
        rows = await sales.funnel(unit_id=sales.company.units[code], **asked)
        return sum(row["captured"] for row in rows)

    assert [await of(code) for code in ("S", "E", "SH", "T")] == [3, 1, 3, 2]
    early = {"as_of": "2026-01-25"}
    assert [await of(code, **early) for code in ("S", "E")] == [0, 2]
    assert [await of(code, **early, tree="now") for code in ("S", "E")] == [2, 0]
    assert [await of(code, known_at=str(moved["before"])) for code in ("S", "E")] == [0, 4]


async def test_figures_are_seen_by_both_edges_and_the_accounts_team(
    sales: Sales, http: httpx.AsyncClient, settings: Settings
) -> None:
    """Wang belongs to BJ and works in SH; the mate supports an account."""
    company, account, mate = sales.company, uuid4(), uuid4()
    wang = Person.join(
        sales.people["wang"],
        JoinPerson(name="王", functions=(Function.REPRESENTATIVE,), unit_id=company.units["BJ"]),
        at=BEGINNING,
    )
    wang.post_to(PostTo(unit_id=company.units["SH"]), at=BEGINNING)
    await tell(sales, wang)
    team = {"changes": {"support_team": [{"person_id": str(mate), "role": "execution"}]}}
    fact = RecordedFact("SupportTeamChanged", 1, json.dumps(team).encode(), BEGINNING)
    append = StreamAppend("account", account, 0, (fact,))
    await sales.store.append(Command(company.tenant_id, uuid4(), None, None, 200, "ok", (append,)))
    await sales.prospect("wang", "BJ")
    with_account = {"changes": {"unit_id": str(company.root_id), "account_id": str(account), "lines": []}}
    await sales.tell(uuid4(), 0, ("ProspectCaptured", day("2026-02-12"), with_account))

    def speaks(name: str, person: UUID, function: str, unit: UUID) -> None:
        token = mint_token(development_key(settings.data), company.tenant_id, person, (function,), unit)
        company.clients[name] = Client(http, token, person)

    speaks("bj_head", uuid4(), "department_head", company.units["BJ"])
    speaks("mate", mate, "representative", company.units["BJ"])
    counts = {}
    for who in ("director", "sh_head", "bj_head", "mate", "li"):
        counts[who] = sum(row["captured"] for row in await sales.funnel(who))
    assert counts == {"director": 2, "sh_head": 1, "bj_head": 1, "mate": 1, "li": 0}
