"""The units below a unit, from a service's own copy of the organisation. Decides no right."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any
from uuid import UUID

BELOW = """
with recursive below as (
    select $2::uuid as unit_id
    union
    select u.stream_id from {units} u join below on u.parent_id = below.unit_id
     where u.tenant_id = $1 and u.to_at is null)
select unit_id from below
"""


def subtree_in(units: str) -> Callable[[Any, UUID, UUID], Awaitable[Collection[UUID]]]:
    """(pool, tenant, unit) → the unit and all below it now, by this table of units: stream_id, parent_id, to_at."""
    statement = BELOW.format(units=units)

    async def subtree(pool: Any, tenant_id: UUID, unit_id: UUID) -> set[UUID]:
        rows = await pool.fetch(statement, tenant_id, unit_id)
        return {UUID(bytes=row["unit_id"].bytes) for row in rows}

    return subtree
