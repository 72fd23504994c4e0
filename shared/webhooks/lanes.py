"""Lanes that wait: subjects whose next event failed, or takes long. The exceptions to a flow's cursor.

Who holds the flow writes and deletes them. A verb of a person changes a row only so: `state = 'waiting', next_at =
now()` tries it again; to skip its first event, that one's row of `delivery.waiting` is deleted too. The holder finds
due lanes in the table, and what they wait with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from shared.webhooks.flows import Flow, Key

EVENTS_AT_ONCE = 50
"""Of a lane so many are read at a time."""
LANES_AT_ONCE = 50

ALL = "select * from delivery.lanes where tenant_id = $1 and flow_id = $2"
DUE = """
select l.tenant_id, l.flow_id, l.lane
  from unnest($1::uuid[], $2::uuid[]) as h(tenant_id, flow_id)
  cross join lateral (select * from delivery.lanes l
                       where l.tenant_id = h.tenant_id and l.flow_id = h.flow_id
                         and l.state = 'waiting' and l.next_at <= $3
                       order by l.next_at limit $4) l
"""
SOME = "select * from delivery.lanes where tenant_id = $1 and flow_id = $2 and lane = any($3::uuid[])"
WAITING = """
select w.lane, w.position
  from unnest($3::uuid[]) as h(lane)
  cross join lateral (select w.lane, w.position from delivery.waiting w
                       where w.tenant_id = $1 and w.flow_id = $2 and w.lane = h.lane
                       order by w.position limit $4) w
 order by w.position
"""
# The receiver works again: nobody waits for the end of a delay that was for its sake.
WAKE = """
update delivery.lanes set next_at = $3 where tenant_id = $1 and flow_id = $2 and state = 'waiting' and next_at > $3
"""


@dataclass(slots=True)
class Lane:
    """A row. `attempts` are of its first event. `more`: it waits with events that are not in memory."""

    lane: UUID
    position: int
    event_at: datetime
    state: Literal["waiting", "parked"]
    attempts: int
    next_at: datetime
    first_failed_at: datetime
    status: int | None = None
    fault: str | None = None
    more: bool = True

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        return cls(**{name: row[name] for name in cls.__slots__ if name != "more"})


async def all_lanes(pool: Any, flow: Flow) -> dict[UUID, Lane]:
    """Every lane of a flow that waits or is parked."""
    return {row["lane"]: Lane.of(row) for row in await pool.fetch(ALL, flow.tenant_id, flow.flow_id)}


async def some_lanes(pool: Any, flow: Flow, lanes: Collection[UUID]) -> dict[UUID, Lane]:
    """These, as they stand in the table."""
    rows = await pool.fetch(SOME, flow.tenant_id, flow.flow_id, list(lanes))
    return {row["lane"]: Lane.of(row) for row in rows}


async def due(pool: Any, flows: Sequence[Flow], now: datetime) -> Mapping[Key, Sequence[UUID]]:
    """By flow, the lanes whose time has come."""
    rows = await pool.fetch(
        DUE, [flow.tenant_id for flow in flows], [flow.flow_id for flow in flows], now, LANES_AT_ONCE
    )
    found: dict[Key, list[UUID]] = defaultdict(list)
    for tenant_id, flow_id, lane in rows:
        found[tenant_id, flow_id].append(lane)
    return found


async def waiting(pool: Any, flow: Flow, lanes: Collection[UUID]) -> Mapping[UUID, Sequence[int]]:
    """By lane, the positions of the first events it waits with, at most EVENTS_AT_ONCE each."""
    found: dict[UUID, list[int]] = defaultdict(list)
    for lane, position in await pool.fetch(WAITING, flow.tenant_id, flow.flow_id, list(lanes), EVENTS_AT_ONCE):
        found[lane].append(position)
    return found


async def wake(pool: Any, flow: Flow, now: datetime) -> None:
    """Every waiting lane is due."""
    await pool.execute(WAKE, flow.tenant_id, flow.flow_id, now)
