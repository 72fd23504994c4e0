"""A public CRM export of 8 800 deals: attainment per agent and manager per quarter against targets set through the plan
routes; cohort and flow KPIs as recomputed from the file."""

from __future__ import annotations

import csv
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.identity.tokens import development_key, mint_token
from tests.door import at_the_door
from tests.imports.office import folding
from tests.journeys.importing import MAPPINGS, Desk

BESIDE = ("accounts.csv", "products.csv", "sales_teams.csv")
YEAR = 2017
MONTHS = [date(YEAR, month, 1) for month in range(1, 13)]
QUARTERS = ["2017-Q1", "2017-Q2", "2017-Q3", "2017-Q4"]
Row = dict[str, str]

pytestmark = pytest.mark.slow


@dataclass
class Office:
    """Head office of the imported company at all services' door."""

    desk: Desk
    http: httpx.AsyncClient
    position: int = 0

    def token(self, person: UUID, functions: tuple[str, ...], unit: UUID | None) -> str:
        office = self.desk.office
        return mint_token(development_key(office.settings.data), office.tenant_id, person, functions, unit)

    async def tell(self, path: str, *, token: str = "", version: int | None = None, **body: Any) -> dict[str, Any]:
        said = {"authorization": f"Bearer {token or self.desk.token}", "idempotency-key": secrets.token_hex(8)}
        if version is not None:
            said["if-match"] = f'"{version}"'
        answer = await self.http.post(path, json=body, headers=said | {"accept-language": "en"})
        assert answer.status_code in (200, 201), f"{answer.text} to {path}"
        receipt: dict[str, Any] = answer.json()
        self.position = max(self.position, receipt["position"])
        return receipt

    async def read(self, path: str, *, token: str = "", **query: Any) -> dict[str, Any]:
        said = {"authorization": f"Bearer {token or self.desk.token}", "accept-language": "en"}
        params = {"min_position": str(self.position), **{name: str(value) for name, value in query.items()}}
        for _ in range(30):
            answer = await self.http.get(path, params=params, headers=said)
            if answer.status_code != 503:
                break
        assert answer.status_code == 200, f"{answer.text} to {path}"
        return dict(answer.json())

    async def figures(self, kpi: str, *, token: str = "", **query: Any) -> list[dict[str, Any]]:
        told = {"from": MONTHS[0], "to": date(YEAR, 12, 31), **query}
        return list((await self.read("/v1/kpi/values", token=token, kpi=kpi, **told))["rows"])


@asynccontextmanager
async def imported(desk: Desk, reference_data: Path) -> AsyncIterator[Office]:
    folder = reference_data / "maven_crm"
    beside = {name: folder / name for name in BESIDE}
    done = await desk.imported(folder / "sales_pipeline.csv", MAPPINGS / "maven_crm.yaml", beside=beside)
    assert (done["created"], done["problems"]) == (8_800, 0)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(folding(desk.office.store))
        http = await stack.enter_async_context(at_the_door(store=desk.office.store, settings=desk.office.settings))
        yield Office(desk, http)


def rows_of(folder: Path, name: str) -> list[Row]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def target(agent: str, month: date) -> int:
    """What the test asks of an agent in a month: another figure for each."""
    return 3 + (sum(map(ord, agent)) + month.month) % 9


# -- targets through the plan routes -----------------------------------------------------------------------------


async def plan(office: Office, people: Mapping[str, UUID], units: Mapping[str, UUID], teams: list[Row]) -> None:
    """An annual plan cascaded to the three offices, then each month split to the agents."""
    root = office.desk.office.root_id
    agents = {name: [team["sales_agent"] for team in teams if team["regional_office"] == name] for name in units}
    asked = {name: {month: sum(target(agent, month) for agent in agents[name]) for month in MONTHS} for name in units}
    told: dict[str, Any] = {"on": "2017-01-02"}
    other = await office.tell("/v1/people", name="董事", functions=["director"], unit_id=str(root), on="2016-01-01")
    chief = office.token(UUID(other["id"]), ("director",), root)
    made = await office.tell(
        "/v1/plans", token=chief, year=YEAR, rows=_rows({m: sum(asked[n][m] for n in units) for m in MONTHS}), **told
    )
    path, version = f"/v1/plans/{made['id']}", made["version"]
    version = (await office.tell(f"{path}/submit", token=chief, version=version, **told))["version"]
    for verb in ("review", "approve"):
        version = (await office.tell(f"{path}/{verb}", version=version, **told))["version"]
    parts = [{"unit_id": str(id), "rows": _rows(asked[name])} for name, id in units.items()]
    version = (await office.tell(f"{path}/cascade", version=version, spread="stated", units=parts, **told))["version"]
    await office.tell(f"{path}/issue", version=version, **told)
    await office.figures("attainment_orders")  # the plan is in the views that splits begin from
    for name, unit in units.items():
        for month in MONTHS:
            persons = [str(people[agent]) for agent in agents[name]]
            split = await office.tell(
                "/v1/splits", month=f"{month:%Y-%m}", unit_id=str(unit), persons=persons, units=[], **told
            )
            lines = [
                {"measure": "orders", "target": str(target(agent, month)), "person_id": str(people[agent])}
                for agent in agents[name]
            ]
            path, version = f"/v1/splits/{split['id']}", split["version"]
            version = (await office.tell(f"{path}/edit", version=version, lines=lines, **told))["version"]
            await office.tell(f"{path}/issue", version=version, **told)


def _rows(targets: Mapping[date, int]) -> list[dict[str, str]]:
    return [{"month": f"{month:%Y-%m}", "measure": "orders", "target": str(of)} for month, of in targets.items()]


async def everybody(office: Office) -> tuple[Mapping[str, UUID], Mapping[str, UUID]]:
    """People and units by name."""
    people: dict[str, UUID] = {}
    after: dict[str, Any] = {}
    while True:
        page = await office.read("/v1/people", limit=1000, **after)
        people |= {one["name"]: UUID(one["id"]) for one in page["items"]}
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    units = await office.read("/v1/units")
    (root,) = units["rows"]
    return people, {one["name"]: UUID(one["id"]) for one in root["children"]}


# -- what the file says ------------------------------------------------------------------------------------------


def quarter(day: str) -> str:
    return f"{day[:4]}-Q{(int(day[5:7]) + 2) // 3}"


def won_in(deals: Iterable[Row], of: str) -> int:
    return sum(deal["deal_stage"] == "Won" and quarter(deal["close_date"]) == of for deal in deals)


def asked_in(agents: Iterable[str], of: str) -> int:
    return sum(target(agent, month) for agent in agents for month in MONTHS if quarter(month.isoformat()) == of)


def ratio(above: int, below: int) -> Decimal | None:
    return Decimal(above) / below if below else None


class File:
    """The deals, asked about a month; `key` groups them."""

    def __init__(self, deals: list[Row]) -> None:
        self.deals = deals

    def recomputed(self, deals: list[Row], month: date) -> dict[str, tuple[int, int]]:
        """Numerator and denominator of the KPIs of prospects."""
        first, last = month.isoformat(), ((month + timedelta(days=32)).replace(day=1) - timedelta(days=1)).isoformat()
        captured = [deal for deal in deals if first <= (deal["engage_date"] or "9") <= last]
        closed = [deal for deal in deals if deal["close_date"] and first <= deal["close_date"] <= last]
        won = [deal for deal in closed if deal["deal_stage"] == "Won"]
        opening = [
            deal
            for deal in deals
            if deal["engage_date"] and deal["engage_date"] < first and (deal["close_date"] or "9") >= first
        ]
        could = len(captured) + len(opening)
        ninety = (month - timedelta(days=90)).isoformat()
        recent = [deal for deal in opening if deal["engage_date"] >= ninety]
        return {
            "new_records": (len(captured), 0),
            "orders": (len(won), 0),
            "prospect_conversion": (len(won), could),
            "defeat_rate": (len(closed) - len(won), could),
            "cohort_signing": (_both(captured, won), len(captured)),
            "stock_signing_month": (_both(opening, won), len(opening)),
            "stock_signing_90": (_both(recent, won), len(recent)),
        }


def _both(some: list[Row], others: list[Row]) -> int:
    return len({deal["opportunity_id"] for deal in some} & {deal["opportunity_id"] for deal in others})


def told(row: Mapping[str, Any]) -> tuple[int, int]:
    return int(row["numerator"]), int(row["denominator"] or 0)


def assert_value(row: Mapping[str, Any], right: Decimal | None) -> None:
    assert (row["value"] is None) == (right is None), row
    assert right is None or abs(Decimal(row["value"]) - right) < Decimal("0.000001"), row


# -- the tests ---------------------------------------------------------------------------------------------------


async def test_attainment_and_cohorts_are_those_of_the_file(at_desk: Desk, reference_data: Path) -> None:
    folder = reference_data / "maven_crm"
    deals = rows_of(folder, "sales_pipeline.csv")
    sellers = {deal["sales_agent"] for deal in deals}
    teams = [team for team in rows_of(folder, "sales_teams.csv") if team["sales_agent"] in sellers]
    async with imported(at_desk, reference_data) as office:
        people, units = await everybody(office)
        await plan(office, people, units, teams)
        await attainment(office, deals, teams, people)
        await cohorts(office, deals, people)


async def attainment(office: Office, deals: list[Row], teams: list[Row], people: Mapping[str, UUID]) -> None:
    """Per agent and per manager, quarter by quarter."""
    of_agent = {
        (row["person"], row["period"]): row
        for row in await office.figures("attainment_orders", period="quarter", group_by="person")
    }
    for team in teams:
        agent = team["sales_agent"]
        theirs = [deal for deal in deals if deal["sales_agent"] == agent]
        for of in QUARTERS:
            row = of_agent[str(people[agent]), of]
            right = won_in(theirs, of), asked_in([agent], of)
            assert told(row) == right, (agent, of)
            assert_value(row, ratio(*right))
    for manager in sorted({team["manager"] for team in teams}):
        agents = [team["sales_agent"] for team in teams if team["manager"] == manager]
        theirs = [deal for deal in deals if deal["sales_agent"] in agents]
        token = office.token(people[manager], ("representative",), None)
        rows = await office.figures("attainment_orders", token=token, period="quarter")
        assert {row["period"]: told(row) for row in rows} == {
            of: (won_in(theirs, of), asked_in(agents, of)) for of in QUARTERS
        }, manager
    whole = await office.figures("attainment_orders", period="quarter")
    agents = [team["sales_agent"] for team in teams]
    assert {row["period"]: told(row) for row in whole} == {
        of: (won_in(deals, of), asked_in(agents, of)) for of in QUARTERS
    }


async def cohorts(office: Office, deals: list[Row], people: Mapping[str, UUID]) -> None:
    """Month by month, all together and by agent."""
    kpis = "new_records,orders,prospect_conversion,defeat_rate,cohort_signing,stock_signing_month,stock_signing_90"
    names = {str(id): name for name, id in people.items()}
    groups: list[tuple[dict[str, str], Callable[[Mapping[str, Any]], str | None]]] = [
        ({}, lambda row: None),
        ({"group_by": "person"}, lambda row: names[row["person"]]),
    ]
    file = File(deals)
    for query, group in groups:
        of_group: dict[str | None, list[Row]] = {None: deals}
        if query:
            of_group = {}
            for deal in deals:
                of_group.setdefault(deal["sales_agent"], []).append(deal)
        rows = {(row["kpi"], row["period"], group(row)): row for row in await office.figures(kpis, **query)}
        for month in MONTHS:
            for name, theirs in of_group.items():
                for kpi, right in file.recomputed(theirs, month).items():
                    row = rows.get((kpi, f"{month:%Y-%m}", name))
                    assert (told(row) if row else (0, 0)) == right, (kpi, month, name)
    amounts = {row["period"]: Decimal(row["value"]) for row in await office.figures("order_amount")}
    for month in MONTHS:
        said = f"{month:%Y-%m}"
        won = [deal["close_value"] for deal in deals if deal["deal_stage"] == "Won" and deal["close_date"][:7] == said]
        assert amounts.get(said, Decimal()) == sum(map(Decimal, won), Decimal()), said
