"""One endpoint as somebody may ask about its deliveries, and what it is sent as a question to the log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.webhooks.endpoint import WebhookEndpoint
from services.webhooks.endpoints import endpoint_as_told, open_endpoints
from services.webhooks.events import WebhookStatus
from services.webhooks.rights import require_looks, require_tends, sees
from shared.feed.reading import Question
from shared.http.kit import Kit
from shared.http.problem import Problem
from shared.identity.principal import Principal
from shared.identity.sight import Sight
from shared.webhooks.endpoint import Endpoint

BELOW = """
with recursive below as (
    select $2::uuid as unit_id
    union
    select u.stream_id from below b
      join {units} u on u.parent_id = b.unit_id and u.tenant_id = $1 and u.to_at is null
)
select unit_id from below
"""


async def seen(kit: Kit, principal: Principal, endpoint_id: UUID, *, tends: bool = False) -> Endpoint:
    """An endpoint the principal sees, and looks after (`tends`) or at. Raises Problem 403, 404, 409 for one that was
    removed: it can only be looked at."""
    (require_tends if tends else require_looks)(principal)
    stream: WebhookEndpoint | None = await kit.repository(WebhookEndpoint).load(principal.tenant_id, endpoint_id)
    if stream is None or not await sees(kit, principal, stream.standing["unit_id"]):
        raise Problem(404, "not_found")
    if tends and stream.status is WebhookStatus.REMOVED:
        raise Problem(409, "endpoint_removed")
    return endpoint_as_told(principal.tenant_id, stream)


async def all_seen(kit: Kit, principal: Principal) -> list[Endpoint]:
    """The endpoints the principal may look at. Raises Problem 403."""
    require_looks(principal)
    found = await open_endpoints(kit.pool)
    return [each for each in found if await sees(kit, principal, each.unit_id)]


async def question(kit: Kit, endpoint: Endpoint) -> Question:
    """What the endpoint is sent, by today's organisation."""
    units: frozenset[UUID] = frozenset()
    if endpoint.unit_id is not None and kit.organisation is not None:
        statement = BELOW.format(units=kit.organisation.views[0].table)
        rows: list[Any] = await kit.pool.fetch(statement, endpoint.tenant_id, endpoint.unit_id)
        units = frozenset(UUID(bytes=row["unit_id"].bytes) for row in rows)
    return Question(
        sight=Sight(everything=endpoint.unit_id is None, unit_ids=units),
        types=endpoint.types,
        changed=endpoint.changed,
        imported=endpoint.imported,
    )
