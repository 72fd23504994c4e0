"""What deliveries write: cursors, lanes, attempts and notices of any number of flows in one fenced statement.

Who has lost a flow writes nothing of it: every part depends on the token. What flows have to write while a statement is
on its way goes together with the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from shared.telemetry import logger
from shared.webhooks import attempts
from shared.webhooks.attempts import Attempt
from shared.webhooks.flows import Flow
from shared.webhooks.lanes import Lane
from shared.webhooks.standing import Kind, Standing

log = logger("deliveries")

MOST_AT_ONCE = 64
"""Flows in one statement."""

OF_FLOW: dict[str, str] = {"tenant_id": "uuid", "flow_id": "uuid"}
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "told": OF_FLOW
    | {"token": "bigint", "position": "bigint", "ahead": "text", "pace": "float8", "not_before": "timestamptz"}
    | {"failing_since": "timestamptz", "failures": "int", "alarmed_at": "timestamptz", "backlog_at": "timestamptz"}
    | {"paused_by": "text", "done": "bool", "in_flight": "int", "delivered": "int", "failed": "int"},
    "tried": {**OF_FLOW, **attempts.COLUMNS},
    "put": OF_FLOW
    | {"endpoint_id": "uuid", "lane": "uuid", "position": "bigint", "event_at": "timestamptz", "state": "text"}
    | {"attempts": "int", "next_at": "timestamptz", "first_failed_at": "timestamptz", "status": "int", "fault": "text"},
    "freed": OF_FLOW | {"lane": "uuid"},
    "waits": OF_FLOW | {"lane": "uuid", "position": "bigint"},
    "served": OF_FLOW | {"lane": "uuid", "position": "bigint"},
    "noticed": OF_FLOW
    | {"notice_id": "uuid", "endpoint_id": "uuid", "kind": "text", "at": "timestamptz", "said": "jsonb"},
}
"""The rows of the statement's parts."""

# Flows in one order, so that no two workers wait for each other.
RECORD = """
with told as materialized (select * from {told}),
held as materialized (
    select f.tenant_id, f.flow_id from delivery.flows f join told t using (tenant_id, flow_id)
     where f.holder = $1 and f.token = t.token
     order by 1, 2 for update of f),
moved as (
    update delivery.flows f
       set position = t.position, ahead = t.ahead::bigint[], pace = t.pace, not_before = t.not_before,
           failing_since = t.failing_since, failures = t.failures, alarmed_at = t.alarmed_at,
           backlog_at = t.backlog_at, in_flight = t.in_flight,
           delivered = f.delivered + t.delivered, failed = f.failed + t.failed,
           state = case when f.state <> 'running' then f.state when t.done then 'done'
                        when t.paused_by is not null and f.kind = 'live' then 'paused' else f.state end,
           paused_by = case when f.kind = 'live' then coalesce(f.paused_by, t.paused_by) end,
           finished_at = case when t.done then clock_timestamp() else f.finished_at end,
           moved_at = clock_timestamp()
      from told t join held h using (tenant_id, flow_id)
     where (f.tenant_id, f.flow_id) = (t.tenant_id, t.flow_id)),
tried as (
    insert into delivery.attempts (tenant_id, flow_id, {tried_columns})
    select n.* from {tried} join held h using (tenant_id, flow_id)),
put as (
    insert into delivery.lanes (tenant_id, flow_id, {put_columns})
    select n.* from {put} join held h using (tenant_id, flow_id)
    on conflict (tenant_id, flow_id, lane) do update
       set position = excluded.position, event_at = excluded.event_at, state = excluded.state,
           attempts = excluded.attempts, next_at = excluded.next_at, first_failed_at = excluded.first_failed_at,
           status = excluded.status, fault = excluded.fault),
freed as (
    delete from delivery.lanes l using {freed} join held h using (tenant_id, flow_id)
     where (l.tenant_id, l.flow_id, l.lane) = (n.tenant_id, n.flow_id, n.lane)),
waits as (
    insert into delivery.waiting (tenant_id, flow_id, {waits_columns})
    select n.* from {waits} join held h using (tenant_id, flow_id) on conflict do nothing),
served as (
    delete from delivery.waiting w using {served} join held h using (tenant_id, flow_id)
     where (w.tenant_id, w.flow_id, w.lane, w.position) = (n.tenant_id, n.flow_id, n.lane, n.position)),
noticed as (
    insert into delivery.notices (tenant_id, {noticed_columns})
    select n.tenant_id, {noticed_values} from {noticed} join held h using (tenant_id, flow_id))
select tenant_id, flow_id from held
"""


def _statement() -> str:
    said: dict[str, str] = {}
    first = 2
    for part, columns in COLUMNS.items():
        arrays = ", ".join(f"${first + n}::{kind}[]" for n, kind in enumerate(columns.values()))
        own = [name for name in columns if name not in OF_FLOW]
        said[part] = f"unnest({arrays}) as n({', '.join(columns)})"
        said[f"{part}_columns"] = ", ".join(own)
        said[f"{part}_values"] = ", ".join(f"n.{name}" for name in own)
        first += len(columns)
    return RECORD.format(**said)


STATEMENT = _statement()
# A replay found that the endpoint wants nothing any more: its live flow stops too.
STOP = """
update delivery.flows set state = 'paused', paused_by = $3, paused_version = null
 where tenant_id = $1 and flow_id = $2 and state = 'running'
"""


class LeaseLost(Exception):
    """Somebody else holds the flow: all that is not written is theirs to do again."""


@dataclass(slots=True)
class Changes:
    """What one flow has to write. Whoever adds to it does not wait; it is taken whole."""

    tried: list[Attempt] = field(default_factory=list)
    lanes: dict[UUID, Lane] = field(default_factory=dict)
    freed: set[UUID] = field(default_factory=set)
    waits: set[tuple[UUID, int]] = field(default_factory=set)
    served: set[tuple[UUID, int]] = field(default_factory=set)
    noticed: list[tuple[Kind, datetime, Mapping[str, Any]]] = field(default_factory=list)
    delivered: int = 0
    answered: int = 0
    """Requests that got an answer, or none."""
    woken: bool = False
    """The receiver works again: all lanes that wait are due."""

    def put(self, lane: Lane) -> None:
        self.lanes[lane.lane] = lane
        self.freed.discard(lane.lane)

    def free(self, lane: UUID) -> None:
        self.lanes.pop(lane, None)
        self.freed.add(lane)

    def wait(self, lane: UUID, position: int) -> None:
        self.waits.add((lane, position))

    def serve(self, lane: UUID, position: int) -> None:
        self.waits.discard((lane, position))
        self.served.add((lane, position))


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a flow stands after its changes."""

    flow: Flow
    position: int
    ahead: Sequence[int]
    standing: Standing
    backlog_at: datetime | None
    done: bool
    in_flight: int
    changes: Changes

    @property
    def row(self) -> tuple[Any, ...]:
        standing = self.standing
        return (
            *self.flow.key,
            self.flow.token,
            self.position,
            "{" + ",".join(map(str, self.ahead)) + "}",
            standing.pace,
            standing.not_before,
            standing.failing_since,
            standing.failures,
            standing.alarmed_at,
            self.backlog_at,
            standing.paused_by,
            self.done,
            self.in_flight,
            self.changes.delivered,
            len(self.changes.tried) - self.changes.delivered,
        )


class Recorder:
    """Writes for all flows of one worker. One statement at a time."""

    def __init__(self, pool: Any, key: int) -> None:
        self._pool = pool
        self._key = key
        self._queue: list[tuple[Moved, asyncio.Future[None]]] = []
        self._more = asyncio.Event()

    async def record(self, moved: Moved) -> None:
        """Write it, or nothing of it. Raises LeaseLost, and what the database raises."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((moved, written))
        self._more.set()
        await written

    async def run(self) -> None:
        """Write what comes, until cancelled. Ends with what the database raises; everybody who waits is told."""
        while True:
            await self._more.wait()
            taken, self._queue = self._queue[:MOST_AT_ONCE], self._queue[MOST_AT_ONCE:]
            if not self._queue:
                self._more.clear()
            try:
                held = await self._write([moved for moved, _ in taken])
            except BaseException as error:
                for _, written in [*taken, *self._queue]:
                    if not written.done():
                        written.set_exception(LeaseLost(f"not written: {type(error).__name__}"))
                self._queue.clear()
                raise
            for moved, written in taken:
                if written.done():  # its flow ended meanwhile
                    continue
                if moved.flow.key in held:
                    written.set_result(None)
                else:
                    written.set_exception(LeaseLost(f"flow {moved.flow.flow_id}"))

    async def _write(self, all: Sequence[Moved]) -> set[tuple[UUID, UUID]]:
        rows: dict[str, Iterable[tuple[Any, ...]]] = {
            "told": [moved.row for moved in all],
            "tried": [(*m.flow.key, *attempts.values(attempt)) for m in all for attempt in m.changes.tried],
            "put": [(*m.flow.key, m.flow.endpoint_id, *_lane(lane)) for m in all for lane in m.changes.lanes.values()],
            "freed": [(*m.flow.key, lane) for m in all for lane in m.changes.freed],
            "waits": [(*m.flow.key, *pair) for m in all for pair in m.changes.waits],
            "served": [(*m.flow.key, *pair) for m in all for pair in m.changes.served],
            "noticed": [
                (*m.flow.key, uuid4(), m.flow.endpoint_id, *notice) for m in all for notice in m.changes.noticed
            ],
        }
        given: list[Any] = []
        for part, columns in COLUMNS.items():
            found = list(rows[part])
            given += [list(column) for column in zip(*found, strict=True)] if found else [[] for _ in columns]
        written = await self._pool.fetch(STATEMENT, self._key, *given)
        held = {(row["tenant_id"], row["flow_id"]) for row in written}
        for moved in all:
            if moved.flow.key in held:
                _tell(moved)
            if moved.standing.paused_by is not None and moved.flow.replay and moved.flow.key in held:
                await self._pool.execute(STOP, moved.flow.tenant_id, moved.flow.endpoint_id, moved.standing.paused_by)
        return held


def _tell(moved: Moved) -> None:
    """What befell an endpoint goes to the log of the process, too: no names, no addresses, no answers."""
    for kind, _, said in moved.changes.noticed:
        told = {name: said[name] for name in ("event_id", "failures", "fault", "status") if said.get(name) is not None}
        say = log.info if kind in ("recovered", "caught_up") else log.warning
        say(f"webhook_{kind}", endpoint=str(moved.flow.endpoint_id), flow=str(moved.flow.flow_id), **told)


def _lane(lane: Lane) -> tuple[Any, ...]:
    return (
        lane.lane,
        lane.position,
        lane.event_at,
        lane.state,
        lane.attempts,
        lane.next_at,
        lane.first_failed_at,
        lane.status,
        lane.fault,
    )
