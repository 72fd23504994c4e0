"""A company with two branches and a team, what came out in its last year, and its annual plan. Tests nothing itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from services.accounts.events import UnitKind
from services.accounts.organisation import OpenUnit, Unit
from services.kpi.plans.outcomes import OUTCOME_VIEWS
from services.kpi.plans.views import ANNUAL_PLANS
from services.kpi.rolling.views import ROLLING_PLANS, ROLLING_VERSIONS
from services.kpi.views.accounts import ACCOUNTS
from services.kpi.views.people import PEOPLE
from services.kpi.views.products import PRODUCTS
from shared.event_store.command import Command, RecordedFact, StreamAppend
from tests.accounts.company import BEGINNING
from tests.kpi.staffed import Staffed

PLANS = "/v1/plans"
Told = tuple[str, datetime, dict[str, Any]]


def day(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T03:00:00").replace(tzinfo=UTC)


def lines(units: int) -> dict[str, Any]:
    return {"lines": [{"line": 1, "product": "A6L", "units": units}]}


async def tell(company: Staffed, stream_type: str, id: UUID, *facts: Told) -> None:
    recorded = tuple(RecordedFact(type, 1, json.dumps(data).encode(), at) for type, at, data in facts)
    append = StreamAppend(stream_type, id, 0, recorded)
    assert (
        await company.store.append(Command(company.tenant_id, uuid4(), None, None, 200, "ok", (append,)))
    ).kind == "ok"


async def sold(company: Staffed, code: str, month: str, units: int, delivered: int = 0, who: str = "li") -> UUID:
    """The deal: an order of a unit's in a month, and how much of it was handed over on the next day."""
    credit = {"owner_id": company.person(who), "unit_id": company.unit(code), "status": "open", **lines(units)}
    facts: list[Told] = [
        ("ProspectCaptured", day(f"{month}-02"), {"changes": credit}),
        ("DealWon", day(f"{month}-10"), {"changes": {"status": "ordered", **lines(units)}}),
    ]
    if delivered:
        moved = [{"line": 1, "units": delivered, "on": f"{month}-11"}]
        facts.append(("UnitsDelivered", day(f"{month}-11"), {"changes": {"delivered": moved}}))
    deal = uuid4()
    await tell(company, "opportunity", deal, *facts)
    return deal


async def reported(company: Staffed, deal: UUID, month: str, *vins: str) -> None:
    """Units of a deal reported to the manufacturer and accepted, but the first, which was refused."""
    told = [{"vin": vin, "state": "reported", "on": f"{month}-12", "product": "A6L"} for vin in vins]
    answers = [
        {"vin": vin, "state": "accepted" if number else "refused", "on": f"{month}-14"}
        for number, vin in enumerate(vins)
    ]
    credit = {"opportunity_id": str(deal), "owner_id": company.person("li"), "unit_id": company.unit("SH")}
    await tell(
        company, "filing", uuid4(),
        ("FilingDrafted", day(f"{month}-11"), {"changes": {**credit, "status": "draft"}}),
        ("UnitsReported", day(f"{month}-12"), {"changes": {"reports": told}}),
        ("ReportAccepted", day(f"{month}-14"), {"changes": {"reports": answers}}),
    )  # fmt: skip


async def add_unit(company: Staffed, code: str, above: str, kind: UnitKind = UnitKind.TEAM) -> None:
    command = OpenUnit(code=code, name=f"{code}组", kind=kind, parent_id=company.company.units[above])
    unit = Unit.open(uuid4(), command, at=BEGINNING)
    company.company.units[code] = unit.id
    await company.append(unit)


def row(month: str, target: int, stretch: int | None = None, measure: str = "orders") -> dict[str, Any]:
    given = {"month": month, "measure": measure, "target": str(target)}
    return given if stretch is None else {**given, "stretch": str(stretch)}


async def approved(company: Staffed, body: dict[str, Any], who: str = "sh_head") -> tuple[str, int]:
    """A plan on its way to approval by the director, on the day of the proposal; its id and version."""
    told = {"on": body["on"]} if "on" in body else {}
    id = (await company.make(who, PLANS, body))["id"]
    await company.make(who, f"{PLANS}/{id}/submit", told, version=1)
    await company.make("director", f"{PLANS}/{id}/review", {"comment": "可行", **told}, version=2)
    await company.make("director", f"{PLANS}/{id}/approve", told, version=3)
    return id, 4


async def fold(company: Staffed) -> None:
    """What plans are read from."""
    await company.fold(*OUTCOME_VIEWS, ROLLING_PLANS, ROLLING_VERSIONS, ANNUAL_PLANS, PEOPLE, ACCOUNTS, PRODUCTS)
