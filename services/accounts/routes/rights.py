"""Who may do what here, who sees which account, and what a claim that is taken is called. No HTTP route."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from services.accounts.account import ACCOUNT_REF, CREDIT_CODE, Account, account_claims
from services.accounts.organisation import UNIT_CODE, Unit, unit_claims
from services.accounts.person import Person, person_claims
from shared.event_store.command import Claim
from shared.event_store.stream import Refused, Stream
from shared.http.commands import Commands
from shared.http.context import CommandContext
from shared.http.problem import Problem
from shared.identity.approval import HANDS_OVER, holds
from shared.identity.principal import DIRECTOR, HEAD_OFFICE, HR, INTEGRATION, OPERATIONS, TENANT_ADMIN, Principal
from shared.identity.standing_fields import PERSON_REF

ORGANISES = (HEAD_OFFICE, DIRECTOR, HR, INTEGRATION, OPERATIONS, TENANT_ADMIN)
"""Set up units and people."""

UNIT_OPEN = "unit.open"
"""Claim scope: held by the unit once somebody was put there, by `closing_id` from when it is being closed."""

TAKEN = {
    UNIT_OPEN: ("unit_closed", "/unit_id"),
    UNIT_CODE: ("unit_code_taken", "/code"),
    PERSON_REF: ("external_ref_taken", "/external_refs"),
    ACCOUNT_REF: ("external_ref_taken", "/external_refs"),
    CREDIT_CODE: ("credit_code_taken", "/credit_code"),
}


def require(principal: Principal, *functions: str) -> None:
    """Raises Problem 403 unless the principal holds one of these functions."""
    if not principal.has(*functions):
        raise Problem(403, "forbidden")


def taken(claim: Claim) -> Refused:
    """What a claim another record holds is refused as."""
    code, pointer = TAKEN[claim.scope]
    return Refused(code, f"another record holds this {claim.scope}", pointer=pointer)


async def require_hands_over(ctx: CommandContext, owner_id: UUID | None = None, *, pointer: str = "/owner_id") -> None:
    """Raises Problem 403 for who hands nothing over; Refused 422 `outside_your_units` for a person out of sight."""
    sight = await ctx.kit.sight(ctx.principal)
    if not holds(sight, HANDS_OVER):
        raise Problem(403, "forbidden")
    if owner_id is not None and not sight.sees_person(owner_id):
        raise Refused("outside_your_units", "the person is out of your sight", status=422, pointer=pointer)


async def require_unit_in_sight(
    ctx: CommandContext, unit_id: UUID, *, own: UUID | None, pointer: str = "/unit_id"
) -> None:
    """Raises Refused 422 `outside_your_units` for a unit that is neither in sight nor the owner's place of work."""
    sight = await ctx.kit.sight(ctx.principal)
    if not (sight.everything or unit_id == own or unit_id in sight.unit_ids):
        raise Refused("outside_your_units", "the unit is out of your sight", status=422, pointer=pointer)


async def sees_account(ctx: CommandContext, account: Any) -> bool:
    """Owner and support team see it, who supervises the owner by either edge, and who does its unit."""
    sight = await ctx.kit.sight(ctx.principal)
    standing = account.standing
    team = [member.person_id for member in standing.get("support_team", ())]
    return sight.sees(owner_id=standing["owner_id"], unit_id=standing["unit_id"], team=team)


UNITS = Commands(Unit, taken=taken)
PEOPLE = Commands(Person, taken=taken)
ACCOUNTS = Commands(Account, sees=sees_account, taken=taken)


def held(stream: Stream) -> frozenset[tuple[str, str]]:
    """The claims of a record as it stands."""
    match stream:
        case Unit():
            return unit_claims(stream.standing)
        case Person():
            return person_claims(stream.standing)
        case _:
            return account_claims(stream.standing)


def claims(stream: Stream) -> list[Claim]:
    """The claims of a new record."""
    return sorted(
        (Claim(scope, key, stream.id) for scope, key in held(stream)), key=lambda claim: (claim.scope, claim.key)
    )


class Holdings:
    """What a record held before it decided, so that the difference can be claimed and released."""

    def __init__(self) -> None:
        self.before: frozenset[tuple[str, str]] = frozenset()

    def remember(self, stream: Stream) -> None:
        self.before = held(stream)

    def taken_up(self, stream: Stream) -> list[Claim]:
        return [Claim(scope, key, stream.id) for scope, key in sorted(held(stream) - self.before)]

    def given_up(self, stream: Stream) -> list[Claim]:
        return [Claim(scope, key, stream.id) for scope, key in sorted(self.before - held(stream))]


def stays_open(*unit_ids: UUID | None) -> list[Claim]:
    """Claimed by what puts people or units somewhere: taken, the unit is closed or being closed."""
    return [Claim(UNIT_OPEN, str(unit_id), unit_id) for unit_id in sorted({id for id in unit_ids if id is not None})]


def closing(unit_id: UUID) -> Claim:
    """What stands in the way of `stays_open`."""
    return Claim(UNIT_OPEN, str(unit_id), uuid5(unit_id, "closing"))


# -- what commands refer to -----------------------------------------------------------------------------


async def open_unit(ctx: CommandContext, unit_id: UUID, *, pointer: str = "/unit_id") -> Unit:
    """The open unit a command names. Raises Refused 422 `unknown_unit`, `unit_closed`."""
    unit: Unit | None = await ctx.kit.repository(Unit).load(ctx.tenant_id, unit_id)
    if unit is None:
        raise Refused("unknown_unit", "there is no such unit", status=422, pointer=pointer)
    if not unit.is_open:
        raise Refused("unit_closed", "the unit is closed", status=422, pointer=pointer)
    return unit


async def active_person(ctx: CommandContext, person_id: UUID, *, pointer: str) -> Person:
    """The person a command names, working for us. Raises Refused 422 `unknown_person`."""
    person: Person | None = await ctx.kit.repository(Person).load(ctx.tenant_id, person_id)
    if person is None or not person.is_active:
        raise Refused("unknown_person", "there is no such person working here", status=422, pointer=pointer)
    return person


async def path_up(ctx: CommandContext, kind: type[Stream], id: UUID | None, field: str) -> tuple[UUID, ...]:
    """From a record up along `field` to the top, itself first. Ends where the record is unknown."""
    path: list[UUID] = []
    while id is not None and id not in path:
        stream = await ctx.kit.repository(kind).load(ctx.tenant_id, id)
        if stream is None:
            break
        path.append(id)
        id = stream.standing.get(field)
    return tuple(path)
