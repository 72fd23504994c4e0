"""Lanes that wait: looked at, tried again at once, freed of one event. The engine makes and drains them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

State = Literal["waiting", "parked"]

COLUMNS = """flow_id, lane, endpoint_id, position, event_at, state, attempts, next_at, first_failed_at, status, fault"""
LIST = f"""
select {COLUMNS}, (select count(*) from delivery.waiting w
         where (w.tenant_id, w.flow_id, w.lane) = (l.tenant_id, l.flow_id, l.lane)) as events
  from delivery.lanes l
 where tenant_id = $1 and flow_id = $2 and ($3::text is null or state = $3)
   and ($4::uuid is null or lane > $4)
 order by lane limit $5
"""  # noqa: S608 - constants only
ONE = f"""
select {COLUMNS} from delivery.lanes where tenant_id = $1 and flow_id = $2 and lane = $3
"""  # noqa: S608 - constants only
# Whoever writes lanes holds the row of their flow first: nobody waits for another crosswise.
LOCK = "select from delivery.flows where tenant_id = $1 and flow_id = $2 for update"
# The attempts begin anew: one that fails again has its whole schedule before it.
RETRY = """
update delivery.lanes set state = 'waiting', attempts = 0, next_at = $4, first_failed_at = $4
 where tenant_id = $1 and flow_id = $2 and ($3::uuid is null or lane = $3) and ($5::text is null or state = $5)
"""
# A retry asked for by hand is not kept waiting by what the receiver said before.
HURRY = "update delivery.flows set not_before = null where tenant_id = $1 and flow_id = $2 and not_before is not null"
# Only while it still stands at that event. Who holds the flow then finds what the lane waits with, or nothing, and
# frees it.
SKIP = """
with standing as (
    select tenant_id, flow_id, lane, position from delivery.lanes
     where tenant_id = $1 and flow_id = $2 and lane = $3 and position = $4 for update),
gone as (
    delete from delivery.waiting w using standing s
     where (w.tenant_id, w.flow_id, w.lane, w.position) = (s.tenant_id, s.flow_id, s.lane, s.position))
update delivery.lanes l
   set state = 'waiting', attempts = 0, next_at = $5, first_failed_at = $5, status = null, fault = null
  from standing s
 where (l.tenant_id, l.flow_id, l.lane) = (s.tenant_id, s.flow_id, s.lane)
"""


async def lanes(
    pool: Any, tenant_id: UUID, flow_id: UUID, *, state: State | None = None, after: UUID | None = None, limit: int
) -> Sequence[Any]:
    """Lanes of a flow as rows of COLUMNS, by their ids."""
    found: Sequence[Any] = await pool.fetch(LIST, tenant_id, flow_id, state, after, limit)
    return found


async def one_lane(pool: Any, tenant_id: UUID, flow_id: UUID, lane: UUID) -> Any | None:
    return await pool.fetchrow(ONE, tenant_id, flow_id, lane)


async def retry(
    pool: Any, tenant_id: UUID, flow_id: UUID, *, at: datetime, lane: UUID | None = None, state: State | None = None
) -> int:
    """Let a lane, or all of a flow, be tried at once and from the beginning of the schedule; how many."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(LOCK, tenant_id, flow_id)
        status: str = await connection.execute(RETRY, tenant_id, flow_id, lane, at, state)
        freed = int(status.rpartition(" ")[2])
        if freed:
            await connection.execute(HURRY, tenant_id, flow_id)
    return freed


async def skip(pool: Any, tenant_id: UUID, flow_id: UUID, lane: UUID, position: int, *, at: datetime) -> bool:
    """Leave the event a lane stands at undelivered and go on with the next; False when it stands elsewhere."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(LOCK, tenant_id, flow_id)
        status: str = await connection.execute(SKIP, tenant_id, flow_id, lane, position, at)
    return status.endswith(" 1")
