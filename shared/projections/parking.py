"""A view that cannot fold a fact of a tenant is parked there: seen, retried, or skipped on record. Never in silence."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.projections.view import View

PARK = """
insert into es.parked (tenant_id, view, version, position, stream_id, type, error)
select $1, $2, $3, $4, e.stream_id, e.type, $5
  from (select) one left join es.events e on e.tenant_id = $1 and e.position = $4
on conflict (tenant_id, view, version) do update
   set position = excluded.position, stream_id = excluded.stream_id, type = excluded.type, error = excluded.error,
       parked_at = clock_timestamp()
"""

# Removing the parked row is the compare-and-set: only who removed it records the skip.
SKIP = """
with freed as (
    delete from es.parked
     where tenant_id = $1 and view = $2 and version = $3 and position = $4 returning error
)
insert into es.skips (tenant_id, view, version, position, skipped_by, reason, error)
select $1, $2, $3, $4, $5, $6, error from freed
"""


class NotParked(Exception):
    """The view is not, or no longer, parked for this tenant at this position."""


@dataclass(frozen=True, slots=True)
class Parked:
    """One view of one tenant, waiting at `position`, which it could not fold."""

    tenant_id: UUID
    view: str
    version: int
    position: int
    stream_id: UUID | None
    type: str | None
    error: str
    parked_at: datetime


async def park(pool: asyncpg.Pool, view: View, tenant_id: UUID, position: int, error: str) -> None:
    await pool.execute(PARK, tenant_id, view.name, view.version, position, error)


async def parked(pool: asyncpg.Pool, *, tenant_id: UUID | None = None, view: str | None = None) -> list[Parked]:
    """What is parked, oldest first."""
    rows = await pool.fetch(
        """select tenant_id, view, version, position, stream_id, type, error, parked_at from es.parked
            where ($1::uuid is null or tenant_id = $1) and ($2::text is null or view = $2) order by parked_at""",
        tenant_id,
        view,
    )
    return [Parked(**dict(row)) for row in rows]


async def retry(pool: asyncpg.Pool, views: Collection[View], *, tenant_id: UUID | None = None) -> int:
    """Let these views try again, for one tenant or all. Returns how many were parked; they park again if still ill."""
    freed = await pool.fetch(
        """delete from es.parked p using unnest($1::text[], $2::int[]) as v(name, version)
            where p.view = v.name and p.version = v.version and ($3::uuid is null or p.tenant_id = $3) returning 1""",
        [view.name for view in views],
        [view.version for view in views],
        tenant_id,
    )
    return len(freed)


async def skip(
    pool: asyncpg.Pool, view: View, tenant_id: UUID, position: int, *, skipped_by: UUID, reason: str
) -> None:
    """Leave this one fact out of this version of this view, for ever and in rebuilds too. A new version reads it again.

    Raises NotParked.
    """
    done = await pool.execute(SKIP, tenant_id, view.name, view.version, position, skipped_by, reason)
    if done == "INSERT 0 0":
        raise NotParked(f"{view.table} is not parked at position {position}")
