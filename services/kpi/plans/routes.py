"""Annual plans over HTTP. The rules are elsewhere."""

from __future__ import annotations

from uuid import UUID

from services.kpi.plans import acting
from services.kpi.plans.acting import PLANS, act, may_approve, may_correct, may_propose, may_review
from services.kpi.plans.commands import (
    ApprovePlan,
    CascadePlan,
    ChangePlan,
    IssuePlan,
    ProposePlan,
    ReturnPlan,
    ReviewPlan,
    RevisePlan,
    SubmitPlan,
)
from services.kpi.plans.dividing import router as dividing
from services.kpi.plans.lines import rows_of
from services.kpi.plans.reads import router as reads
from services.kpi.plans.reports import router as reports
from shared.http.context import Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records import http as records
from shared.records.corrections import CorrectFact, VoidFact

router = Router(prefix="/v1/plans", tags=["plans"])

CHANGES = refuses(403, 404, 409, 412, 422, 428)


@router.post("", status_code=201, operation_id="plans.propose", responses=refuses(403, 409, 422))
async def propose(command: ProposePlan, ctx: Ctx) -> Receipt:
    """Propose the plan of a unit and year, from last year's outcome of the same month, or as stated (年度计划)."""
    return await acting.propose(ctx, command)


@router.post("/{plan_id}/revise", operation_id="plans.revise", responses=CHANGES)
async def revise(plan_id: UUID, command: RevisePlan, ctx: CtxMatch) -> Receipt:
    """State the proposal anew before it is submitted."""
    rows = rows_of(command.rows)
    return await act(ctx, plan_id, lambda plan, now: plan.revise(rows, at=now.at), may_propose, on=command.on)


@router.post("/{plan_id}/submit", operation_id="plans.submit", responses=CHANGES)
async def submit(plan_id: UUID, command: SubmitPlan, ctx: CtxMatch) -> Receipt:
    """Give the proposal to review."""
    return await act(ctx, plan_id, lambda plan, now: plan.submit(by=now.by, at=now.at), may_propose, on=command.on)


@router.post("/{plan_id}/review", operation_id="plans.review", responses=CHANGES)
async def review(plan_id: UUID, command: ReviewPlan, ctx: CtxMatch) -> Receipt:
    """Say what was found; several may."""
    return await act(
        ctx,
        plan_id,
        lambda plan, now: plan.review(command, by=now.by, at=now.at, day=now.day),
        may_review,
        on=command.on,
    )


@router.post("/{plan_id}/return", operation_id="plans.return", responses=CHANGES)
async def give_back(plan_id: UUID, command: ReturnPlan, ctx: CtxMatch) -> Receipt:
    """Give the proposal back with comments."""
    return await act(
        ctx, plan_id, lambda plan, now: plan.give_back(command, by=now.by, at=now.at), may_review, on=command.on
    )


@router.post("/{plan_id}/approve", operation_id="plans.approve", responses=CHANGES)
async def approve(plan_id: UUID, command: ApprovePlan, ctx: CtxMatch) -> Receipt:
    """Approve the reviewed proposal: the reporting line of who proposed it."""
    return await act(ctx, plan_id, lambda plan, now: plan.approve(by=now.by, at=now.at), may_approve, on=command.on)


@router.post("/{plan_id}/cascade", operation_id="plans.cascade", responses=CHANGES)
async def cascade(plan_id: UUID, command: CascadePlan, ctx: CtxMatch) -> Receipt:
    """Divide the plan among the units directly below: company, region, branch, team, in three steps."""
    return await acting.cascade(ctx, plan_id, command)


@router.post("/{plan_id}/issue", operation_id="plans.issue", responses=CHANGES)
async def issue(plan_id: UUID, command: IssuePlan, ctx: CtxMatch) -> Receipt:
    """Put the plan, with all that was cascaded from it, in force."""
    return await acting.issue(ctx, plan_id, command.on)


@router.post("/{plan_id}/change", operation_id="plans.change", responses=CHANGES)
async def change(plan_id: UUID, command: ChangePlan, ctx: CtxMatch) -> Receipt:
    """Change months of a plan in force that are not over: its next numbered version."""
    return await acting.change(ctx, plan_id, command)


@router.post("/{plan_id}/correct", operation_id="plans.correct", responses=CHANGES)
async def correct(plan_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct standing fields, or the day, of an earlier fact."""
    return await records.correct(ctx, PLANS, plan_id, command, right=may_correct)


@router.post("/{plan_id}/void", operation_id="plans.void", responses=CHANGES)
async def void(plan_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened."""
    return await records.void(ctx, PLANS, plan_id, command, right=may_correct)


ROUTERS: tuple[Router, ...] = (reads, dividing, router, reports)
