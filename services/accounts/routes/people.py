"""Commands on staff. The rules are in person.py; names, phones and mail go to the vault."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from services.accounts.account_commands import CorrectFact, VoidFact
from services.accounts.business_time import holds_from
from services.accounts.person import ChangeFunctions, JoinPerson, Leave, Person, PostTo, ReportTo
from services.accounts.routes.own_place import require_another, require_not_own
from services.accounts.routes.personal import keep_new
from services.accounts.routes.rights import (
    ORGANISES,
    PEOPLE,
    Holdings,
    active_person,
    claims,
    open_unit,
    path_up,
    require,
    stays_open,
)
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.privacy.vault import STAFF, Of

router = Router(prefix="/v1/people", tags=["organisation"])
ON_RECORD = refuses(403, 404, 409, 412, 428)
EDGES = ("unit_id", "reports_to_unit_id", "reports_to_person_id")


@router.post("", status_code=201, operation_id="people.join", response_model=Receipt, responses=refuses(403, 409))
async def join(command: JoinPerson, ctx: Ctx) -> Receipt:
    """Take a person on at a unit."""
    require(ctx.principal, *ORGANISES)

    async def decide(work: Work) -> Person:
        await open_unit(ctx, command.unit_id)
        at = holds_from(command.on, now=ctx.now, zone=ctx.principal.zone)
        person = Person.join(ctx.new_id("person"), command, at=at)
        await keep_new(ctx, person.id, command.personal(), Of(STAFF))
        return work.add(person)

    return await PEOPLE.together(
        ctx, decide, claims=lambda person: [*claims(person), *stays_open(command.unit_id)], status=201
    )


@router.post("/{person_id}/report-to", operation_id="people.report_to", response_model=Receipt, responses=ON_RECORD)
async def report_to(person_id: UUID, command: ReportTo, ctx: CtxMatch) -> Receipt:
    """Change the reporting line: to a unit's head, or to a person. Only this edge approves."""
    await require_another(ctx, person_id)

    async def decide(work: Work) -> Person:
        person = await work.load(PEOPLE, person_id, matched=True)
        superiors: tuple[UUID, ...] = ()
        if command.unit_id is not None:
            await open_unit(ctx, command.unit_id)
        if command.person_id is not None:
            await active_person(ctx, command.person_id, pointer="/person_id")
            superiors = await path_up(ctx, Person, command.person_id, "reports_to_person_id")
        at = holds_from(command.on, now=ctx.now, zone=ctx.principal.zone, stream=person)
        person.report_to(command, superiors=superiors, at=at)
        return person

    return await PEOPLE.together(ctx, decide, claims=stays_open(command.unit_id))


@router.post("/{person_id}/post-to", operation_id="people.post_to", response_model=Receipt, responses=ON_RECORD)
async def post_to(person_id: UUID, command: PostTo, ctx: CtxMatch) -> Receipt:
    """Change the place of work: who supervises day to day."""
    await require_another(ctx, person_id)

    async def decide(work: Work) -> Person:
        person = await work.load(PEOPLE, person_id, matched=True)
        await open_unit(ctx, command.unit_id)
        person.post_to(command, at=holds_from(command.on, now=ctx.now, zone=ctx.principal.zone, stream=person))
        return person

    return await PEOPLE.together(ctx, decide, claims=stays_open(command.unit_id))


@router.post(
    "/{person_id}/change-functions", operation_id="people.change_functions", response_model=Receipt, responses=ON_RECORD
)
async def change_functions(person_id: UUID, command: ChangeFunctions, ctx: CtxMatch) -> Receipt:
    """Change what a person does."""
    await require_another(ctx, person_id)
    zone = ctx.principal.zone
    return await PEOPLE.act(
        ctx,
        person_id,
        lambda person, now: person.change_functions(
            command, at=holds_from(command.on, now=now, zone=zone, stream=person)
        ),
    )


@router.post("/{person_id}/leave", operation_id="people.leave", response_model=Receipt, responses=ON_RECORD)
async def leave(person_id: UUID, command: Leave, ctx: CtxMatch) -> Receipt:
    """A person works for us no more; records and customers stay."""
    require(ctx.principal, *ORGANISES)
    zone = ctx.principal.zone
    return await PEOPLE.act(
        ctx,
        person_id,
        lambda person, now: person.leave(command, at=holds_from(command.on, now=now, zone=zone, stream=person)),
    )


@router.post("/{person_id}/correct", operation_id="people.correct", response_model=Receipt, responses=ON_RECORD)
async def correct(person_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Say that an earlier fact was recorded wrongly; reports use the correction, history shows both."""
    return await mend(ctx, person_id, lambda person: person.correct(command, at=ctx.now))


@router.post("/{person_id}/void", operation_id="people.void", response_model=Receipt, responses=ON_RECORD)
async def void(person_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened; that the person left, for one."""
    return await mend(ctx, person_id, lambda person: person.void(command.version, reason=command.reason, at=ctx.now))


async def mend(ctx: CommandContext, person_id: UUID, step: Callable[[Person], None]) -> Receipt:
    """Correct or take back, and see that where and to whom the person belongs is open, there, and no circle.

    Nobody makes themselves a deputy that way.
    """
    await require_another(ctx, person_id)
    holdings = Holdings()
    units: list[UUID] = []

    async def decide(work: Work) -> Person:
        person = await work.load(PEOPLE, person_id, matched=True)
        holdings.remember(person)
        units.clear()
        before, deputies = {name: person.standing[name] for name in EDGES}, person.deputies()
        step(person)
        for id, deputy in person.deputies().items():
            if deputies.get(id) != deputy:
                await require_not_own(ctx, id)
        after = person.standing
        changed = [name for name in EDGES if after[name] != before[name] and after[name] is not None]
        for name in changed if person.is_active else ():
            pointer = f"/changes/{name}"
            if name == "reports_to_person_id":
                await active_person(ctx, after[name], pointer=pointer)
                if person.id in await path_up(ctx, Person, after[name], name):
                    raise Refused("reports_to_itself", "nobody reports to themselves", status=422, pointer=pointer)
            else:
                await open_unit(ctx, after[name], pointer=pointer)
                units.append(after[name])
        return person

    return await PEOPLE.together(
        ctx,
        decide,
        claims=lambda person: [*holdings.taken_up(person), *stays_open(*units)],
        releases=holdings.given_up,
    )
