"""The matrix and its targets for lead plans: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

from services.kpi.lead_plans.events import LeadChannel, LeadRate, LeadsRequired
from services.kpi.lead_plans.lead_plan import LeadPlan
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.nouns.kpi_splits import HEADS
from tests.authorisation.row import BRANCH, Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

AT = datetime(2025, 10, 6, 2, tzinfo=UTC)
LATER = datetime(2025, 10, 7, 2, tzinfo=UTC)
RATES = [
    {"name": "units_per_order", "value": "2"}, {"name": "prospect_conversion", "value": "0.25"},
    {"name": "record_mix", "channel": "web", "value": "1"},
    {"name": "lead_to_record", "channel": "web", "value": "0.5"},
]  # fmt: skip
WEB = {"channel": "web", "leads": 30}
LOOKING = who.looking(HEADS | who.LOOKING)


def _head(on: str, body: object) -> Row:
    return Row(who.acting(HEADS), f"lead_plan.{on}", body)


ROWS: dict[str, Row] = {
    "lead_plans.list": listed(),
    "lead_plans.read": Row(LOOKING, "lead_plan.draft"),
    "lead_plans.way_back": Row(LOOKING, "lead_plan.folded"),
    "lead_plans.weeks": Row(LOOKING, "lead_plan.folded"),
    "lead_plans.propose": Row(
        who.reserved({*HEADS, who.OTHER_TENANT}, elsewhere="done"),
        "month.ahead",
        lambda target: {"month": target.id, "unit_id": BRANCH, "order_units": "10", "rates": RATES},
        matched=False,
    ),
    "lead_plans.rework": _head("draft", {"rates": RATES}),
    "lead_plans.edit": _head("draft", {"channels": [WEB]}),
    "lead_plans.issue": _head("draft", {}),
    "lead_plans.change": _head("issued", {"channels": [WEB], "reason": "加投"}),
    "lead_plans.review_week": _head("issued", {"week": 1, "findings": ["不足"]}),
    "lead_plans.correct": _head("issued", {"version": 1, "changes": {"channels": [WEB]}, "reason": "错"}),
    "lead_plans.void": _head("issued", {"version": 2, "reason": "错"}),
}


async def lead_plan(world: World, state: str) -> Target:
    """A fresh lead plan of b00's month, made by the head there."""
    made = LeadPlan.propose(
        id=uuid4(), month=date(2026, 3, 1), unit_id=id_of("b00"), by=id_of("b00.manager"),
        required=LeadsRequired(Decimal(10), "given", 5, 20, 0, 20, 40), rates=[LeadRate("units_per_order", Decimal(2))],
        window=(date(2025, 3, 1), date(2026, 3, 1)), channels=[LeadChannel("phone", 40, 20)], at=AT,
    )  # fmt: skip
    if state == "issued":
        made.issue(by=id_of("b00.manager"), at=LATER)
    await world.append(0, [made], actor="b00.manager")
    if state == "folded":
        await world.fold()
    return Target(str(made.id), made.version)


def _maker(state: str) -> Callable[[World], Awaitable[Target]]:
    return lambda world: lead_plan(world, state)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    f"lead_plan.{state}": _maker(state) for state in ("draft", "issued", "folded")
}
