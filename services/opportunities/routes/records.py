"""Records that belong to an opportunity, over HTTP: who sees them, corrections, one record with its history.

Holds no rule of any of them. Who sees the opportunity sees what belongs to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, Field

from services.opportunities.opportunity.commands.prospects import CorrectFact, VoidFact
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.opportunity.routes.history import FactShown, history, people_in, plain
from services.opportunities.opportunity.routes.prospects import corrected_time
from services.opportunities.record import Correctable
from services.opportunities.routes.acting import sees
from services.opportunities.routes.names import Names, names
from shared.event_store.command import Claim
from shared.event_store.stream import Refused
from shared.http.commands import Commands
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.http.problem import Problem
from shared.http.reading import Reading
from shared.http.receipt import Receipt
from shared.identity.principal import Principal

R = TypeVar("R", bound=Correctable)

Right = Callable[[CommandContext, R], Awaitable[None]]
Actions = Callable[[R], Iterable[str]]


class RecordShown(BaseModel):
    """One record that belongs to an opportunity: how it stands, what can be done now, and its whole history."""

    id: UUID
    version: int
    standing: dict[str, Any] = Field(description="All standing fields; those that are null are left out.")
    texts: dict[str, str] = Field(description="What was said in words, from the vault.")
    allowed_actions: Sequence[str] = Field(description="Commands possible now for you: POST to the path plus this.")
    names: Names
    history: Sequence[FactShown]


# -- sight -------------------------------------------------------------------------------------------------


async def opportunity_of(kit: Kit, tenant_id: UUID, record: Correctable) -> Opportunity | None:
    """The opportunity a record belongs to."""
    id = record.standing.get("opportunity_id")
    return None if id is None else await kit.repository(Opportunity).load(tenant_id, id)


async def sees_record(kit: Kit, principal: Principal, record: Correctable) -> bool:
    """Who sees the opportunity; of one that names none, who sees its account, owner or unit."""
    opportunity = await opportunity_of(kit, principal.tenant_id, record)
    return await sees(kit, principal, record.standing if opportunity is None else opportunity.standing)


def belonging(kind: type[R], *, taken: Callable[[Claim], Refused] | None = None) -> Commands[R]:
    """The commands of a kind of records whose standing names an `opportunity_id`."""

    async def seen(ctx: CommandContext, record: R) -> bool:
        return await sees_record(ctx.kit, ctx.principal, record)

    return Commands(kind, sees=seen) if taken is None else Commands(kind, sees=seen, taken=taken)


async def require_opportunity(ctx: CommandContext, id: UUID, *, pointer: str = "/opportunity_id") -> Opportunity:
    """The opportunity a new record is to belong to. Raises Refused 422 `unknown_opportunity`, out of sight too."""
    opportunity: Opportunity | None = await ctx.kit.repository(Opportunity).load(ctx.tenant_id, id)
    if opportunity is None or not await sees(ctx.kit, ctx.principal, opportunity.standing):
        raise Refused("unknown_opportunity", "there is no such opportunity", status=422, pointer=pointer)
    return opportunity


# -- corrections -------------------------------------------------------------------------------------------


async def correct(
    ctx: CommandContext, commands: Commands[R], id: UUID, command: CorrectFact, *, right: Right[R] | None = None
) -> Receipt:
    """Correct standing fields, or the day, of an earlier fact. `right` refuses who may not."""

    async def decide(work: Any) -> R:
        record: R = await work.load(commands, id, matched=True)
        if right is not None:
            await right(ctx, record)
        record.correct(
            command.version,
            command.changes,
            occurred_at=corrected_time(command, ctx, record),
            reason=command.reason,
            at=ctx.now,
        )
        return record

    return await commands.together(ctx, decide)


async def void(
    ctx: CommandContext, commands: Commands[R], id: UUID, command: VoidFact, *, right: Right[R] | None = None
) -> Receipt:
    """Take back a fact, or a correction, that never happened. `right` refuses who may not."""

    async def decide(work: Any) -> R:
        record: R = await work.load(commands, id, matched=True)
        if right is not None:
            await right(ctx, record)
        record.void(command.version, reason=command.reason, at=ctx.now)
        return record

    return await commands.together(ctx, decide)


# -- reading -----------------------------------------------------------------------------------------------


async def shown(
    reading: Reading,
    response: Response,
    kind: type[R],
    id: UUID,
    *,
    actions: Actions[R],
    people: Collection[str] = (),
    texts: Collection[UUID] | None = None,
    seen: Callable[[Kit, Principal, R], Awaitable[bool]] = sees_record,
) -> RecordShown:
    """One record as of the day asked about, as known then; who sees it is decided by today. Raises Problem 404.

    `actions`: what can be done now, of a record the caller may change; `people`: standing fields that name persons;
    `texts`: subjects of the vault whose texts are shown, by default the record itself; `seen`: who sees it.
    """
    kit, principal = reading.kit, reading.principal
    stored = await kit.store.load(reading.tenant_id, id, until_position=reading.known_at)
    record: R | None = kit.repository(kind).replay(stored)
    standing = {} if record is None else record.standing_at(reading.as_of)
    if record is None or not standing:
        raise Problem(404, "not_found")
    current: R | None = record if reading.known_at is None else await kit.repository(kind).load(reading.tenant_id, id)
    if not await seen(kit, principal, current or record):
        raise Problem(404, "not_found")
    response.headers["ETag"] = f'"{record.version}"'
    words: dict[str, str] = {}
    for fields in (await kit.vault.get(reading.tenant_id, list(texts or (id,)))).values():
        words |= fields
    return RecordShown(
        id=id,
        version=record.version,
        standing=plain({name: value for name, value in standing.items() if value is not None}),
        texts=words,
        allowed_actions=() if principal.only_looks else tuple(actions(current or record)),
        names=await _names(reading, standing, {*people_in(stored)}, people),
        history=history(record, stored),
    )


async def _names(reading: Reading, standing: Mapping[str, Any], acted: set[UUID], people: Collection[str]) -> Names:
    """Names of who acted, and of the persons, unit, account and products the record names now."""
    lines = standing.get("lines") or ()
    return await names(
        reading.kit,
        reading.tenant_id,
        people={*acted, *(standing.get(name) for name in ("owner_id", *people))},
        others=[standing.get("unit_id"), standing.get("account_id")],
        products={line.product for line in lines},
    )
