"""Improvement loops and training needs over HTTP. The rules are elsewhere."""

from __future__ import annotations

from uuid import UUID

from services.kpi.acting import moment, require_unit
from services.kpi.assessments.posts import require_post
from services.kpi.improvements import reads
from services.kpi.improvements.acting import (
    IMPROVEMENTS,
    LEADS,
    TRAINING,
    TRAINS,
    act,
    act_on_training,
    reading,
    require_lead,
    require_trainer,
)
from services.kpi.improvements.commands import (
    ActOnImprovement,
    CheckImprovement,
    CheckTraining,
    DropTraining,
    FinishMeasure,
    HoldTraining,
    MeasureGiven,
    PlanImprovement,
    PlanTraining,
    ProposeTraining,
)
from services.kpi.improvements.improvement import Improvement
from services.kpi.improvements.training import TrainingNeed
from services.kpi.referring import known, require_person_known, require_unit_known
from shared.http.commands import Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records import http
from shared.records.corrections import CorrectFact, VoidFact

router = Router(prefix="/v1", tags=["improvements"])

CHANGES = refuses(403, 404, 409, 412, 422, 428)


# -- improvement loops -------------------------------------------------------------------------------------


@router.post("/improvements", status_code=201, operation_id="improvements.plan", responses=refuses(403, 409, 422))
async def plan(command: PlanImprovement, ctx: Ctx) -> Receipt:
    """Plan an improvement: finding, cause, measures with owner and day, the KPI that is to move."""
    id = ctx.new_id(Improvement.stream_type)

    async def decide(work: Work) -> Improvement:
        await require_unit(ctx, command.unit_id, LEADS)
        found = await known(ctx.kit.pool, ctx.tenant_id, [command.unit_id, command.owner_id])
        require_unit_known(found, command.unit_id, "/unit_id")
        if command.owner_id is not None:
            require_person_known(found, command.owner_id, "/owner_id")
        await _require_owners(ctx, command.measures)
        now = moment(ctx, command.on)
        before = await reading(ctx, command.before, "/before", unit_id=command.unit_id)
        made = Improvement.plan(command, id=id, owner_id=command.owner_id or now.by, before=before, at=now.at)
        return work.add(made)

    return await IMPROVEMENTS.together(ctx, decide, status=201, location=f"/v1/improvements/{id}")


@router.post(
    "/improvements/{improvement_id}/finish-measure", operation_id="improvements.finish_measure", responses=CHANGES
)
async def finish_measure(improvement_id: UUID, command: FinishMeasure, ctx: CtxMatch) -> Receipt:
    """Do: a measure was carried out; who was to do it says so, or who answers for the improvement."""

    async def right(ctx: CommandContext, record: Improvement) -> None:
        sight = await ctx.kit.sight(ctx.principal)
        told = {one.owner_id for one in record.standing["measures"] if one.number == command.number}
        if told.isdisjoint(sight.selves):
            await require_lead(ctx, record)

    return await act(
        ctx,
        improvement_id,
        lambda record, now: record.finish(command, at=now.at, day=now.day),
        on=command.on,
        right=right,
    )


@router.post("/improvements/{improvement_id}/check", operation_id="improvements.check", responses=CHANGES)
async def check(improvement_id: UUID, command: CheckImprovement, ctx: CtxMatch) -> Receipt:
    """Check: what came of it, and the KPI after."""

    async def decide(work: Work) -> Improvement:
        record = await work.load(IMPROVEMENTS, improvement_id, matched=True)
        await require_lead(ctx, record)
        after = await reading(ctx, command.after, "/after", unit_id=record.standing["unit_id"])
        record.check(command, after=after, at=moment(ctx, command.on, record).at)
        return record

    return await IMPROVEMENTS.together(ctx, decide)


@router.post("/improvements/{improvement_id}/act", operation_id="improvements.act", responses=CHANGES)
async def act_on(improvement_id: UUID, command: ActOnImprovement, ctx: CtxMatch) -> Receipt:
    """Act: keep it as the rule, go through another loop, or stop."""

    async def right(ctx: CommandContext, record: Improvement) -> None:
        await require_lead(ctx, record)
        await _require_owners(ctx, command.measures)

    return await act(
        ctx, improvement_id, lambda record, now: record.act(command, at=now.at), on=command.on, right=right
    )


@router.post("/improvements/{improvement_id}/correct", operation_id="improvements.correct", responses=CHANGES)
async def correct(improvement_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct standing fields, or the day, of an earlier fact."""
    return await http.correct(ctx, IMPROVEMENTS, improvement_id, command, right=require_lead)


@router.post("/improvements/{improvement_id}/void", operation_id="improvements.void", responses=CHANGES)
async def void(improvement_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened."""
    return await http.void(ctx, IMPROVEMENTS, improvement_id, command, right=require_lead)


async def _require_owners(ctx: CommandContext, measures: tuple[MeasureGiven, ...]) -> None:
    found = await known(ctx.kit.pool, ctx.tenant_id, [one.owner_id for one in measures])
    for index, one in enumerate(measures):
        require_person_known(found, one.owner_id, f"/measures/{index}/owner_id")


# -- training needs ----------------------------------------------------------------------------------------


@router.post(
    "/training-needs", status_code=201, operation_id="training_needs.propose", responses=refuses(403, 409, 422)
)
async def propose(command: ProposeTraining, ctx: Ctx) -> Receipt:
    """Somebody needs training: from a defeat, an assessment, or otherwise."""
    id = ctx.new_id(TrainingNeed.stream_type)

    async def decide(work: Work) -> TrainingNeed:
        person = await require_post(ctx.kit.pool, ctx.tenant_id, command.owner_id, "/owner_id")
        if command.owner_id != ctx.principal.person_id:  # for oneself anybody may ask
            await require_unit(ctx, person.unit_id, TRAINS)
        now = moment(ctx, command.on)
        before = await reading(ctx, command.before, "/before", person_id=command.owner_id)
        made = TrainingNeed.propose(command, id=id, unit_id=person.unit_id, post=person.post, before=before, at=now.at)
        return work.add(made)

    return await TRAINING.together(ctx, decide, status=201, location=f"/v1/training-needs/{id}")


@router.post("/training-needs/{need_id}/plan", operation_id="training_needs.plan", responses=CHANGES)
async def plan_training(need_id: UUID, command: PlanTraining, ctx: CtxMatch) -> Receipt:
    """Plan a course on a day, or another day."""
    return await act_on_training(ctx, need_id, lambda need, now: need.plan(command, at=now.at), on=command.on)


@router.post("/training-needs/{need_id}/hold", operation_id="training_needs.hold", responses=CHANGES)
async def hold(need_id: UUID, command: HoldTraining, ctx: CtxMatch) -> Receipt:
    """The training took place."""
    return await act_on_training(
        ctx, need_id, lambda need, now: need.hold(command, at=now.at, day=now.day), on=command.on
    )


@router.post("/training-needs/{need_id}/check", operation_id="training_needs.check", responses=CHANGES)
async def check_training(need_id: UUID, command: CheckTraining, ctx: CtxMatch) -> Receipt:
    """What came of the training, and the KPI after."""

    async def decide(work: Work) -> TrainingNeed:
        need = await work.load(TRAINING, need_id, matched=True)
        await require_trainer(ctx, need)
        after = await reading(ctx, command.after, "/after", person_id=need.standing["owner_id"])
        need.check(command, after=after, at=moment(ctx, command.on, need).at)
        return need

    return await TRAINING.together(ctx, decide)


@router.post("/training-needs/{need_id}/drop", operation_id="training_needs.drop", responses=CHANGES)
async def drop(need_id: UUID, command: DropTraining, ctx: CtxMatch) -> Receipt:
    """It is not needed any more."""
    return await act_on_training(ctx, need_id, lambda need, now: need.drop(command.reason, at=now.at), on=command.on)


@router.post("/training-needs/{need_id}/correct", operation_id="training_needs.correct", responses=CHANGES)
async def correct_training(need_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct standing fields, or the day, of an earlier fact."""
    return await http.correct(ctx, TRAINING, need_id, command, right=require_trainer)


@router.post("/training-needs/{need_id}/void", operation_id="training_needs.void", responses=CHANGES)
async def void_training(need_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened."""
    return await http.void(ctx, TRAINING, need_id, command, right=require_trainer)


ROUTERS: tuple[Router, ...] = (reads.router, router)
