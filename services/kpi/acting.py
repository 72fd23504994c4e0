"""What commands on this service's records share: who sees one, who decides, when it happens. Holds no rule of any.

Records here belong to a unit and often to a person: their standing has `unit_id` and may have `owner_id` (whose it is).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Response
from pydantic import BaseModel, Field

from shared.days import day_of
from shared.event_store.stream import Stream
from shared.http.commands import Commands
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.http.names import people_names
from shared.http.problem import Problem
from shared.http.reading import Reading
from shared.identity.approval import APPROVES, approves, holds
from shared.identity.principal import Principal
from shared.identity.sight import Sight
from shared.records.business_time import business_time
from shared.records.history import FactShown
from shared.records.http import Actions, found
from shared.records.record import Correctable

R = TypeVar("R", bound=Correctable)

UNIT_NAMES = """
select distinct on (e.stream_id) e.stream_id as id, e.data -> 'standing' ->> 'name' as name
  from es.events e
 where e.tenant_id = $1 and e.stream_id = any($2::uuid[])
 order by e.stream_id, e.version desc
"""


# -- sight -------------------------------------------------------------------------------------------------


def in_sight(sight: Sight, standing: Mapping[str, Any]) -> bool:
    """Whose it is and whoever supervises them, and who has a function at its unit or above."""
    return sight.sees(owner_id=standing.get("owner_id"), unit_id=standing.get("unit_id"))


async def sees(kit: Kit, principal: Principal, record: Stream) -> bool:
    """The same of a record that is there."""
    return in_sight(await kit.sight(principal), record.standing)


def belonging(kind: type[R], **given: Any) -> Commands[R]:
    """The commands of a kind of records that belong to a unit."""

    async def seen(ctx: CommandContext, record: R) -> bool:
        return await sees(ctx.kit, ctx.principal, record)

    return Commands(kind, sees=seen, **given)


# -- rights ------------------------------------------------------------------------------------------------


async def require_function(ctx: CommandContext, functions: Collection[str]) -> None:
    """Raises Problem 403 `forbidden` unless the principal, or somebody they stand in for, holds one of these."""
    if not holds(await ctx.kit.sight(ctx.principal), functions):
        raise Problem(403, "forbidden")


async def require_unit(ctx: CommandContext, unit_id: UUID, functions: Collection[str] = APPROVES) -> None:
    """Raises Problem 403 `forbidden`, `outside_your_units` unless of these functions, with this unit in sight."""
    sight = await ctx.kit.sight(ctx.principal)
    if not holds(sight, functions):
        raise Problem(403, "forbidden")
    if not any(seat.has(functions) and (seat.sees_everything or unit_id in seat.unit_ids) for seat in sight.seats):
        raise Problem(403, "outside_your_units")


async def require_line(ctx: CommandContext, person_id: UUID, *, requested_by: Collection[UUID] = ()) -> None:
    """Who approves for this person: the reporting line, never one's own request. Raises Problem 403.

    `forbidden` for who approves nothing, `not_in_reporting_line`.
    """
    sight = await ctx.kit.sight(ctx.principal)
    if not holds(sight, APPROVES):
        raise Problem(403, "forbidden")
    assert ctx.kit.organisation is not None
    line = await ctx.kit.organisation.line(ctx.kit.pool, ctx.tenant_id, person_id)
    if not approves(sight, line, requested_by=requested_by):
        raise Problem(403, "not_in_reporting_line")


ENTERED = """
select distinct on (type) metadata ->> 'actor' as actor
  from es.events
 where tenant_id = $1 and stream_id = $2 and type = any($3::text[])
 order by type, version desc
"""


async def entered(ctx: CommandContext, record: Stream, *types: str) -> frozenset[UUID]:
    """Who entered the latest facts of these types, perhaps for somebody else: they decide on them no more than those
    they entered them for."""
    rows = await ctx.kit.pool.fetch(ENTERED, ctx.tenant_id, record.id, list(types))
    return frozenset(UUID(row["actor"]) for row in rows if row["actor"] is not None)


# -- when --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happens, and by whom. `day` is the calendar day in the tenant's zone."""

    at: datetime
    day: date
    by: UUID
    zone: ZoneInfo


def moment(ctx: CommandContext, on: date | None = None, after: Stream | None = None) -> Moment:
    """The moment a command on a day, or now, is about. Raises Refused 422 `in_the_future`."""
    zone = ctx.principal.zone
    at = business_time(on, now=ctx.now, zone=zone, after=after)
    return Moment(at, day_of(at, zone), ctx.principal.acting_for, zone)


# -- one record --------------------------------------------------------------------------------------------


class RecordShown(BaseModel):
    """One record: how it stands, what can be done now, and its whole history."""

    id: UUID
    version: int
    standing: dict[str, Any] = Field(description="All standing fields; those that are null are left out.")
    texts: dict[str, str] = Field(description="What was said in words, from the vault.")
    allowed_actions: Sequence[str] = Field(description="Commands possible now for you: POST to the path plus this.")
    people: dict[UUID, str] = Field(description="Names of the persons named; who was erased has none.")
    units: dict[UUID, str] = Field(description="Names of the units named.")
    history: Sequence[FactShown]


async def shown(
    reading: Reading,
    response: Response,
    kind: type[R],
    id: UUID,
    *,
    actions: Actions[R],
    people: Collection[str] = (),
    seen: Callable[[Kit, Principal, R], Awaitable[bool]] = sees,
) -> RecordShown:
    """One record with its history and names, as of the day asked about, as known then. Raises Problem 404.

    `people`: standing fields that name persons.
    """
    fields, standing, acted = await found(reading, response, kind, id, actions=actions, seen=seen)
    named = {*acted, *(standing.get(name) for name in ("owner_id", *people))}
    units = {standing.get("unit_id")} - {None}
    rows = await reading.pool.fetch(UNIT_NAMES, reading.tenant_id, list(units)) if units else ()
    return RecordShown(
        **fields,
        people=await people_names(reading.kit, reading.tenant_id, named),
        units={row["id"]: row["name"] for row in rows},
    )


__all__ = [
    "APPROVES",
    "Moment",
    "belonging",
    "entered",
    "in_sight",
    "moment",
    "require_function",
    "require_line",
    "require_unit",
    "sees",
    "shown",
]
