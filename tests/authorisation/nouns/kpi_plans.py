"""The matrix and its targets for plans: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from services.kpi.plans.commands import ReviewPlan, RowGiven
from services.kpi.plans.lines import rows_of
from services.kpi.plans.plan import AnnualPlan
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.row import BRANCH, Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

AT = datetime(2025, 10, 1, 2, tzinfo=UTC)
HEADS = frozenset((who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL))
"""Who leads branch b00, or stands above it."""
YEARS = count(2030)
PLANNED = {"month": "2030-01", "measure": "orders", "target": "5"}
GIVEN = {"rows": [PLANNED]}


def _proposal(_: Any) -> dict[str, Any]:
    """Of a year that has no plan yet."""
    year = next(YEARS)
    return {"year": year, "unit_id": BRANCH, "rows": [{**PLANNED, "month": f"{year}-01"}]}


def _on(state: str, body: Any = None) -> Row:
    return Row(who.acting(HEADS), f"annual_plan.{state}", {} if body is None else body)


ROWS: dict[str, Row] = {
    "plans.list": listed(),
    "plans.targets": listed(),
    "plans.proposal": Row(
        who.looking(HEADS | who.LOOKING | {who.OTHER_TENANT}), query={"year": "2027", "unit_id": BRANCH}
    ),
    "plans.read": Row(who.looking(HEADS | who.LOOKING), "annual_plan.draft"),
    "plans.table": Row(who.looking(HEADS | who.LOOKING), "annual_plan.draft"),
    "plans.parts": Row(who.looking(HEADS | who.LOOKING), "annual_plan.draft"),
    "plans.propose": Row(who.reserved(HEADS | {who.OTHER_TENANT}, elsewhere="done"), "", _proposal, matched=False),
    "plans.revise": _on("draft", GIVEN),
    "plans.submit": _on("draft"),
    "plans.review": _on("submitted"),
    "plans.return": _on("submitted", {"comment": "偏低"}),
    "plans.approve": _on("reviewed"),
    "plans.cascade": _on("approved", {"spread": "even"}),
    "plans.issue": _on("approved"),
    "plans.change": _on("issued", {**GIVEN, "reason": "增"}),
    "plans.correct": _on(
        "draft",
        {
            "version": 1,
            "changes": {
                "rows": [
                    {
                        "month": "2030-01-01",
                        "measure": "orders",
                        "target": "6",
                        "stretch": None,
                        "product": None,
                        "currency": None,
                    }
                ]
            },
            "reason": "错",
        },
    ),
    "plans.void": _on("submitted", {"version": 2, "reason": "错"}),
}


async def plan(world: World, state: str) -> Target:
    """A fresh plan of branch b00, proposed by its head, for 2030."""
    made = AnnualPlan.propose(
        id=uuid4(),
        year=2030,
        unit_id=id_of("b00"),
        owner_id=id_of("b00.head"),
        rows=rows_of([RowGiven.model_validate({**PLANNED, "target": "4"})]),
        at=AT,
    )
    by = id_of("director")
    if state != "draft":
        made.submit(by=id_of("b00.head"), at=AT)
    if state in ("reviewed", "approved", "issued"):
        made.review(ReviewPlan(), by=by, at=AT, day=date(2025, 10, 1))
    if state in ("approved", "issued"):
        made.approve(by=by, at=AT)
    if state == "issued":
        made.issue(by=by, at=AT)
    await world.append(0, [made], actor="b00.head")
    return Target(str(made.id), made.version)


def _maker(state: str) -> Callable[[World], Awaitable[Target]]:
    return lambda world: plan(world, state)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    f"annual_plan.{state}": _maker(state) for state in ("draft", "submitted", "reviewed", "approved", "issued")
}
