"""Records that belong to an opportunity, over HTTP: who sees them, corrections, one record with its history.

Holds no rule of any of them. Who sees the opportunity sees what belongs to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, Field

from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.routes.acting import sees
from services.opportunities.routes.names import Names, names
from shared.event_store.command import Claim
from shared.event_store.stream import Refused
from shared.http.commands import Commands
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.http.reading import Reading
from shared.identity.principal import Principal
from shared.records.history import FactShown
from shared.records.http import Actions, correct, found, void
from shared.records.record import Correctable

R = TypeVar("R", bound=Correctable)


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
    shown, standing, acted = await found(reading, response, kind, id, actions=actions, seen=seen, texts=texts)
    return RecordShown(**shown, names=await _names(reading, standing, set(acted), people))


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


__all__ = [
    "RecordShown",
    "belonging",
    "correct",
    "opportunity_of",
    "require_opportunity",
    "sees_record",
    "shown",
    "void",
]
