"""Commands on who stands in for a person, and on what the vault holds of staff. The rules are in person.py.

The person themself, who stands above them in the reporting line, and who organises may.
"""

from __future__ import annotations

from uuid import UUID

from services.accounts.person import Person
from services.accounts.person_commands import AppointDeputy, ChangePersonal, DismissDeputy
from services.accounts.routes.own_place import require_not_own
from services.accounts.routes.people import ON_RECORD
from services.accounts.routes.personal import refused, replayed
from services.accounts.routes.rights import ORGANISES, PEOPLE, active_person
from shared.days import day_of
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext, CtxMatch
from shared.http.kit import Kit
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.identity.approval import stands_above
from shared.identity.principal import Principal
from shared.privacy.vault import STAFF, Erased, Of, Restricted

router = Router(prefix="/v1/people", tags=["organisation"])


@router.post(
    "/{person_id}/appoint-deputy", operation_id="people.appoint_deputy", response_model=Receipt, responses=ON_RECORD
)
async def appoint_deputy(person_id: UUID, command: AppointDeputy, ctx: CtxMatch) -> Receipt:
    """Let somebody stand in until a day: they see what the person sees, approve in their place, enter for them."""

    async def decide(work: Work) -> Person:
        person = await work.load(PEOPLE, person_id, matched=True)
        await require_for(ctx, person_id)
        await require_not_own(ctx, command.deputy_id)  # nobody takes another's eyes for themselves
        await active_person(ctx, command.deputy_id, pointer="/deputy_id")
        person.appoint_deputy(command, today=day_of(ctx.now, ctx.principal.zone), at=ctx.now)
        return person

    return await PEOPLE.together(ctx, decide)


@router.post(
    "/{person_id}/dismiss-deputy", operation_id="people.dismiss_deputy", response_model=Receipt, responses=ON_RECORD
)
async def dismiss_deputy(person_id: UUID, command: DismissDeputy, ctx: CtxMatch) -> Receipt:
    """Somebody stands in no more."""

    async def decide(work: Work) -> Person:
        person = await work.load(PEOPLE, person_id, matched=True)
        await require_for(ctx, person_id)
        person.dismiss_deputy(command, at=ctx.now)
        return person

    return await PEOPLE.together(ctx, decide)


@router.post(
    "/{person_id}/change-personal", operation_id="people.change_personal", response_model=Receipt, responses=ON_RECORD
)
async def change_personal(person_id: UUID, command: ChangePersonal, ctx: CtxMatch) -> Receipt:
    """Change name, phone or mail: the vault alone holds them, the fact names the fields."""
    given = command.personal()

    async def decide(work: Work) -> Person:
        person = await work.load(PEOPLE, person_id, matched=True)
        if person_id != ctx.principal.person_id and not ctx.principal.has(*ORGANISES):
            raise Problem(403, "forbidden")
        known = (await ctx.kit.vault.get(ctx.tenant_id, [person_id])).get(person_id, {})
        differing = tuple(name for name, text in given.items() if (text or None) != known.get(name))
        if differing and not known:
            raise Refused("person_erased", "the personal data were erased")
        person.change_personal(differing, at=ctx.now)
        return person

    receipt = await PEOPLE.together(ctx, decide)
    if await latest(ctx, person_id, receipt):
        try:
            await ctx.kit.vault.put(ctx.tenant_id, person_id, given, of=Of(STAFF))
        except (Erased, Restricted) as error:
            raise refused(error) from None
    return receipt


async def require_for(ctx: CommandContext, person_id: UUID) -> None:
    """Raises Problem 403 unless the principal decides who stands in for this person."""
    if not await decides_for(ctx.kit, ctx.principal, person_id):
        raise Problem(403, "forbidden")


async def decides_for(kit: Kit, principal: Principal, person_id: UUID) -> bool:
    """Whether the principal is this person, stands above them in the line, or organises. A deputy appoints nobody."""
    if principal.person_id == person_id or principal.has(*ORGANISES):
        return True
    if kit.organisation is None:
        return False
    line = await kit.organisation.line(kit.pool, principal.tenant_id, person_id)
    own = (await kit.sight(principal)).seats[0]
    return own.person_id in line.persons or stands_above(own, line)


async def latest(ctx: CommandContext, person_id: UUID, receipt: Receipt) -> bool:
    """Whether the vault still waits for this command: a retry writes only if nobody changed the person since."""
    if not replayed(ctx):
        return True
    person: Person | None = await ctx.kit.repository(Person).load(ctx.tenant_id, person_id)
    return person is not None and person.version == receipt.version
