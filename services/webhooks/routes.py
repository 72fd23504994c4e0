"""Endpoints are listed, looked at, paused, resumed, set elsewhere, removed. Who reaches out to them is making.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.webhooks.commands import PauseEndpoint, RemoveEndpoint, ResumeEndpoint, SkipEndpoint
from services.webhooks.endpoint import WebhookEndpoint
from services.webhooks.endpoints import endpoint_as_told, endpoint_of
from services.webhooks.events import WebhookPause
from services.webhooks.making import ENDPOINTS, ON_RECORD, sealed
from services.webhooks.rights import (
    MAKES,
    SEES_ALL,
    TENDS,
    own_units,
    require_looks,
    require_tends,
    sees,
)
from services.webhooks.shown import EndpointShown, shown
from services.webhooks.views import ENDPOINTS as VIEW
from services.webhooks.wishes import place
from shared.http.commands import Work
from shared.http.context import CtxMatch
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import Listed, Now, Paged, Reading
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.webhooks.endpoint import Endpoint

router = Router(prefix="/v1/webhooks", tags=["webhooks"])

LIST = f"""
select * from {VIEW.table}
 where tenant_id = $1 and to_at is null and (status <> 'removed' or $2) and ($3::uuid[] is null or unit_id = any($3))
   and ($4::timestamptz is null or (made_at, stream_id) > ($4, $5::uuid))
 order by made_at, stream_id limit $6
"""  # noqa: S608 - constants only


@router.get("", operation_id="webhooks.list", responses=refuses(403))
async def endpoints(
    read: Now, page: Paged, removed: Annotated[bool, Query(description="Removed ones, too.")] = False
) -> Listed[EndpointShown]:
    """The endpoints that are there, the oldest first: what they are sent, whether they are proven, what signs."""
    require_looks(read.principal)
    await read.wait(VIEW)
    all_of_them = not read.principal.functions.isdisjoint(SEES_ALL)
    units = None if all_of_them else sorted(await own_units(read.kit, read.principal))
    after = page.after(datetime, UUID) or (None, None)
    rows, following = page.of(
        await read.pool.fetch(LIST, read.tenant_id, removed, units, *after, page.limit + 1),
        lambda row: (row["made_at"].isoformat(), row["stream_id"]),
    )
    items = await _shown(read, [endpoint_of(row) for row in rows])
    return Listed(items=items, next=following)


@router.get("/{endpoint_id}", operation_id="webhooks.get", responses=refuses(403, 404))
async def endpoint(endpoint_id: UUID, read: Now) -> EndpointShown:
    """One endpoint as it stands; the ETag is what commands take as If-Match."""
    require_looks(read.principal)
    found: WebhookEndpoint | None = await read.kit.repository(WebhookEndpoint).load(read.tenant_id, endpoint_id)
    if found is None or not await sees(read.kit, read.principal, found.standing["unit_id"]):
        raise Problem(404, "not_found")
    read.etag(found.version)
    (item,) = await _shown(read, [endpoint_as_told(read.tenant_id, found)])
    return item


async def _shown(read: Reading, endpoints: Sequence[Endpoint]) -> list[EndpointShown]:
    principal = read.principal
    changes_nothing = principal.only_looks or principal.viewer_id is not None
    return await shown(
        read.kit,
        read.tenant_id,
        endpoints,
        now=read.kit.clock(),
        tends=principal.has(*TENDS) and not changes_nothing,
        makes=principal.has(*MAKES) and not (changes_nothing or principal.machine),
    )


# -- commands ---------------------------------------------------------------------------------------------


@router.post("/{endpoint_id}/pause", operation_id="webhooks.pause", response_model=Receipt, responses=ON_RECORD)
async def pause(endpoint_id: UUID, command: PauseEndpoint, ctx: CtxMatch) -> Receipt:
    """Deliver nothing until it is resumed. Nothing is lost: its cursor stands."""
    require_tends(ctx.principal)
    by = WebhookPause.PERSON
    return await ENDPOINTS.act(
        ctx, endpoint_id, lambda endpoint, now: endpoint.pause(by, reason=command.reason, at=now)
    )


@router.post("/{endpoint_id}/resume", operation_id="webhooks.resume", response_model=Receipt, responses=ON_RECORD)
async def resume(endpoint_id: UUID, command: ResumeEndpoint, ctx: CtxMatch) -> Receipt:
    """Deliver again: all that waited, in order, or only what comes after another place."""
    require_tends(ctx.principal)

    async def decide(work: Work) -> WebhookEndpoint:
        endpoint = await work.load(ENDPOINTS, endpoint_id, matched=True)
        to = None if command.skip_to is None else await place(ctx, command.skip_to, "/skip_to")
        endpoint.resume(skip_to=to, reason=command.reason, at=ctx.now)
        return endpoint

    return await ENDPOINTS.together(ctx, decide)


@router.post("/{endpoint_id}/skip", operation_id="webhooks.skip", response_model=Receipt, responses=ON_RECORD)
async def skip(endpoint_id: UUID, command: SkipEndpoint, ctx: CtxMatch) -> Receipt:
    """Go on after another place of the log: back sends again what was sent, ahead leaves out what waits."""
    require_tends(ctx.principal)

    async def decide(work: Work) -> WebhookEndpoint:
        endpoint = await work.load(ENDPOINTS, endpoint_id, matched=True)
        endpoint.skip(await place(ctx, command.to, "/to"), reason=command.reason, at=ctx.now)
        return endpoint

    return await ENDPOINTS.together(ctx, decide)


@router.post("/{endpoint_id}/remove", operation_id="webhooks.remove", response_model=Receipt, responses=ON_RECORD)
async def remove(endpoint_id: UUID, command: RemoveEndpoint, ctx: CtxMatch) -> Receipt:
    """Deliver nothing any more, and destroy its secrets. What it was stays on record."""
    require_tends(ctx.principal)
    receipt = await ENDPOINTS.act(
        ctx, endpoint_id, lambda endpoint, now: endpoint.remove(reason=command.reason, at=now)
    )
    await sealed(ctx).drop(ctx.tenant_id, endpoint_id)
    return receipt
