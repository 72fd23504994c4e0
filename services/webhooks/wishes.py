"""Whether what an endpoint wishes can be: its address, headers, unit, types of events, place in the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.accounts import events as accounts
from services.kpi import events as kpi
from services.opportunities import events as opportunities
from services.webhooks import events
from services.webhooks.commands import Where
from services.webhooks.events import WebhookPlace
from shared.event_store.facts import registry
from shared.event_store.stream import Refused
from shared.http.context import CommandContext
from shared.http.problem import At, Problem
from shared.webhooks import addresses
from shared.webhooks.headers import unfit
from shared.webhooks.networks import allowed
from shared.webhooks.sending import Networks

TYPES = {name: fact.schema_version for name, fact in registry(accounts, opportunities, kpi, events).types.items()}
"""Every type of event with the newest version of its data."""

UNIT = "select status from {units} where tenant_id = $1 and stream_id = $2 and to_at is null"


async def networks(ctx: CommandContext) -> Networks:
    """Networks the operator lets the tenant's endpoints be in."""
    return await allowed(ctx.kit.pool, ctx.tenant_id)


def require_address(url: str, networks: Networks) -> None:
    """Raises Problem 422 for an address that can be seen to be wrong; where a name leads is seen when it is asked.

    Not remembered under the key: the operator may open a network meanwhile.
    """
    code = addresses.check_url(url, networks)
    if code is not None:
        raise Problem(422, code, errors=(At("/url", code),))


def require_headers(headers: Mapping[str, str]) -> None:
    """Raises Refused 422 for headers that may not be sent."""
    name = unfit(headers)
    if name is not None:
        pointer = f"/headers/{name}" if name else "/headers"
        raise Refused("webhook_header_unfit", "this header may not be sent", status=422, pointer=pointer, header=name)


def require_types(types: Iterable[str] | None, schema_versions: Mapping[str, int]) -> None:
    """Raises Refused 422 for a type of event that is not published, or not in that version."""
    for name in types or ():
        if name not in TYPES:
            raise Refused("unknown_event_type", "no event is called so", status=422, pointer="/types", type=name)
    for name, version in schema_versions.items():
        if name not in TYPES or version > TYPES[name]:
            raise Refused(
                "unknown_event_version",
                "no event of this type has that version",
                status=422,
                pointer=f"/schema_versions/{name}",
                type=name,
                version=version,
            )


async def require_unit(ctx: CommandContext, unit_id: UUID | None) -> None:
    """Raises Refused 422 for a unit that is not there, or closed."""
    if unit_id is None or ctx.kit.organisation is None:
        return
    statement = UNIT.format(units=ctx.kit.organisation.views[0].table)
    status = await ctx.kit.pool.fetchval(statement, ctx.tenant_id, unit_id)
    if status != "open":
        code = "unknown_unit" if status is None else "unit_closed"
        raise Refused(code, "there is no such unit", status=422, pointer="/unit_id")


async def place(ctx: CommandContext, where: Where, pointer: str) -> WebhookPlace:
    """The place in the log that is meant. Raises Problem 409 for a position the log has not reached."""
    head: Any = await ctx.kit.store.head(ctx.tenant_id)
    match where:
        case "now":
            position = head.position
        case "beginning":
            position = 0
        case datetime():
            position = await ctx.kit.store.position_at(ctx.tenant_id, where)
        case int():
            position = where
    if position > head.position:
        said = {"position": head.position}
        raise Problem(
            409, "not_recorded_yet", params=said, extra=said, errors=(At(pointer, "not_recorded_yet", params=said),)
        )
    return WebhookPlace(head.epoch, position)
