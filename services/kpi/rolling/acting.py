"""How commands on rolling plans are carried out, and by whom. The rules are in `plan.py`."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.kpi.acting import Moment, belonging, entered, moment, require_line, require_unit
from services.kpi.calendar.working_days import working_days
from services.kpi.month import first_day, later
from services.kpi.plans.acting import PROPOSES
from services.kpi.plans.lines import rows_of
from services.kpi.referring import known, require_unit_known
from services.kpi.rolling.commands import OpenRollingPlan, PublishVersion, RefuseFirmChange
from services.kpi.rolling.plan import RollingPlan, rolling_id
from services.kpi.rolling.policy import RollingPolicy, RollingRules
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.http.receipt import Receipt

ROLLING: Commands[RollingPlan] = belonging(RollingPlan)


async def rules_on(kit: Kit, tenant_id: UUID, day: date) -> RollingRules:
    """The policy of a day, as the log tells it now."""
    stream: RollingPolicy | None = await kit.repository(RollingPolicy).load(tenant_id, RollingPolicy.id_of(tenant_id))
    return RollingPolicy.on(stream, day)


async def open_plan(ctx: CommandContext, command: OpenRollingPlan) -> Receipt:
    """Open the rolling plan of a unit with its first version. Raises Refused 409 `rolling_exists`, 422."""
    unit_id = command.unit_id or ctx.principal.unit_id
    if unit_id is None:
        raise Refused("unknown_unit", "of which unit?", status=422, pointer="/unit_id")
    await require_unit(ctx, unit_id, PROPOSES)
    id = rolling_id(ctx.tenant_id, unit_id)

    async def decide(work: Work) -> RollingPlan:
        require_unit_known(await known(ctx.kit.pool, ctx.tenant_id, [unit_id]), unit_id, "/unit_id")
        if await ctx.kit.repository(RollingPlan).load(ctx.tenant_id, id) is not None:
            raise Refused("rolling_exists", "that unit has a rolling plan", pointer="/unit_id")
        now = moment(ctx, command.on)
        plan = work.add(RollingPlan.open(id=id, unit_id=unit_id, owner_id=now.by, at=now.at))
        await _publish(ctx, plan, command, now)
        return plan

    return await ROLLING.together(ctx, decide, status=201, location=f"/v1/rolling-plans/{id}")


async def publish(ctx: CommandContext, id: UUID, command: PublishVersion) -> Receipt:
    """The next version of a unit's plan."""

    async def decide(work: Work) -> RollingPlan:
        plan = await work.load(ROLLING, id, matched=True)
        await require_unit(ctx, plan.standing["unit_id"], PROPOSES)
        await _publish(ctx, plan, command, moment(ctx, command.on, plan))
        return plan

    return await ROLLING.together(ctx, decide)


async def approve(ctx: CommandContext, id: UUID, on: date | None) -> Receipt:
    """Publish the version that waits: the reporting line of who asked, nobody their own request."""

    async def decide(work: Work) -> RollingPlan:
        plan = await work.load(ROLLING, id, matched=True)
        await _may_decide(ctx, plan)
        now = moment(ctx, on, plan)
        plan.approve(rules=await rules_on(ctx.kit, ctx.tenant_id, now.day), by=now.by, at=now.at)
        return plan

    return await ROLLING.together(ctx, decide)


async def refuse(ctx: CommandContext, id: UUID, command: RefuseFirmChange) -> Receipt:
    """Refuse the version that waits."""

    async def decide(work: Work) -> RollingPlan:
        plan = await work.load(ROLLING, id, matched=True)
        await _may_decide(ctx, plan)
        now = moment(ctx, command.on, plan)
        plan.refuse(command.comment, by=now.by, at=now.at)
        return plan

    return await ROLLING.together(ctx, decide)


async def may_correct(ctx: CommandContext, plan: RollingPlan) -> None:
    """Whoever approves: a correction is no way round an approval."""
    await require_line(ctx, plan.standing.get("published_by") or plan.standing["owner_id"])


async def _may_decide(ctx: CommandContext, plan: RollingPlan) -> None:
    requested = plan.standing.get("requested_by") or plan.standing["owner_id"]
    await require_line(ctx, requested, requested_by={requested, *await entered(ctx, plan, "FirmChangeRequested")})


async def _publish(ctx: CommandContext, plan: RollingPlan, command: PublishVersion, now: Moment) -> None:
    days = await working_days(ctx.kit.pool, ctx.tenant_id)
    running = days.month_of(now.day)
    base = later(running) if command.base_month is None else first_day(command.base_month)
    plan.publish(
        rows_of(command.rows),
        base=base,
        running=running,
        rules=await rules_on(ctx.kit, ctx.tenant_id, now.day),
        reason=command.reason,
        by=now.by,
        at=now.at,
    )
