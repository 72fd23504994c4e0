"""The matrix and its targets for rolling: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from services.kpi.plans.commands import RowGiven
from services.kpi.plans.events import PlanRow
from services.kpi.plans.lines import rows_of
from services.kpi.rolling.plan import RollingPlan
from services.kpi.rolling.policy import SHIPPED
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.row import BRANCH, Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

AT = datetime(2026, 3, 1, 2, tzinfo=UTC)
MARCH = date(2026, 3, 1)
HEADS = frozenset((who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL))
"""Who leads branch b00, or stands above it."""
PLANNED = {"month": "2026-03", "measure": "orders", "target": "5"}
POLICY = {"effective_from": "2031-01-01", "closed_months": 1, "firm_months": 1, "outlook_months": 3}


def _on(state: str, body: Any) -> Row:
    return Row(who.acting(HEADS), f"rolling_plan.{state}", body)


def _seen() -> Row:
    return Row(who.looking(HEADS | who.LOOKING), "rolling_plan.open")


ROWS: dict[str, Row] = {
    "rolling_plans.list": listed(),
    "rolling_plans.accuracy": listed(),
    "rolling_plans.proposal": Row(who.looking(HEADS | who.LOOKING | {who.OTHER_TENANT}), query={"unit_id": BRANCH}),
    "rolling_policies.read": listed(),
    "rolling_policies.publish": Row(who.PUBLISHING, body=POLICY, matched=False),
    "rolling_plans.read": _seen(),
    "rolling_plans.versions": _seen(),
    "rolling_plans.table": _seen(),
    "rolling_plans.open": Row(
        who.reserved(HEADS | {who.OTHER_TENANT}, elsewhere="done"),
        "",
        {"unit_id": BRANCH, "base_month": "2026-03", "rows": [PLANNED]},
        done=(201, 409),
        matched=False,
        why="a unit has one: the first opens it, the others learn that it is there",
    ),
    "rolling_plans.publish": _on("open", {"base_month": "2026-03", "rows": [PLANNED], "reason": "增"}),
    "rolling_plans.approve": _on("pending", {}),
    "rolling_plans.refuse": _on("pending", {"comment": "先保交付"}),
    "rolling_plans.correct": _on("open", {"version": 2, "changes": {"reason": "补记"}, "reason": "错"}),
    "rolling_plans.void": _on("open", {"version": 2, "reason": "错"}),
}


def _rows(target: int) -> tuple[PlanRow, ...]:
    return rows_of([RowGiven.model_validate({**PLANNED, "target": str(target)})])


async def plan(world: World, state: str) -> Target:
    """A fresh rolling plan of branch b00, led by its head."""
    head = id_of("b00.head")
    made = RollingPlan.open(id=uuid4(), unit_id=id_of("b00"), owner_id=head, at=AT)
    made.publish(_rows(4), base=MARCH, running=MARCH, rules=SHIPPED, reason="首版", by=head, at=AT)
    if state == "pending":
        made.publish(_rows(3), base=MARCH, running=MARCH, rules=SHIPPED, reason="缺货", by=head, at=AT)
    await world.append(0, [made], actor="b00.head")
    return Target(str(made.id), made.version)


def _maker(state: str) -> Callable[[World], Awaitable[Target]]:
    return lambda world: plan(world, state)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    f"rolling_plan.{state}": _maker(state) for state in ("open", "pending")
}
