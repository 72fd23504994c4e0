"""What a hand-over would do, and what is in its way: asked before it begins. Reads; changes nothing.

Who hands over must see the leaver and every successor: whom they do not see is refused as one that is not there.
Records out of their sight (a team of another branch, say) stay with the leaver and are counted; who leaves must leave
nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from services.accounts.business_time import holds_from
from services.accounts.person import Leave, Person
from services.accounts.routes.rights import ORGANISES, require
from services.hand_overs.commands import HandOver
from services.hand_overs.records import (
    ACCOUNT_STANDING,
    OPPORTUNITY,
    OPPORTUNITY_STANDING,
    REPORTING,
    STANDS_IN,
    STAYS,
    VIEWS,
    VISIT,
    Record,
    records_of,
    with_next_steps,
)
from services.hand_overs.targets import Move, Targets
from shared.days import day_of
from shared.event_store.stream import Refused
from shared.http.context import CommandContext
from shared.http.problem import Problem
from shared.identity.approval import HANDS_OVER, holds
from shared.identity.sight import Sight
from shared.projections.waiting import wait_for


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the way of a hand-over; `pointer` names the part of the body."""

    code: str
    pointer: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a hand-over would do: `moves`; what `stays`, by kind and status; what is in its way; what to know.

    `hidden` are records out of the caller's sight: they stay with the leaver.
    """

    leaver: Person
    moves: Sequence[Move]
    stays: Sequence[tuple[str, str, int]]
    faults: Sequence[Fault]
    notes: Sequence[Fault]
    hidden: Sequence[tuple[str, UUID]]
    position: int


async def plan(ctx: CommandContext, command: HandOver) -> Plan:
    """The hand-over as it would be now.

    Raises Problem 403, Refused 422 `unknown_person`, `in_the_future`; ViewBehind.
    """
    await require_hand_over(ctx, leaving=command.leave)
    kit, tenant_id = ctx.kit, ctx.tenant_id
    sight = await kit.sight(ctx.principal)
    leaver = await _person(ctx, sight, command.from_person_id)
    if leaver is None:
        raise Refused("unknown_person", "there is no such person", status=422, pointer="/from_person_id")
    holds_from(command.on, now=ctx.now, zone=ctx.principal.zone)
    head = await kit.store.head(tenant_id)
    await wait_for(kit.pool, VIEWS, tenant_id, head.position)
    units, faults = await _successors(ctx, sight, command)
    targets = Targets.of(command)
    records = await records_of(kit.pool, tenant_id, command.from_person_id)
    wanted = [record for record in records if targets.successor(record) is not None]
    hidden = [record for record in wanted if not _sees(sight, record)]
    seen = await with_next_steps(kit.pool, tenant_id, [_named(sight, one) for one in wanted if _sees(sight, one)])
    moves = targets.moves((one for one in seen if targets.successor(one) in units), units.__getitem__)
    faults += await _exceptions(ctx, sight, command, records)
    notes: list[Fault] = []
    if hidden:  # a leaving leaves nothing behind
        (faults if command.leave else notes).append(Fault("outside_sight", "/from_person_id", {"count": len(hidden)}))
    if command.leave:
        _leaving(ctx, command, leaver, faults, notes)
    notes += await _notes(ctx, command, leaver, seen)
    stays = [(row["kind"], row["status"], row["items"]) for row in await kit.pool.fetch(STAYS, tenant_id, leaver.id)]
    return Plan(leaver, moves, stays, faults, notes, [(one.kind, one.id) for one in hidden], head.position)


async def require_hand_over(ctx: CommandContext, *, leaving: bool) -> None:
    """Raises Problem 403 for who may not hand over, or, with `leaving`, may not say that somebody left."""
    if not holds(await ctx.kit.sight(ctx.principal), HANDS_OVER):
        raise Problem(403, "forbidden")
    if leaving:
        require(ctx.principal, *ORGANISES)


async def sees_person(ctx: CommandContext, person_id: UUID) -> bool:
    """Whether a member of staff, here or gone, is in the caller's sight."""
    return await _person(ctx, await ctx.kit.sight(ctx.principal), person_id) is not None


async def _person(ctx: CommandContext, sight: Sight, person_id: UUID) -> Person | None:
    found: Person | None = await ctx.kit.repository(Person).load(ctx.tenant_id, person_id)
    if found is None or not sight.sees(owner_id=found.id, unit_id=found.standing["unit_id"]):
        return None
    return found


async def _successors(ctx: CommandContext, sight: Sight, command: HandOver) -> tuple[dict[UUID, UUID], list[Fault]]:
    """Where those who may take over work, and what speaks against the others."""
    units: dict[UUID, UUID] = {}
    faults: list[Fault] = []
    judged: dict[UUID, str] = {}
    for to, pointer in command.successors():
        if to not in units and to not in judged:
            person = await _person(ctx, sight, to)
            if person is None:
                judged[to] = "unknown_successor"
            elif not person.is_active:
                judged[to] = "successor_left"
            elif to == command.from_person_id:
                judged[to] = "successor_is_leaver"
            else:
                units[to] = person.standing["unit_id"]
        if to in judged:
            faults.append(Fault(judged[to], pointer))
    return units, faults


async def _exceptions(ctx: CommandContext, sight: Sight, command: HandOver, records: Sequence[Record]) -> list[Fault]:
    """Accounts and opportunities named that are not the leaver's to hand over."""
    accounts = {record.account_id for record in records if _sees(sight, record)}
    opportunities = {record.id for record in records if record.kind == OPPORTUNITY and _sees(sight, record)}
    faults: list[Fault] = []
    for index, account in enumerate(command.accounts):
        if account.account_id not in accounts:
            standing = await ctx.kit.pool.fetchrow(ACCOUNT_STANDING, ctx.tenant_id, account.account_id)
            known = standing is not None and _row_seen(sight, standing)
            code = "not_theirs" if known else "unknown_account"
            faults.append(Fault(code, f"/accounts/{index}/account_id"))
    for index, opportunity in enumerate(command.opportunities):
        if opportunity.opportunity_id not in opportunities:
            standing = await ctx.kit.pool.fetchrow(OPPORTUNITY_STANDING, ctx.tenant_id, opportunity.opportunity_id)
            code = "unknown_opportunity"
            if standing is not None and _row_seen(sight, standing):
                theirs = standing["owner_id"] == command.from_person_id
                code = "opportunity_closed" if theirs else "not_theirs"
            faults.append(Fault(code, f"/opportunities/{index}/opportunity_id"))
    return faults


def _leaving(ctx: CommandContext, command: HandOver, leaver: Person, faults: list[Fault], notes: list[Fault]) -> None:
    """Whether the person can leave on that day, tried on a copy."""
    if not leaver.is_active:
        notes.append(Fault("already_left", "/leave"))
        return
    trial = leaver.copy()
    try:
        at = holds_from(command.on, now=ctx.now, zone=ctx.principal.zone, stream=trial)
        trial.leave(Leave(reason=command.leaving_reason), at=at)
    except Refused as no:
        faults.append(Fault(no.code, no.pointer or "/leave", no.params))


async def _notes(ctx: CommandContext, command: HandOver, leaver: Person, moving: Sequence[Record]) -> list[Fault]:
    """What does not move with the records, and should be known before the person goes."""
    notes: list[Fault] = []
    if not moving:
        notes.append(Fault("nothing_to_move", "/from_person_id"))
    if reviews := sum(record.under_review for record in moving):
        notes.append(Fault("reviews_pending", "/from_person_id", {"count": reviews}))
    if reporting := await ctx.kit.pool.fetchval(REPORTING, ctx.tenant_id, leaver.id):
        notes.append(Fault("still_reported_to", "/from_person_id", {"count": reporting}))
    if command.leave and leaver.is_active:
        today = day_of(ctx.now, ctx.principal.zone)
        if deputies := leaver.deputies(today):
            notes.append(Fault("deputies_end", "/leave", {"count": len(deputies)}))
        if others := await ctx.kit.pool.fetchval(STANDS_IN, ctx.tenant_id, str(leaver.id), today):
            notes.append(Fault("stands_in", "/leave", {"count": others}))
    return notes


def _sees(sight: Sight, record: Record) -> bool:
    return sight.sees(owner_id=record.owner_id, unit_id=record.unit_id, team=record.team)


def _named(sight: Sight, record: Record) -> Record:
    """The record, its account called by name if that is in sight too. An opportunity says whose it is."""
    if record.kind != VISIT or sight.sees(
        owner_id=record.account_owner_id, unit_id=record.account_unit_id, team=record.team
    ):
        return record
    return replace(record, account=None)


def _row_seen(sight: Sight, row: Any) -> bool:
    return sight.sees(owner_id=row["owner_id"], unit_id=row["unit_id"], team=row["team"])
