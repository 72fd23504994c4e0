"""Commands on lead plans and their weekly reviews over HTTP. The rules are elsewhere."""

from __future__ import annotations

from uuid import UUID

from services.kpi.acting import APPROVES, moment, require_function
from services.kpi.lead_plans import acting
from services.kpi.lead_plans.acting import LEAD_PLANS
from services.kpi.lead_plans.commands import (
    ChangeLeadPlan,
    EditLeadPlan,
    IssueLeadPlan,
    ProposeLeadPlan,
    ReviewWeek,
    ReworkLeadPlan,
)
from services.kpi.lead_plans.events import WeekReview
from services.kpi.lead_plans.lead_plan import LeadPlan
from services.kpi.lead_plans.reads import router as reads
from services.kpi.lead_plans.weeks import weeks
from services.kpi.month import first_day
from services.kpi.referring import known, require_unit_known
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records import http as records
from shared.records.corrections import CorrectFact, VoidFact

router = Router(prefix="/v1", tags=["lead-plans"])

ROUTERS: tuple[Router, ...] = (router, reads)

CHANGES = refuses(403, 404, 409, 412, 422, 428)


@router.post("/lead-plans", status_code=201, operation_id="lead_plans.propose", responses=refuses(403, 409, 422))
async def propose(command: ProposeLeadPlan, ctx: Ctx) -> Receipt:
    """Work a unit's leads of a month back from its order target (集客规划), as a draft."""
    month = first_day(command.month)
    id = LeadPlan.id_of(ctx.tenant_id, command.unit_id, month)

    async def decide(work: Work) -> LeadPlan:
        await require_function(ctx, APPROVES)
        require_unit_known(await known(ctx.kit.pool, ctx.tenant_id, (command.unit_id,)), command.unit_id, "/unit_id")
        await acting.require_planner(ctx, command.unit_id)
        if await ctx.kit.repository(LeadPlan).load(ctx.tenant_id, id) is not None:
            raise Refused("lead_plan_exists", "the unit's month has a lead plan", pointer="/month")
        required, rates, window, channels = await acting.worked(ctx, command.unit_id, month, command)
        now = moment(ctx, command.on)
        return work.add(
            LeadPlan.propose(
                id=id,
                month=month,
                unit_id=command.unit_id,
                by=now.by,
                required=required,
                rates=rates,
                window=window,
                channels=channels,
                at=now.at,
            )
        )

    return await LEAD_PLANS.together(ctx, decide, status=201, location=f"/v1/lead-plans/{id}")


@router.post("/lead-plans/{lead_plan_id}/rework", operation_id="lead_plans.rework", responses=CHANGES)
async def rework(lead_plan_id: UUID, command: ReworkLeadPlan, ctx: CtxMatch) -> Receipt:
    """Work the draft back anew, from the target and the rates as they are now."""

    async def decide(work: Work) -> LeadPlan:
        plan = await _plan(ctx, work, lead_plan_id)
        now = moment(ctx, command.on, plan)
        standing = plan.standing
        if command.order_units is None and standing["required"].source == "given":
            again = command.model_copy(update={"order_units": standing["required"].units})
        else:
            again = command
        required, rates, window, channels = await acting.worked(ctx, standing["unit_id"], standing["month"], again)
        plan.rework(required, rates, window, channels, at=now.at)
        return plan

    return await LEAD_PLANS.together(ctx, decide)


@router.post("/lead-plans/{lead_plan_id}/edit", operation_id="lead_plans.edit", responses=CHANGES)
async def edit(lead_plan_id: UUID, command: EditLeadPlan, ctx: CtxMatch) -> Receipt:
    """Say the draft's channels anew."""

    async def decide(work: Work) -> LeadPlan:
        plan = await _plan(ctx, work, lead_plan_id)
        now = moment(ctx, command.on, plan)
        plan.edit(acting.channels_given(command.channels, plan.standing["channels"]), at=now.at)
        return plan

    return await LEAD_PLANS.together(ctx, decide)


@router.post("/lead-plans/{lead_plan_id}/issue", operation_id="lead_plans.issue", responses=CHANGES)
async def issue(lead_plan_id: UUID, command: IssueLeadPlan, ctx: CtxMatch) -> Receipt:
    """Put the plan in force: its leads are the unit's target of the month."""

    async def decide(work: Work) -> LeadPlan:
        plan = await _plan(ctx, work, lead_plan_id)
        now = moment(ctx, command.on, plan)
        plan.issue(by=now.by, at=now.at)
        return plan

    return await LEAD_PLANS.together(ctx, decide)


@router.post("/lead-plans/{lead_plan_id}/change", operation_id="lead_plans.change", responses=CHANGES)
async def change(lead_plan_id: UUID, command: ChangeLeadPlan, ctx: CtxMatch) -> Receipt:
    """Change an issued plan, by number; what it was stays known."""

    async def decide(work: Work) -> LeadPlan:
        plan = await _plan(ctx, work, lead_plan_id)
        now = moment(ctx, command.on, plan)
        channels = acting.channels_given(command.channels, plan.standing["channels"])
        plan.change(channels, reason=command.reason, at=now.at)
        return plan

    return await LEAD_PLANS.together(ctx, decide)


@router.post("/lead-plans/{lead_plan_id}/review-week", operation_id="lead_plans.review_week", responses=CHANGES)
async def review_week(lead_plan_id: UUID, command: ReviewWeek, ctx: CtxMatch) -> Receipt:
    """A week was reviewed (周盘点): what was found, and the place in the log its table was known at."""

    async def decide(work: Work) -> LeadPlan:
        plan = await _plan(ctx, work, lead_plan_id)
        now = moment(ctx, command.on, plan)
        days = await acting.calendar(ctx)
        found = {week.number: week for week in weeks(*days.month_bounds(plan.standing["month"]))}
        if command.week not in found:
            raise Refused("no_such_week", "no such week", status=422, pointer="/week", week=command.week)
        if found[command.week].first > now.day:
            raise Refused("week_ahead", "not begun", status=422, pointer="/week", week=command.week)
        position = (await ctx.kit.store.head(ctx.tenant_id)).position
        review = WeekReview(command.week, now.day, now.by, position, command.findings)
        plan.review_week(review, at=now.at)
        return plan

    return await LEAD_PLANS.together(ctx, decide)


@router.post("/lead-plans/{lead_plan_id}/correct", operation_id="lead_plans.correct", responses=CHANGES)
async def correct(lead_plan_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct channels, a reason, a review or the day of an earlier fact."""
    return await records.correct(ctx, LEAD_PLANS, lead_plan_id, command, right=acting.require_planner_of)


@router.post("/lead-plans/{lead_plan_id}/void", operation_id="lead_plans.void", responses=CHANGES)
async def void(lead_plan_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a later fact, or a correction."""
    return await records.void(ctx, LEAD_PLANS, lead_plan_id, command, right=acting.require_planner_of)


async def _plan(ctx: CommandContext, work: Work, lead_plan_id: UUID) -> LeadPlan:
    plan = await work.load(LEAD_PLANS, lead_plan_id, matched=True)
    await acting.require_planner_of(ctx, plan)
    return plan
