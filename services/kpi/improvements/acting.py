"""How commands on improvement loops and training needs are carried out, and by whom. Decides no rule of any."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID

from services.kpi.acting import APPROVES, Moment, in_sight, moment, require_unit
from services.kpi.assessments import sight as personal
from services.kpi.assessments.figures import current
from services.kpi.events import KpiReading
from services.kpi.improvements.commands import KpiReadingGiven
from services.kpi.improvements.improvement import Improvement
from services.kpi.improvements.training import TrainingNeed
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.http.receipt import Receipt
from shared.identity.principal import BACK_OFFICE, CUSTOMER_SERVICE, HR, Principal

LEADS = APPROVES | {BACK_OFFICE, CUSTOMER_SERVICE, HR}
"""Plan and check improvements of their units."""
TRAINS = APPROVES | {HR}
"""Propose and plan training for those in their units (004)."""


async def sees_improvement(kit: Kit, principal: Principal, improvement: Improvement) -> bool:
    """Who has its unit or who answers for it in sight, and who has a measure of it."""
    sight = await kit.sight(principal)
    told = {measure.owner_id for measure in improvement.standing.get("measures", ())}
    return in_sight(sight, improvement.standing) or not sight.selves.isdisjoint(told)


async def _sees_improvement(ctx: CommandContext, improvement: Improvement) -> bool:
    return await sees_improvement(ctx.kit, ctx.principal, improvement)


IMPROVEMENTS: Commands[Improvement] = Commands(Improvement, sees=_sees_improvement)


async def _sees(ctx: CommandContext, need: TrainingNeed) -> bool:
    return await personal.sees(ctx.kit, ctx.principal, need)


TRAINING: Commands[TrainingNeed] = Commands(TrainingNeed, sees=_sees)


async def reading(
    ctx: CommandContext,
    given: KpiReadingGiven | None,
    pointer: str,
    *,
    unit_id: UUID | None = None,
    person_id: UUID | None = None,
) -> KpiReading | None:
    """The figure as told, else as it is computed now. Raises Refused 422 `range_of_kpi`, `unknown_kpi`."""
    if given is None:
        return None
    if given.until < given.since:
        raise Refused("range_of_kpi", "the range ends before it begins", status=422, pointer=f"{pointer}/until")
    if given.value is None:
        return await current(
            ctx, given.kpi, given.since, given.until, given.currency, person_id=person_id, unit_id=unit_id
        )
    return KpiReading(given.kpi, given.since, given.until, given.value, currency=given.currency)


async def require_lead(ctx: CommandContext, improvement: Improvement) -> None:
    """Who answers for it, or leads at its unit. Raises Problem 403."""
    sight = await ctx.kit.sight(ctx.principal)
    if improvement.standing["owner_id"] not in sight.selves:
        await require_unit(ctx, improvement.standing["unit_id"], LEADS)


async def require_trainer(ctx: CommandContext, need: TrainingNeed) -> None:
    """Heads and HR of the unit. Raises Problem 403."""
    await require_unit(ctx, need.standing["unit_id"], TRAINS)


async def act(
    ctx: CommandContext,
    id: UUID,
    step: Callable[[Improvement, Moment], None],
    *,
    on: date | None = None,
    right: Callable[[CommandContext, Improvement], Awaitable[None]] = require_lead,
) -> Receipt:
    """Carry out one command on one improvement loop."""

    async def decide(work: Work) -> Improvement:
        record = await work.load(IMPROVEMENTS, id, matched=True)
        await right(ctx, record)
        step(record, moment(ctx, on, record))
        return record

    return await IMPROVEMENTS.together(ctx, decide)


async def act_on_training(
    ctx: CommandContext, id: UUID, step: Callable[[TrainingNeed, Moment], None], *, on: date | None = None
) -> Receipt:
    """Carry out one command on one training need."""

    async def decide(work: Work) -> TrainingNeed:
        record = await work.load(TRAINING, id, matched=True)
        await require_trainer(ctx, record)
        step(record, moment(ctx, on, record))
        return record

    return await TRAINING.together(ctx, decide)
