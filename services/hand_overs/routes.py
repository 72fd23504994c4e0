"""Hand-overs over HTTP: /v1/hand-overs. Previews, queues and shows them; moves nothing itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.hand_overs.carrying import recorded
from services.hand_overs.checking import Plan, plan, require_hand_over, sees_person
from services.hand_overs.commands import KIND, UNDO, HandOver, UndoHandOver
from services.hand_overs.records import PERSON
from services.hand_overs.shown import HandOverRecord, HandOverShown, Preview, items_shown, people_in, preview
from shared.event_store.stream import Refused
from shared.http.context import CommandContext, Ctx
from shared.http.errors import refusal
from shared.http.names import people_names
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import Listed, Now, Paged
from shared.http.route import Router
from shared.identity.approval import HANDS_OVER, holds
from shared.identity.principal import Principal
from shared.jobs import Operation, get_operation
from shared.jobs.items import Item, all_items, items_of
from shared.jobs.operations import COLUMNS
from shared.jobs.starting import start_operation, started_before

router = Router(prefix="/v1/hand-overs", tags=["hand-overs"])
TAG = {"name": "hand-overs", "description": "What somebody was responsible for goes to successors (交接)"}

SHOWN = 100
LATEST = f"""
select {COLUMNS} from es.operations
 where tenant_id = $1 and kind = any($2::text[])
   and ($4::timestamptz is null or (created_at, operation_id) < ($4, $5::uuid))
 order by created_at desc, operation_id desc limit $3
"""  # noqa: S608 - constants only
UNDER_WAY = f"""
select {COLUMNS} from es.operations
 where tenant_id = $1 and kind = any($2::text[]) and state in ('queued', 'running')
   and parameters -> 'command' ->> 'from_person_id' = $3 and operation_id <> $4
 limit 1
"""  # noqa: S608


@router.post("/preview", operation_id="hand_overs.preview", responses=refuses(403, 422))
async def look(command: HandOver, ctx: Ctx) -> Preview:
    """What a hand-over would do, record by record, and what is in its way. Stores nothing, takes the same body."""
    found = await _planned(ctx, command)
    people = {found.leaver.id, *(to for to, _ in command.successors())}
    named = await people_names(ctx.kit, ctx.tenant_id, people)
    return preview(found, named, ctx.kit, ctx.call.language)


@router.post("", status_code=202, operation_id="hand_overs.start", responses=refuses(403, 409, 422))
async def start(command: HandOver, ctx: Ctx) -> HandOverShown:
    """Hand over all that a person is responsible for. Follow it at /v1/operations/{id}; harmless when sent twice."""
    await require_hand_over(ctx, leaving=command.leave)
    operation_id = ctx.new_id("operation")
    known = await started_before(ctx, operation_id)
    if known is None:
        found = await _planned(ctx, command)
        if found.faults:
            raise Problem(
                422,
                "hand_over_refused",
                errors=tuple(At(fault.pointer, fault.code, params=fault.params) for fault in found.faults),
                params={"count": len(found.faults)},
            )
        await _require_alone(ctx, command.from_person_id, operation_id)
        said = command.model_dump(mode="json")
        hidden = [[kind, str(id)] for kind, id in found.hidden]
        parameters = {"command": said, "on": said["on"], "reason": command.reason, "stays": hidden}
        known = await start_operation(ctx, operation_id, KIND, parameters)
    return await _accepted(ctx, known)


@router.get("", operation_id="hand_overs.list")
async def hand_overs(read: Now) -> Listed[HandOverShown]:
    """The latest hand-overs you see, newest first: your own, and those of people you supervise."""
    found: list[Operation] = []
    last: tuple[Any, Any] = (None, None)
    while len(found) < SHOWN:
        rows = await read.pool.fetch(LATEST, read.tenant_id, [KIND, UNDO], SHOWN, *last)
        found += [operation for operation in map(Operation.of, rows) if await _sees(read, read.principal, operation)]
        if len(rows) < SHOWN:
            break
        last = rows[-1]["created_at"], rows[-1]["operation_id"]
    shown = found[:SHOWN]
    named = await _names(read.kit, read.tenant_id, shown)
    return Listed(items=[HandOverShown.of(operation, named) for operation in shown])


@router.get("/{hand_over_id}", operation_id="hand_overs.get", responses=refuses(404))
async def hand_over(hand_over_id: UUID, read: Now, page: Paged) -> HandOverRecord:
    """One hand-over with its items, from whom to whom, and what became of each."""
    operation = await _visible(read, read.principal, hand_over_id)
    after = page.after(int)
    found = await items_of(
        read.pool, read.tenant_id, hand_over_id, after=after[0] if after else 0, limit=page.limit + 1
    )
    shown, following = page.of(found, lambda item: (item.number,))
    people = people_in(operation) | {UUID(item.said["to"]) for item in shown if item.said.get("to")}
    named = await people_names(read.kit, read.tenant_id, people)
    language = "zh-CN" if read.call is None else read.call.language
    told = await _as_logged(read.pool, read.tenant_id, operation, shown)
    items = await items_shown(read.kit, read.tenant_id, operation, told, await read.sight(), named, language)
    return HandOverRecord(**HandOverShown.of(operation, named).model_dump(), items=items, next=following)


@router.post("/{hand_over_id}/undo", status_code=202, operation_id="hand_overs.undo", responses=refuses(403, 404, 409))
async def undo(hand_over_id: UUID, command: UndoHandOver, ctx: Ctx) -> HandOverShown:
    """Take a hand-over back: what still stands as it left it goes back; what moved or closed since stays."""
    operation = await _visible(ctx, ctx.principal, hand_over_id)
    if operation.kind != KIND:
        raise Problem(404, "not_found")
    told = operation.parameters["command"]
    items = await all_items(ctx.kit.pool, ctx.tenant_id, hand_over_id, states=("planned", "done"))
    await require_hand_over(ctx, leaving=command.leaving and any(item.kind == PERSON for item in items))
    operation_id = ctx.new_id("operation")
    known = await started_before(ctx, operation_id)
    if known is None:
        if not operation.finished:
            raise Problem(409, "hand_over_not_finished")
        await _require_sight(ctx, UUID(told["from_person_id"]), items)
        await _require_alone(ctx, UUID(told["from_person_id"]), operation_id)
        said = {"hand_over_id": str(hand_over_id), "leaving": command.leaving, "reason": command.reason}
        known = await start_operation(ctx, operation_id, UNDO, {"command": told | {"on": None}, **said})
    return await _accepted(ctx, known)


# -- what these have in common ------------------------------------------------------------------------------


async def _planned(ctx: CommandContext, command: HandOver) -> Plan:
    try:
        return await plan(ctx, command)
    except Refused as no:
        raise refusal(no) from no


async def _accepted(ctx: CommandContext, operation: Operation) -> HandOverShown:
    ctx.call.headers.append((b"location", f"/v1/hand-overs/{operation.operation_id}".encode()))
    return HandOverShown.of(operation, await _names(ctx.kit, ctx.tenant_id, [operation]))


async def _require_alone(ctx: CommandContext, person_id: UUID, operation_id: UUID) -> None:
    """Raises Problem 409 while another hand-over of this person, or its undo, is under way."""
    row = await ctx.kit.pool.fetchrow(UNDER_WAY, ctx.tenant_id, [KIND, UNDO], str(person_id), operation_id)
    if row is not None:
        raise Problem(409, "hand_over_under_way")


async def _require_sight(ctx: CommandContext, leaver: UUID, items: Iterable[Item]) -> None:
    """Raises Problem 403 unless all whose records move are in sight."""
    for person_id in {leaver, *(UUID(item.said["to"]) for item in items if item.said.get("to"))}:
        if not await sees_person(ctx, person_id):
            raise Problem(403, "forbidden")


async def _visible(asked: Any, who: Principal, hand_over_id: UUID) -> Operation:
    """A hand-over the caller sees. Raises Problem 404."""
    found = await get_operation(asked.kit.pool, who.tenant_id, hand_over_id)
    if found is None or found.kind not in (KIND, UNDO) or not await _sees(asked, who, found):
        raise Problem(404, "not_found")
    return found


async def _sees(asked: Any, who: Principal, operation: Operation) -> bool:
    """One's own; everybody's for those who see everything; and for who hands over, those of people in their sight."""
    if who.sees_everything or operation.principal_id in (who.person_id, who.acting_for):
        return True
    leaver = UUID(operation.parameters["command"]["from_person_id"])
    return holds(await asked.kit.sight(who), HANDS_OVER) and await sees_person(asked, leaver)


async def _names(kit: Any, tenant_id: UUID, operations: Iterable[Operation]) -> dict[UUID, str]:
    return await people_names(kit, tenant_id, set().union(*(people_in(operation) for operation in operations)))


async def _as_logged(pool: Any, tenant_id: UUID, operation: Operation, items: Iterable[Item]) -> list[Item]:
    """Items as the log has it: a cancelled operation may have moved one without having noted it."""
    planned = [item for item in items if item.state == "planned"]
    there = await recorded(pool, tenant_id, operation.operation_id, planned) if operation.finished else {}
    return [replace(item, state="done") if item.number in there else item for item in items]
