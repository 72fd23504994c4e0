"""Lead plans, read: the list, one with its history, the way back with its rates, week by week."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal
from uuid import UUID

from fastapi import Depends, Response

from services.kpi import events
from services.kpi.acting import RecordShown, sees, shown
from services.kpi.asked import Ask, Asked
from services.kpi.calendar.working_days import working_days
from services.kpi.engine.sources.leads import LEAD_SOURCE, SPEND_SOURCE, VISITOR_SOURCE
from services.kpi.events import LeadPlanStatus
from services.kpi.lead_plans import listing, review
from services.kpi.lead_plans.lead_plan import ACTIONS, LeadPlan
from services.kpi.lead_plans.shapes import LeadPlanRow, RatesReport, WeeksReport
from services.kpi.lead_plans.views import LEAD_PLANS
from services.kpi.month import MonthAsked, first_day
from services.kpi.views.units import UNITS
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import Listed, Paged, Report
from shared.http.route import Router
from shared.identity.approval import APPROVES
from shared.records.asked import TreeAsked, UnitId
from shared.records.pages import listed, page_of

router = Router(prefix="/v1", tags=["lead-plans"])

COUNTED = (*LEAD_SOURCE.views, *VISITOR_SOURCE.views, *SPEND_SOURCE.views)


@router.get("/lead-plans", operation_id="lead_plans.list", response_model=Listed[LeadPlanRow], responses=refuses(422))
async def lead_plans(
    ask: Ask,
    page: Paged,
    month: MonthAsked = None,
    status: LeadPlanStatus | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    sort: Literal["-month", "month"] = "-month",
) -> Any:
    """Lead plans as they stood: what was required, what is planned, which weeks were reviewed."""
    asking = await ask.of(LEAD_PLANS, UNITS)
    which = listing.Which(None if month is None else first_day(month), unit_id, status)
    items, after = await listing.lead_plans(ask.pool, asking, ask.labels, which=which, sort=sort, page=page_of(page))
    return listed(page, items, after)


@router.get("/lead-plans/{lead_plan_id}", operation_id="lead_plans.read", responses=refuses(404))
async def lead_plan(lead_plan_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One lead plan as of a day, with its history."""

    def actions(plan: LeadPlan) -> Iterable[str]:
        if not reading.principal.has(*APPROVES):
            return ()
        return (name for name, fact in ACTIONS.items() if plan.can(getattr(events, fact)))

    return await shown(reading, response, LeadPlan, lead_plan_id, actions=actions, people=("issued_by",))


@router.get(
    "/lead-plans/{lead_plan_id}/way-back",
    operation_id="lead_plans.way_back",
    response_model=RatesReport,
    responses=refuses(404, 422),
)
async def way_back(lead_plan_id: UUID, ask: Ask) -> Any:
    """The way from the order target back to leads: every step, and every rate with where it was counted."""
    await _require_seen(ask, lead_plan_id)
    asking = await ask.of(LEAD_PLANS)
    found = await listing.way_back(ask.pool, asking, ask.labels, lead_plan_id)
    if found is None:
        raise Problem(404, "not_found")
    return ask.answer(asking, found)


@router.get(
    "/lead-plans/{lead_plan_id}/weeks",
    operation_id="lead_plans.weeks",
    response_model=WeeksReport,
    responses=refuses(404, 422),
    dependencies=[Depends(limited("heavy"))],
)
async def weeks(lead_plan_id: UUID, ask: Ask) -> Any:
    """The weekly review (周盘点): by channel and week target, leads, gap, run rate, spend, costs."""
    await _require_seen(ask, lead_plan_id)
    asking = await ask.of(LEAD_PLANS, UNITS, *COUNTED)
    days = await working_days(ask.pool, asking.tenant_id, known_at=asking.known_at)
    found = await review.weekly(ask.pool, asking, ask.labels, days, lead_plan_id)
    if found is None:
        raise Problem(404, "not_found")
    return ask.answer(asking, found)


async def _require_seen(ask: Asked, lead_plan_id: UUID) -> None:
    current: LeadPlan | None = await ask.read.kit.repository(LeadPlan).load(ask.read.tenant_id, lead_plan_id)
    if current is None or not await sees(ask.read.kit, ask.read.principal, current):
        raise Problem(404, "not_found")
