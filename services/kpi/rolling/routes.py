"""X+Y rolling plans over HTTP. The rules are elsewhere."""

from __future__ import annotations

from uuid import UUID

from services.kpi.rolling import acting
from services.kpi.rolling.acting import ROLLING, may_correct
from services.kpi.rolling.commands import (
    ApproveFirmChange,
    OpenRollingPlan,
    PublishRollingPolicy,
    PublishVersion,
    RefuseFirmChange,
)
from services.kpi.rolling.policy import RollingPolicy, RollingRules
from services.kpi.rolling.proposing import router as proposing
from services.kpi.rolling.reads import reports
from services.kpi.rolling.reads import router as reads
from shared.http.context import Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records import http as records
from shared.records.corrections import CorrectFact, VoidFact
from shared.records.publishing import publish as publish_rules

router = Router(prefix="/v1/rolling-plans", tags=["rolling"])

CHANGES = refuses(403, 404, 409, 412, 422, 428)


@router.post("", status_code=201, operation_id="rolling_plans.open", responses=refuses(403, 409, 422))
async def open_plan(command: OpenRollingPlan, ctx: Ctx) -> Receipt:
    """Begin to plan a unit by rolling months (X+Y 滚动计划), with the first version."""
    return await acting.open_plan(ctx, command)


@router.post("/policies", status_code=201, operation_id="rolling_policies.publish", responses=refuses(403, 409, 422))
async def publish_policy(command: PublishRollingPolicy, ctx: Ctx) -> Receipt:
    """Publish how many months are shown as closed, firm and outlook, from a day on."""
    rules = RollingRules.of(command)
    return await publish_rules(
        ctx,
        RollingPolicy,
        RollingPolicy.id_of(ctx.tenant_id),
        lambda stream: RollingPolicy.published(stream, rules, tenant_id=ctx.tenant_id, at=ctx.now),
    )


@router.post("/{rolling_id}/publish", operation_id="rolling_plans.publish", responses=CHANGES)
async def publish(rolling_id: UUID, command: PublishVersion, ctx: CtxMatch) -> Receipt:
    """Publish the next version; one that changes firm months waits for approval."""
    return await acting.publish(ctx, rolling_id, command)


@router.post("/{rolling_id}/approve", operation_id="rolling_plans.approve", responses=CHANGES)
async def approve(rolling_id: UUID, command: ApproveFirmChange, ctx: CtxMatch) -> Receipt:
    """Approve the change of firm months: the version is published."""
    return await acting.approve(ctx, rolling_id, command.on)


@router.post("/{rolling_id}/refuse", operation_id="rolling_plans.refuse", responses=CHANGES)
async def refuse(rolling_id: UUID, command: RefuseFirmChange, ctx: CtxMatch) -> Receipt:
    """Refuse the change of firm months: the version before stays."""
    return await acting.refuse(ctx, rolling_id, command)


@router.post("/{rolling_id}/correct", operation_id="rolling_plans.correct", responses=CHANGES)
async def correct(rolling_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct the rows of a version, or its day: whoever approves changes."""
    return await records.correct(ctx, ROLLING, rolling_id, command, right=may_correct)


@router.post("/{rolling_id}/void", operation_id="rolling_plans.void", responses=CHANGES)
async def void(rolling_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a version, or a correction, that never was."""
    return await records.void(ctx, ROLLING, rolling_id, command, right=may_correct)


ROUTERS: tuple[Router, ...] = (proposing, reads, router, reports)
