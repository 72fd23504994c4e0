"""One step of a view: rows and checkpoint in one transaction. Chooses nothing: no loop, no retry, no parking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from shared.event_store import fault_points
from shared.projections.view import View

Connection = asyncpg.pool.PoolConnectionProxy

FIRST_STREAM = UUID(int=0)
LAST_STREAM = UUID(int=2**128 - 1)

# Streams with an event in each span, once for all views. `offset 0`: one index scan a span, whatever is estimated.
TOUCHED = """
select s.ordinality - 1 as span, e.stream_type, e.type, array_agg(distinct e.stream_id) as streams
  from unnest($1::uuid[], $2::bigint[], $3::bigint[]) with ordinality as s(tenant_id, after, upto, ordinality)
  cross join lateral (
    select e.stream_type, e.type, e.stream_id from es.events e
     where e.tenant_id = s.tenant_id and e.position > s.after and e.position <= s.upto offset 0
  ) e
 group by 1, 2, 3
"""

# Compare-and-set: it takes the row locks, and leaves what another worker has moved, or whose lease changed hands. The
# locks are taken in one order everywhere: two workers at the same checkpoints wait for each other, but never in a ring.
MOVE = """
with spans as materialized (
    select *
      from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::int[], $6::bigint[])
           as s(tenant_id, after, upto, view, version, token)
),
held as materialized (
    select c.tenant_id, c.view, c.version
      from es.checkpoints c join spans s on c.tenant_id = s.tenant_id and c.view = s.view and c.version = s.version
     order by 1, 2, 3
       for update of c
),
moved as (
    update es.checkpoints c set position = s.upto, updated_at = clock_timestamp()
      from held h join spans s on h.tenant_id = s.tenant_id and h.view = s.view and h.version = s.version
     where c.tenant_id = h.tenant_id and c.view = h.view and c.version = h.version and c.position = s.after
       and (s.token is null or exists (
            select from es.leases l
             where l.view = s.view and l.version = s.version and l.bucket = es.bucket(s.tenant_id)
               and l.token = s.token))
    returning 1
)
select count(*) from moved
"""

HOLD_REFOLDING = """
select c.position, c.refold_from from es.checkpoints c
 where c.tenant_id = $1 and c.view = $2 and c.version = $3 and c.refolding
   and ($4::bigint is null or exists (
        select from es.leases l
         where l.view = $2 and l.version = $3 and l.bucket = es.bucket($1) and l.token = $4))
   for update of c
"""

# The stream of the event `$3` events on, in the order of streams: chunks hold as many events whatever the ids are.
CHUNK_END = """
select e.stream_id from es.events e
 where e.tenant_id = $1 and e.stream_id >= $2 order by e.stream_id, e.version offset $3 limit 1
"""


# Few streams take longer to plan than to fold, and their number would make PostgreSQL plan each time. A plan made on
# empty tables must serve full ones, so it may not scan them.
PLANNED_ONCE = "set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off"

# A chunk is sorted in memory; with the server's usual few megabytes it would go to disk and back.
REFOLD_MEMORY = "set local work_mem = '64MB'"

MANY_STREAMS = 200
"""From here on a step is planned for its size, and without nested loops over the view's own CTEs."""


class Outrun(Exception):
    """Another worker moved the checkpoint or took the lease. Nothing was written; look again."""


@dataclass(frozen=True, slots=True)
class Span:
    """Positions of a tenant: after `after`, up to and including `upto`."""

    tenant_id: UUID
    after: int
    upto: int

    def __len__(self) -> int:
        return self.upto - self.after


Touched = Mapping[Span, Mapping[str, Mapping[str, Sequence[UUID]]]]
"""Streams with an event in a span, by stream type and the event's type."""


@dataclass(frozen=True, slots=True)
class Part:
    """Spans of one view, at most one a tenant, all of buckets leased under one token."""

    view: View
    spans: tuple[Span, ...]
    token: int | None = None

    def streams(self, touched: Touched) -> tuple[list[UUID], list[UUID], list[int]]:
        """Tenant, stream and position up to which, of each stream this view must fold again."""
        moved_by = self.view.moved_by
        found = [
            (span.tenant_id, stream, span.upto)
            for span in self.spans
            for stream_type in self.view.stream_types
            for stream in dict.fromkeys(
                stream
                for type, streams in touched[span].get(stream_type, {}).items()
                if not moved_by or type in moved_by
                for stream in streams
            )
        ]
        return [f[0] for f in found], [f[1] for f in found], [f[2] for f in found]


async def touched_streams(connection: Connection, spans: Sequence[Span]) -> Touched:
    """Of each span, the streams with an event in it, by stream type and the event's type."""
    found: dict[Span, dict[str, dict[str, list[UUID]]]] = {span: {} for span in spans}
    for row in await connection.fetch(TOUCHED, *columns(spans)):
        found[spans[row["span"]]].setdefault(row["stream_type"], {})[row["type"]] = row["streams"]
    return found


def columns(spans: Sequence[Span]) -> tuple[list[UUID], list[int], list[int]]:
    return [s.tenant_id for s in spans], [s.after for s in spans], [s.upto for s in spans]


async def fold(
    connection: Connection, view: View, spans: Sequence[Span], touched: Touched, *, token: int | None = None
) -> None:
    """Fold these spans, at most one a tenant, into one view. Raises as `fold_parts`."""
    await fold_parts(connection, [Part(view, tuple(spans), token)], touched)


async def fold_parts(connection: Connection, parts: Sequence[Part], touched: Touched) -> None:
    """Fold all these parts or none: checkpoints first, which takes their locks, then rows.

    Raises Outrun when a checkpoint is not where its span begins; whatever PostgreSQL says of a poison fact.
    """
    concerned = [(part.view, part.streams(touched)) for part in parts]
    concerned = [(view, streams) for view, streams in concerned if streams[0]]
    moves = [(part.view, span, part.token) for part in parts for span in part.spans]
    if not concerned:
        await move(connection, moves)
        return
    async with connection.transaction():
        await move(connection, moves)
        fault_points.reach("fold.moved")
        if max(len(tenants) for _, (tenants, _, _) in concerned) > MANY_STREAMS:
            await plan_for_many(connection)
        else:
            await connection.execute(PLANNED_ONCE)
        for view, streams in concerned:
            await connection.execute(view.replace_given(), *streams)
            fault_points.reach("fold.rows")
    fault_points.reach("fold.committed")


async def move(connection: Connection, moves: Iterable[tuple[View, Span, int | None]]) -> None:
    """Advance checkpoints, all or, inside a transaction, none. Raises Outrun when one was not where it should be."""
    listed = list(moves)
    moved = await connection.fetchval(
        MOVE,
        *columns([span for _, span, _ in listed]),
        [view.name for view, _, _ in listed],
        [view.version for view, _, _ in listed],
        [token for _, _, token in listed],
    )
    if moved != len(listed):
        raise Outrun


async def plan_for_many(connection: Connection) -> None:
    """The planner cannot know how many facts the touched streams have; a nested loop over a CTE of them is quadratic.

    The LATERAL index probes stay loops: nothing else can run them.
    """
    await connection.execute("set local plan_cache_mode = force_custom_plan; set local enable_nestloop = off")


async def refold_chunk(
    connection: Connection, view: View, tenant_id: UUID, events: int, *, new: bool = False, token: int | None = None
) -> bool:
    """Replace the rows of the tenant's next streams, about so many events of them. True when there are no more.

    The rows are as of the checkpoint, which stays: live folding goes on between the chunks. In a `new` table hardly
    any row is there to compare with.
    """
    async with connection.transaction():
        await plan_for_many(connection)
        await connection.execute(REFOLD_MEMORY)
        held = await connection.fetchrow(HOLD_REFOLDING, tenant_id, view.name, view.version, token)
        if held is None:
            raise Outrun
        first = held["refold_from"] or FIRST_STREAM
        last = await connection.fetchval(CHUNK_END, tenant_id, first, events) or LAST_STREAM
        if new:
            await connection.execute(
                f"delete from {view.table} where tenant_id = $1 and stream_id between $2 and $3", tenant_id, first, last
            )
            statement = f"insert into {view.table} {view.select_range()}"
        else:
            statement = view.replace_range()
        await connection.execute(statement, tenant_id, first, last, held["position"])
        done = last == LAST_STREAM
        await connection.execute(
            """update es.checkpoints set refolding = $4, refold_from = $5, updated_at = clock_timestamp()
                where tenant_id = $1 and view = $2 and version = $3""",
            tenant_id,
            view.name,
            view.version,
            not done,
            None if done else UUID(int=last.int + 1),
        )
        return done
