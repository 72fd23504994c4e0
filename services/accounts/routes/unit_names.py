"""Names of units beside their ids, as they were called at an instant. Stores nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.accounts.views.units import UNITS

NAMES = f"""
select distinct on (u.stream_id) u.stream_id, u.name
  from {UNITS.table} u
 where u.tenant_id = $1 and u.stream_id = any($2::uuid[])
 order by u.stream_id, (u.from_at <= $3) desc, case when u.from_at <= $3 then u.from_at end desc nulls last, u.from_at
"""  # noqa: S608 - constants only


async def unit_names(pool: Any, tenant_id: UUID, ids: Iterable[UUID | None], at: datetime) -> Mapping[UUID | None, str]:
    """What these units were called then; of one that came later, its first name."""
    wanted = sorted({id for id in ids if id is not None})
    if not wanted:
        return {}
    return {row["stream_id"]: row["name"] for row in await pool.fetch(NAMES, tenant_id, wanted, at)}
