"""Where the logs of the tenants end just now, told to any number who wait, by one look at the database a tenant.

Looking is the truth, a notification only makes the look early. Holds no event: who is told reads on from its own place.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import asyncpg

from shared.event_store import connections
from shared.event_store.hints import CHANNEL
from shared.event_store.store import FIRST_EPOCH
from shared.identity.current_tenant import as_tenant
from shared.telemetry import logger

APART_SECONDS = 0.05
"""Between two looks at least: what is recorded more often is told once."""
APART_FOR_EACH_SECONDS = 0.0002
"""As much longer for each who waits, since each is work; up to a second."""
UNHINTED_SECONDS = 0.2
IDLE_SECONDS = 1.0
"""Between two looks without news, as long as notifications come. Also how soon a stopping process is noticed."""
CONNECT_AGAIN_SECONDS = 5.0

HEAD = """
select coalesce((select position from es.events where tenant_id = $1 order by position desc limit 1), 0) as position,
       (select max(epoch) from es.epochs where tenant_id = $1) as epoch
"""

log = logger("tail")


class End:
    """The end of one tenant's log, as last seen. `news` is done as soon as it is elsewhere: many may wait for it with
    `asyncio.wait`, which takes no task for each."""

    def __init__(self) -> None:
        self.position = 0
        self.epoch = 0
        self.news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.listeners = 0
        self.first_look = asyncio.Lock()

    def tell(self) -> None:
        """Wake all who wait, and let who waits next wait for the next news."""
        news, self.news = self.news, asyncio.get_running_loop().create_future()
        news.set_result(None)


class Tail:
    """Looks at the logs of the tenants somebody waits for. `pool` gives connections of the current tenant.

    `stopping` says whether the process is to end: all who wait are then told.
    """

    def __init__(
        self, pool: Callable[[], Any], database_url: Callable[[], str], stopping: Callable[[], bool] = lambda: False
    ) -> None:
        self._pool = pool
        self._database_url = database_url
        self._stopping = stopping
        self._ends: dict[UUID, End] = {}
        self._hint = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._listening: asyncpg.Connection[Any] | None = None
        self._closed = False

    @property
    def ending(self) -> bool:
        """Whether waiting is over for everybody."""
        return self._closed or self._stopping()

    async def beyond(self, tenant_id: UUID, position: int, *, until: float) -> int:
        """The end of the log once it is beyond this position; at `until` (the loop's time), or when the process is to
        end, where it then is. Raises what the database raises at the first look."""
        loop = asyncio.get_running_loop()
        async with self.listening(tenant_id) as end:
            while end.position <= position and not self.ending and (left := until - loop.time()) > 0:
                await asyncio.wait((end.news,), timeout=left)
            return end.position

    @asynccontextmanager
    async def listening(self, tenant_id: UUID) -> AsyncIterator[End]:
        """The end of a tenant's log, kept up as long as the block runs. Raises what the database raises at the first
        look."""
        end = self._ends.setdefault(tenant_id, End())
        end.listeners += 1
        try:
            async with end.first_look:
                if not end.epoch:
                    await self._look(tenant_id, end)
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._run(), name="tail")
            yield end
        finally:
            end.listeners -= 1
            if not end.listeners:
                self._ends.pop(tenant_id, None)

    def look_now(self) -> None:
        """Something was recorded: look before it is time."""
        self._hint.set()

    async def close(self) -> None:
        """End; who waits is told."""
        self._closed = True
        self._tell_all()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._listening is not None:
            self._listening.terminate()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        connect_at = 0.0
        while self._ends:
            if (self._listening is None or self._listening.is_closed()) and loop.time() >= connect_at:
                connect_at = loop.time() + CONNECT_AGAIN_SECONDS
                await self._listen()
            hinted = self._listening is not None and not self._listening.is_closed()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hint.wait(), IDLE_SECONDS if hinted else UNHINTED_SECONDS)
            self._hint.clear()
            if self.ending:
                self._tell_all()
            for tenant_id, end in list(self._ends.items()):
                try:
                    await self._look(tenant_id, end)
                except connections.AWAY as error:
                    log.info("log not looked at", error=type(error).__name__)  # the next look will tell
            waiting = sum(end.listeners for end in self._ends.values())
            await asyncio.sleep(min(1.0, APART_SECONDS + APART_FOR_EACH_SECONDS * waiting))

    async def _listen(self) -> None:
        with suppress(*connections.AWAY):
            self._listening = await connections.connect(self._database_url(), connections.NOTIFIER)
            await self._listening.add_listener(CHANNEL, lambda *_: self._hint.set())

    async def _look(self, tenant_id: UUID, end: End) -> None:
        with as_tenant(tenant_id):
            row = await self._pool().fetchrow(HEAD, tenant_id)
        position, epoch = row["position"], row["epoch"] or FIRST_EPOCH
        if (position, epoch) != (end.position, end.epoch) and epoch >= end.epoch:
            # two looks may come back in turned order; within an epoch the log only grows
            end.position = position if epoch > end.epoch else max(position, end.position)
            end.epoch = epoch
            end.tell()

    def _tell_all(self) -> None:
        for end in self._ends.values():
            end.tell()
