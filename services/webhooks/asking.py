"""One endpoint as somebody may ask about its deliveries, and what it is sent as a question to the log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.webhooks.endpoints import endpoints_of
from shared.feed.reading import Question
from shared.http.kit import Kit
from shared.http.problem import Problem
from shared.identity.principal import AUDITOR, DIRECTOR, HEAD_OFFICE, OPERATIONS, TENANT_ADMIN, Principal
from shared.identity.sight import Sight
from shared.webhooks.endpoint import Endpoint

TENDS = (TENANT_ADMIN, HEAD_OFFICE, DIRECTOR, OPERATIONS)
LOOKS = (*TENDS, AUDITOR)

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
    """An endpoint the principal sees, and `tends` or may look at. Raises Problem 403, 404."""
    if not principal.has(*(TENDS if tends else LOOKS)):
        raise Problem(403, "forbidden")
    found = await endpoints_of(kit.pool, principal.tenant_id, [endpoint_id])
    if not found:
        raise Problem(404, "not_found")
    return found[0]


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
