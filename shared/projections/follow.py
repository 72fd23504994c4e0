"""Keeps views up with the log: finds who is behind, folds, isolates poison. Knows no process, signal or timer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from shared.projections import fold, parking, tables
from shared.projections.fold import Outrun, Part, Span
from shared.projections.view import View

log = structlog.get_logger(__name__)

STEP_POSITIONS = 50_000
"""At most so many positions of a tenant in one transaction."""
FIRST_STEP_POSITIONS = 10_000
CHUNK_EVENTS = 20_000
"""A rebuild's first chunk. Steps and chunks adapt to the time they take."""
TARGET_SECONDS = 2.0
"""Steps and chunks are sized to take about this long, so that none holds a snapshot for 5 s."""
LOOK_AT_ALL_SECONDS = 2.0
"""How often checkpoints are looked at though no head moved: a retry or rebuild was asked for, leases changed hands."""
LIVE_WITHIN = 1_000
"""A new version goes live when no tenant is further behind."""

Key = tuple[str, int]
Step = Coroutine[Any, Any, bool]
Tokens = Mapping[tuple[str, int, int], int]
"""Fencing tokens of the leases held, by view, version and bucket."""

HEADS = """
select h.tenant_id, e.position
  from es.heads h
  cross join lateral (select position from es.events e where e.tenant_id = h.tenant_id order by position desc limit 1) e
"""

# Every view of these tenants that is behind, in one statement.
BEHIND = """
select v.name, v.version, h.tenant_id, h.position as head, c.position, coalesce(c.refolding, false) as refolding
  from unnest($3::uuid[], $4::bigint[]) as h(tenant_id, position)
  cross join unnest($1::text[], $2::int[]) as v(name, version)
  left join es.checkpoints c on c.tenant_id = h.tenant_id and c.view = v.name and c.version = v.version
 where (c.position is null or c.position < h.position or c.refolding)
   and not exists (select from es.parked p
                    where p.tenant_id = h.tenant_id and p.view = v.name and p.version = v.version)
"""

# A tenant new to a view. In a view being built a long log is refolded stream by stream, each stream once.
BEGIN = """
insert into es.checkpoints (tenant_id, view, version, position, refolding)
select b.tenant_id, b.view, b.version, case when b.refold then b.head else 0 end, b.refold
  from unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::bool[]) as b(tenant_id, view, version, head, refold)
 order by 1, 2, 3
on conflict do nothing
"""

STOP_REFOLDING = """
update es.checkpoints set refolding = false, refold_from = null, position = 0
 where tenant_id = $1 and view = $2 and version = $3 and refolding
"""

TRANSIENT = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # lost between two messages of one statement
    asyncpg.TransactionRollbackError,  # deadlock, serialization
    asyncpg.LockNotAvailableError,
    asyncpg.InsufficientResourcesError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.UndefinedTableError,  # the view was dropped by command: it must be prepared again
    asyncpg.UndefinedObjectError,
)
"""The database's trouble, not the fact's: try again later, park nothing."""


def bucket(tenant_id: UUID) -> int:
    return tenant_id.int & 15


@dataclass(frozen=True, slots=True)
class Behind:
    """A view of a tenant that has events ahead of its checkpoint, or is being refolded."""

    view: View
    tenant_id: UUID
    position: int
    head: int
    refolding: bool


class Follower:
    """Folds a set of views over one pool. Any number may run, in any processes: a checkpoint moves once."""

    def __init__(self, pool: asyncpg.Pool, views: Iterable[View], *, concurrency: int = 2) -> None:
        self.pool = pool
        self.views: dict[Key, View] = {(view.name, view.version): view for view in views}
        self.building: set[Key] = set(self.views)
        self._budget: dict[Key, int] = defaultdict(lambda: FIRST_STEP_POSITIONS)
        self._chunk: dict[Key, int] = defaultdict(lambda: CHUNK_EVENTS)
        self._steps = asyncio.Semaphore(concurrency)
        self._settled: dict[UUID, int] = {}  # heads at which nothing was behind
        self._looked_at_all = 0.0

    async def run_once(self, tokens: Tokens | None = None) -> bool:
        """One pass over whatever is behind. True when something moved, so that another pass is due.

        `tokens` are the leases held; only their views and buckets are folded. Without, everything is.
        """
        if self.building:
            statuses = await tables.statuses(self.pool)
            self.building = {key for key in self.views if statuses.get(key) == "building"}
        heads = await self._news()
        if not heads:
            return False
        behind = await self._behind(heads, tokens)
        self._settled |= heads
        for b in behind:
            self._settled.pop(b.tenant_id, None)
        steps = await self._plan([b for b in behind if b.position < b.head], tokens)
        steps += [self._refold(b, _token(tokens, b.view, b.tenant_id)) for b in behind if b.refolding]
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(self._limited(step)) for step in steps]
        for key in self.building:
            await self._go_live(self.views[key])
        return any(step.result() for step in running)

    async def _limited(self, step: Step) -> bool:
        async with self._steps:
            return await step

    # -- planning ----------------------------------------------------------------------------------

    async def _news(self) -> dict[UUID, int]:
        """Heads of the tenants that may be behind: those that moved since all was folded, now and then all."""
        heads = {row["tenant_id"]: row["position"] for row in await self.pool.fetch(HEADS)}
        if time.monotonic() - self._looked_at_all > LOOK_AT_ALL_SECONDS:
            self._looked_at_all = time.monotonic()
            self._settled.clear()
        return {tenant: head for tenant, head in heads.items() if self._settled.get(tenant) != head}

    async def _behind(self, heads: Mapping[UUID, int], tokens: Tokens | None) -> list[Behind]:
        names, versions = [k[0] for k in self.views], [k[1] for k in self.views]
        rows = await self.pool.fetch(BEHIND, names, versions, list(heads), list(heads.values()))
        if tokens is not None:
            rows = [r for r in rows if (r["name"], r["version"], bucket(r["tenant_id"])) in tokens]
        if new := [r for r in rows if r["position"] is None]:
            refold = [r["head"] > STEP_POSITIONS and (r["name"], r["version"]) in self.building for r in new]
            await self.pool.execute(
                BEGIN,
                [r["tenant_id"] for r in new],
                [r["name"] for r in new],
                [r["version"] for r in new],
                [r["head"] for r in new],
                refold,
            )
            return await self._behind(heads, tokens)
        return [
            Behind(self.views[r["name"], r["version"]], r["tenant_id"], r["position"], r["head"], r["refolding"])
            for r in rows
        ]

    async def _plan(self, behind: Sequence[Behind], tokens: Tokens | None) -> list[Step]:
        """Steps by view and bucket, within each view's budget of positions."""
        groups: dict[tuple[Key, int], list[Span]] = defaultdict(list)
        room: dict[tuple[Key, int], int] = {}
        for b in sorted(behind, key=lambda b: (b.position, b.tenant_id)):
            key = (b.view.name, b.view.version)
            group = (key, bucket(b.tenant_id))
            left = room.setdefault(group, self._budget[key])
            if left > 0:
                span = Span(b.tenant_id, b.position, min(b.head, b.position + left))
                groups[group].append(span)
                room[group] = left - len(span)
        distinct = list(dict.fromkeys(span for spans in groups.values() for span in spans))
        if not distinct:
            return []
        async with self.pool.acquire() as connection:
            touched = await fold.touched_streams(connection, distinct)
        parts = [
            Part(self.views[key], tuple(spans), _token(tokens, self.views[key], spans[0].tenant_id))
            for (key, _), spans in groups.items()
        ]
        sizes = [len(part.streams(touched)[0]) for part in parts]
        if sum(sizes) <= fold.MANY_STREAMS:
            return [self._fold_together(parts, touched)]
        # Views that ignore what happened just move on, all in one statement.
        ignoring = [part for part, size in zip(parts, sizes, strict=True) if not size]
        steps = [self._fold(part, touched) for part, size in zip(parts, sizes, strict=True) if size]
        return [*steps, self._fold_together(ignoring, touched)] if ignoring else steps

    # -- steps: each says whether something moved ----------------------------------------------------

    async def _fold_together(self, parts: Sequence[Part], touched: fold.Touched) -> bool:
        """Few streams: all views in one transaction, hence one commit. If that fails, one by one."""
        try:
            async with self.pool.acquire() as connection:
                await fold.fold_parts(connection, parts, touched)
            return True
        except TRANSIENT:
            raise
        except (Outrun, asyncpg.PostgresError):
            return any([await self._fold(part, touched) for part in parts])

    async def _fold(self, part: Part, touched: fold.Touched) -> bool:
        key = (part.view.name, part.view.version)
        began = time.monotonic()
        try:
            async with self.pool.acquire() as connection:
                await fold.fold_parts(connection, [part], touched)
        except Outrun:  # another worker did it; the next pass sees where things stand
            return False
        except TRANSIENT:
            raise
        except asyncpg.PostgresError as error:
            log.warning("fold_failed", view=part.view.table, tenants=len(part.spans), error=str(error))
            for span in part.spans:
                with contextlib.suppress(Outrun):
                    await self._isolate(part.view, span, part.token)
        took = time.monotonic() - began
        if took > TARGET_SECONDS:
            self._budget[key] = max(1, int(self._budget[key] * TARGET_SECONDS / took / 2))
        elif took < TARGET_SECONDS / 4:
            self._budget[key] = min(STEP_POSITIONS, self._budget[key] * 2)
        return True

    async def _isolate(self, view: View, span: Span, token: int | None) -> bool:
        """Fold as much of the span as can be; park the tenant at the first position that cannot. True if all was."""
        try:
            async with self.pool.acquire() as connection:
                touched = await fold.touched_streams(connection, [span])
                await fold.fold(connection, view, [span], touched, token=token)
            return True
        except TRANSIENT:
            raise
        except asyncpg.PostgresError as error:
            if len(span) == 1:
                await parking.park(self.pool, view, span.tenant_id, span.upto, str(error))
                log.error(
                    "view_parked", view=view.table, tenant=str(span.tenant_id), position=span.upto, error=str(error)
                )
                return False
        middle = (span.after + span.upto) // 2
        first, second = Span(span.tenant_id, span.after, middle), Span(span.tenant_id, middle, span.upto)
        return await self._isolate(view, first, token) and await self._isolate(view, second, token)

    async def _refold(self, behind: Behind, token: int | None) -> bool:
        """One chunk of a rebuild. If it fails, the tenant goes by positions instead, which isolates the poison."""
        view, key = behind.view, (behind.view.name, behind.view.version)
        began = time.monotonic()
        try:
            async with self.pool.acquire() as connection:
                new = key in self.building
                await fold.refold_chunk(connection, view, behind.tenant_id, self._chunk[key], new=new, token=token)
        except Outrun:
            return False
        except TRANSIENT:
            raise
        except asyncpg.PostgresError as error:
            log.warning("refold_failed", view=view.table, tenant=str(behind.tenant_id), error=str(error))
            await self.pool.execute(STOP_REFOLDING, behind.tenant_id, view.name, view.version)
        took = max(time.monotonic() - began, 0.001)
        factor = min(2.0, max(0.25, TARGET_SECONDS / took))
        self._chunk[key] = min(1_000_000, max(1_000, int(self._chunk[key] * factor)))
        return True

    async def _go_live(self, view: View) -> None:
        """Declare a new version live once every tenant is refolded and near its head, or parked."""
        heads = {row["tenant_id"]: row["position"] for row in await self.pool.fetch(HEADS)}
        far = [
            b
            for b in await self._behind(heads, None)
            if b.view is view and (b.refolding or b.head - b.position > LIVE_WITHIN)
        ]
        if not far:
            async with self.pool.acquire() as connection:
                if await tables.go_live(connection, view):
                    log.info("view_live", view=view.table)


def _token(tokens: Tokens | None, view: View, tenant_id: UUID) -> int | None:
    return None if tokens is None else tokens[view.name, view.version, bucket(tenant_id)]


async def catch_up(pool: asyncpg.Pool, views: Collection[View]) -> None:
    """Fold until nothing is behind, in this process. For commands, tests and benches; workers follow for ever."""
    follower = Follower(pool, views)
    while await follower.run_once():
        pass
