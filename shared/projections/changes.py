"""Which views have changed, told to any number of listeners of this process by one look at the database a tenant.

A hint, not a truth: who hears that a view changed reads it again. A hint may be false (the records that changed were
none of theirs); none is missing: checkpoints are polled, a notification only makes the poll early.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import asyncpg

from shared.event_store import connections
from shared.event_store.hints import CHANNEL
from shared.identity.current_tenant import as_tenant
from shared.projections.view import View
from shared.telemetry import logger

SOON_SECONDS = 0.05
"""After a hint: views fold what was appended within about this time."""
BUSY_SECONDS = 0.2
"""Between two looks while something changes: what changes more often is told once."""
BUSY_FOR_SECONDS = 1.5
IDLE_SECONDS = 1.0
"""Between two looks while nothing does; a hint comes before."""
CONNECT_AGAIN_SECONDS = 5.0

CHECKPOINTS = """
select view, version, position from es.checkpoints
 where tenant_id = $1 and (view, version) in (select * from unnest($2::text[], $3::int[]))
"""
# Of which types facts were recorded in a span of the log: a view of other types did not change by them.
TYPES = """
select stream_type, max(position) as position from es.events
 where tenant_id = $1 and position > $2 and position <= $3 group by 1
"""
MOST_POSITIONS = 5_000
"""A longer span is not looked through: every view that moved over it is told."""

log = logger("changes")


class Tenant:
    """What is known of one tenant's views: `changed` says at which position each changed last."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}
        self.changed: dict[str, int] = {}
        self.begun: int | None = None
        self.news = asyncio.Event()
        self.listeners = 0


class Watcher:
    """Looks at the checkpoints of the tenants somebody listens for. `pool` gives connections of the current tenant."""

    def __init__(self, pool: Callable[[], Any], database_url: Callable[[], str], views: Iterable[View]) -> None:
        self._pool = pool
        self._database_url = database_url
        self._views = {view.name: view for view in views}
        self._tenants: dict[UUID, Tenant] = {}
        self._hint = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._listening: asyncpg.Connection[Any] | None = None
        self.closed = False

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._views)

    @asynccontextmanager
    async def listening(self, tenant_id: UUID) -> AsyncIterator[Tenant]:
        """The tenant's state, kept up as long as the block runs. Raises what the database raises at the first look."""
        tenant = self._tenants.setdefault(tenant_id, Tenant())
        tenant.listeners += 1
        try:
            if tenant.begun is None:
                await self._look(tenant_id, tenant)
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._run(), name="view changes")
            yield tenant
        finally:
            tenant.listeners -= 1
            if not tenant.listeners:
                self._tenants.pop(tenant_id, None)

    def wake(self) -> None:
        """Let every listener look at whether it should go on."""
        for tenant in self._tenants.values():
            _tell(tenant)

    async def close(self) -> None:
        """End; listeners are told."""
        self.closed = True
        self.wake()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._listening is not None:
            self._listening.terminate()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        busy_until, connect_at = 0.0, 0.0
        while self._tenants:
            if (self._listening is None or self._listening.is_closed()) and loop.time() >= connect_at:
                connect_at = loop.time() + CONNECT_AGAIN_SECONDS
                await self._listen()
            hinted = self._listening is not None and not self._listening.is_closed()
            pause = BUSY_SECONDS if loop.time() < busy_until or not hinted else IDLE_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hint.wait(), pause)
                await asyncio.sleep(SOON_SECONDS if loop.time() >= busy_until else BUSY_SECONDS)
                busy_until = loop.time() + BUSY_FOR_SECONDS
            self._hint.clear()
            for tenant_id, tenant in list(self._tenants.items()):
                try:
                    if await self._look(tenant_id, tenant):
                        busy_until = loop.time() + BUSY_FOR_SECONDS
                except connections.AWAY as error:
                    log.info("views not looked at", error=type(error).__name__)  # the next look will tell

    async def _listen(self) -> None:
        with suppress(*connections.AWAY):
            self._listening = await connections.connect(self._database_url(), connections.NOTIFIER)
            await self._listening.add_listener(CHANNEL, lambda *_: self._hint.set())

    async def _look(self, tenant_id: UUID, tenant: Tenant) -> bool:
        """One look at a tenant's checkpoints; whether a view changed."""
        names, versions = list(self._views), [view.version for view in self._views.values()]
        with as_tenant(tenant_id):
            rows = await self._pool().fetch(CHECKPOINTS, tenant_id, names, versions)
            now = {row["view"]: row["position"] for row in rows}
            moved = {name: position for name, position in now.items() if position != tenant.seen.get(name, 0)}
            first = tenant.begun is None
            changed = {} if first or not moved else await self._changed(tenant_id, tenant.seen, moved)
        tenant.seen = now
        if first:
            tenant.begun = max(now.values(), default=0)
            return False
        if changed:
            tenant.changed |= changed
            _tell(tenant)
        return bool(moved)

    async def _changed(self, tenant_id: UUID, seen: Mapping[str, int], moved: Mapping[str, int]) -> Mapping[str, int]:
        """Of the views that moved those that are fed by what was recorded meanwhile; gone back: rebuilt, so changed."""
        low, high = min(seen.get(name, 0) for name in moved), max(moved.values())
        if high - low > MOST_POSITIONS or high <= low:
            return moved
        found = {row["stream_type"]: row["position"] for row in await self._pool().fetch(TYPES, tenant_id, low, high)}
        return {
            name: position
            for name, position in moved.items()
            if position < seen.get(name, 0)
            or any(found.get(kind, 0) > seen.get(name, 0) for kind in self._views[name].stream_types)
        }


def _tell(tenant: Tenant) -> None:
    """Wake all who wait, and let who waits next wait for the next news."""
    news, tenant.news = tenant.news, asyncio.Event()
    news.set()
