"""Review meetings over HTTP. The rules are elsewhere."""

from __future__ import annotations

from uuid import UUID

from services.kpi.acting import moment, require_unit
from services.kpi.meetings import reads
from services.kpi.meetings.acting import LEADS, MEETINGS, act, previous_of, require_lead
from services.kpi.meetings.commands import (
    CloseMeeting,
    DecideInMeeting,
    DropInstruction,
    FinishInstruction,
    HoldMeeting,
    InstructInMeeting,
    WriteMinutes,
)
from services.kpi.meetings.meeting import Meeting
from services.kpi.referring import known, require_person_known, require_unit_known
from shared.days import day_of, end_of
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.privacy.vault import Of
from shared.records import http
from shared.records.corrections import CorrectFact, VoidFact
from shared.records.vaulted import keep

router = Router(prefix="/v1/meetings", tags=["meetings"])

CHANGES = refuses(403, 404, 409, 412, 422, 428)
MINUTES = "meeting"
"""What the vault's texts are of."""


@router.post("", status_code=201, operation_id="meetings.hold", responses=refuses(403, 404, 409, 422))
async def hold(command: HoldMeeting, ctx: Ctx) -> Receipt:
    """Begin a review meeting: its tables are fixed at a place in the log, what was left undone is carried here."""
    id = ctx.new_id(Meeting.stream_type)

    async def decide(work: Work) -> Meeting:
        await require_unit(ctx, command.unit_id, LEADS)
        named = [*command.participants, *([] if command.owner_id is None else [command.owner_id])]
        found = await known(ctx.kit.pool, ctx.tenant_id, [command.unit_id, *named])
        require_unit_known(found, command.unit_id, "/unit_id")
        if command.owner_id is not None:
            require_person_known(found, command.owner_id, "/owner_id")
        for index, person in enumerate(command.participants):
            require_person_known(found, person, f"/participants/{index}")
        now = moment(ctx, command.on)
        today = now.day == day_of(ctx.now, now.zone)
        as_of = now.at if today else end_of(now.day, now.zone)
        store = ctx.kit.store
        if today:
            known_at = (await store.head(ctx.tenant_id)).position
        else:
            known_at = await store.position_at(ctx.tenant_id, as_of)
        previous_id = command.previous_id
        if previous_id is None:
            previous_id = await previous_of(ctx.kit.pool, ctx.tenant_id, command.unit_id, command.kind, now.day)
        previous = None if previous_id is None else await work.load(MEETINGS, previous_id)
        if previous is not None and (
            previous.standing["unit_id"] != command.unit_id or previous.standing["held_on"] > now.day
        ):
            raise Refused("other_series", "of the same unit, and not later", status=422, pointer="/previous_id")
        return work.add(
            Meeting.hold(
                command,
                id=id,
                owner_id=command.owner_id or now.by,
                day=now.day,
                previous=previous,
                known_at=known_at,
                as_of=as_of,
                at=now.at if previous is None else moment(ctx, command.on, previous).at,
            )
        )

    return await MEETINGS.together(ctx, decide, status=201, location=f"/v1/meetings/{id}")


@router.post("/{meeting_id}/decide", operation_id="meetings.decide", responses=CHANGES)
async def decide(meeting_id: UUID, command: DecideInMeeting, ctx: CtxMatch) -> Receipt:
    """The meeting decided something."""
    return await act(ctx, meeting_id, lambda one, now: one.decide(command, at=now.at, day=now.day), on=command.on)


@router.post("/{meeting_id}/instruct", operation_id="meetings.instruct", responses=CHANGES)
async def instruct(meeting_id: UUID, command: InstructInMeeting, ctx: CtxMatch) -> Receipt:
    """Tell somebody to do something by a day."""

    async def right(meeting: Meeting) -> None:
        await require_lead(ctx, meeting)
        found = await known(ctx.kit.pool, ctx.tenant_id, [command.owner_id])
        require_person_known(found, command.owner_id, "/owner_id")

    return await act(
        ctx,
        meeting_id,
        lambda one, now: one.instruct(command, at=now.at, day=now.day),
        on=command.on,
        right=right,
    )


@router.post("/{meeting_id}/finish-instruction", operation_id="meetings.finish_instruction", responses=CHANGES)
async def finish(meeting_id: UUID, command: FinishInstruction, ctx: CtxMatch) -> Receipt:
    """An instruction was carried out: who was told says so, or who leads the meeting."""

    async def right(meeting: Meeting) -> None:
        sight = await ctx.kit.sight(ctx.principal)
        steps = meeting.standing.get("instructions", ())
        told = {step.owner_id for step in steps if step.number == command.number}
        if told.isdisjoint(sight.selves):
            await require_lead(ctx, meeting)

    return await act(
        ctx, meeting_id, lambda one, now: one.finish(command, at=now.at, day=now.day), on=command.on, right=right
    )


@router.post("/{meeting_id}/drop-instruction", operation_id="meetings.drop_instruction", responses=CHANGES)
async def drop(meeting_id: UUID, command: DropInstruction, ctx: CtxMatch) -> Receipt:
    """An instruction is not to be carried out any more."""
    return await act(ctx, meeting_id, lambda one, now: one.drop(command, at=now.at, day=now.day), on=command.on)


@router.post("/{meeting_id}/write-minutes", operation_id="meetings.write_minutes", responses=CHANGES)
async def write_minutes(meeting_id: UUID, command: WriteMinutes, ctx: CtxMatch) -> Receipt:
    """Write the minutes (会议纪要), or write them anew; they are kept in the vault."""
    receipt = await act(
        ctx, meeting_id, lambda one, now: one.write_minutes(by=now.by, at=now.at, day=now.day), on=command.on
    )
    await _keep(ctx, meeting_id, command.minutes)
    return receipt


@router.post("/{meeting_id}/close", operation_id="meetings.close", responses=CHANGES)
async def close(meeting_id: UUID, command: CloseMeeting, ctx: CtxMatch) -> Receipt:
    """Nothing more is decided in it; its instructions go on."""
    return await act(ctx, meeting_id, lambda one, now: one.close(at=now.at, day=now.day), on=command.on)


@router.post("/{meeting_id}/correct", operation_id="meetings.correct", responses=CHANGES)
async def correct(meeting_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct standing fields, or the day, of an earlier fact."""
    return await http.correct(ctx, MEETINGS, meeting_id, command, right=require_lead)


@router.post("/{meeting_id}/void", operation_id="meetings.void", responses=CHANGES)
async def void(meeting_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened."""
    return await http.void(ctx, MEETINGS, meeting_id, command, right=require_lead)


async def _keep(ctx: CommandContext, id: UUID, minutes: str) -> None:
    await keep(ctx, {id: {"minutes": minutes}}, Of(MINUTES, id))


ROUTERS: tuple[Router, ...] = (reads.router, router)
