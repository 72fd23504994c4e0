"""How views stand: built, behind, parked, rebuilding. Reads only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from shared.projections.view import View

STATUS = """
with heads as materialized (
    select h.tenant_id, e.position
      from es.heads h
      cross join lateral (
        select position from es.events e where e.tenant_id = h.tenant_id order by position desc limit 1) e
     where $3::uuid is null or h.tenant_id = $3
),
stands as (
    select v.name, v.version, h.tenant_id, h.position as head, coalesce(c.position, 0) as position,
           h.position - coalesce(c.position, 0) as lag,
           case when c.refolding
                then coalesce(get_byte(uuid_send(c.refold_from), 0) * 256 + get_byte(uuid_send(c.refold_from), 1), 0)
                     / 65536.0
                else 1 end as refolded,
           coalesce(c.refolding, false) as refolding,
           p.position is not null as parked
      from unnest($1::text[], $2::int[]) as v(name, version)
      cross join heads h
      left join es.checkpoints c on c.tenant_id = h.tenant_id and c.view = v.name and c.version = v.version
      left join es.parked p on p.tenant_id = h.tenant_id and p.view = v.name and p.version = v.version
)
select v.name, v.version, b.status, b.error, b.built_at, count(s.tenant_id) as tenants,
       coalesce(max(s.lag), 0) as lag_events,
       coalesce(max(case when s.lag > 0 then extract(epoch from clock_timestamp() - first.recorded_at) end), 0)::float8
           as lag_seconds,
       count(*) filter (where s.parked) as parked,
       coalesce(bool_or(s.refolding), false) as rebuilding,
       coalesce(sum(s.head * s.refolded * case when s.refolding then 1 else s.position::numeric / s.head end)
                / nullif(sum(s.head), 0), 1)::float8 as progress,
       case when $3::uuid is not null then coalesce(max(s.position), 0) end as position
  from unnest($1::text[], $2::int[]) with ordinality as v(name, version, n)
  left join es.views b on b.name = v.name and b.version = v.version
  left join stands s on s.name = v.name and s.version = v.version
  left join es.events first on s.lag > 0 and first.tenant_id = s.tenant_id and first.position = s.position + 1
 group by v.n, v.name, v.version, b.status, b.error, b.built_at
 order by v.n
"""


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """One view, over all tenants or one. Lags are those of the tenant furthest behind."""

    name: str
    version: int
    status: Literal["missing", "building", "live"]
    error: str | None
    built_at: datetime | None
    tenants: int
    lag_events: int
    lag_seconds: float
    parked: int
    rebuilding: bool
    progress: float  # share of the log that is in the view, 0–1
    position: int | None  # of the one tenant asked for


async def status(pool: asyncpg.Pool, views: Collection[View], *, tenant_id: UUID | None = None) -> list[ViewStatus]:
    """The views' standing, in their order; for one tenant or, without, for all together."""
    rows = await pool.fetch(STATUS, [v.name for v in views], [v.version for v in views], tenant_id)
    return [ViewStatus(**{**dict(row), "status": row["status"] or "missing"}) for row in rows]


async def unused(pool: asyncpg.Pool, views: Collection[View]) -> list[tuple[str, int]]:
    """Versions that have a table but are not among `views`: old ones, to be dropped by command."""
    known = {(view.name, view.version) for view in views}
    rows = await pool.fetch("select name, version from es.views order by name, version")
    return [(row["name"], row["version"]) for row in rows if (row["name"], row["version"]) not in known]
