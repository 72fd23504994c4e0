"""Reading one's own write: wait until views have folded a position. Never folds, never appends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from uuid import UUID

import asyncpg

from shared.projections.view import View

TIMEOUT_SECONDS = 2.0
TICK_SECONDS = 0.01

# A view being built has no row that can be trusted; a tenant without a checkpoint stands at 0.
STANDING = """
select w.ordinality - 1 as wait, case when v.status = 'live' then coalesce(c.position, 0) end as position,
       exists (select from es.parked p
                where p.tenant_id = w.tenant_id and p.view = w.name and p.version = w.version) as parked
  from unnest($1::uuid[], $2::text[], $3::int[]) with ordinality as w(tenant_id, name, version, ordinality)
  left join es.views v on v.name = w.name and v.version = w.version
  left join es.checkpoints c on c.tenant_id = w.tenant_id and c.view = w.name and c.version = w.version
"""


class ViewBehind(Exception):
    """A view has not folded the position asked for. Answered as 503 `view_behind`, to be tried again.

    `position` is how far it is, None while the view is being built; `parked` says that it waits for a person.
    """

    def __init__(self, view: str, wanted: int, position: int | None, parked: bool) -> None:
        super().__init__(f"{view} is at position {position}, {wanted} was asked for")
        self.view = view
        self.wanted = wanted
        self.position = position
        self.parked = parked


class _Clock:
    """The one poller of a tenant: however many wait, one statement a tick. It asks as its first caller does."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._waits: dict[tuple[UUID, str, int], int] = {}
        self._stands: dict[tuple[UUID, str, int], tuple[int | None, bool]] = {}
        self._tick: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        return not self._waits

    async def look(self, tenant_id: UUID, views: Collection[View]) -> dict[View, tuple[int | None, bool]]:
        """Where the views stand, by a statement that began after this call."""
        keys = {view: (tenant_id, view.name, view.version) for view in views}
        for key in keys.values():
            self._waits[key] = self._waits.get(key, 0) + 1
        try:
            if self._tick is not None:  # under way: it may have looked before our caller's write
                await asyncio.wait([self._tick])
            if self._tick is None or self._tick.done():
                self._tick = asyncio.create_task(self._ask())
            await asyncio.shield(self._tick)
            return {view: self._stands[key] for view, key in keys.items()}
        finally:
            for key in keys.values():
                self._waits[key] -= 1
                if not self._waits[key]:
                    del self._waits[key]
                    self._stands.pop(key, None)

    async def _ask(self) -> None:
        keys = list(self._waits)
        rows = await self._pool.fetch(STANDING, *map(list, zip(*keys, strict=True)))
        self._stands.update({keys[row["wait"]]: (row["position"], row["parked"]) for row in rows})


_clocks: dict[tuple[asyncpg.Pool, UUID], _Clock] = {}


async def _look(pool: asyncpg.Pool, tenant_id: UUID, views: Collection[View]) -> dict[View, tuple[int | None, bool]]:
    key = (pool, tenant_id)
    clock = _clocks.setdefault(key, _Clock(pool))
    try:
        return await clock.look(tenant_id, views)
    finally:
        if clock.idle:  # a closed pool must not be kept
            _clocks.pop(key, None)


async def wait_for(
    pool: asyncpg.Pool,
    views: View | Collection[View],
    tenant_id: UUID,
    position: int,
    timeout: float = TIMEOUT_SECONDS,
) -> None:
    """Return once each view has folded the tenant's log up to `position`. Raises ViewBehind after `timeout` seconds."""
    wanted = [views] if isinstance(views, View) else list(views)
    deadline = time.monotonic() + timeout
    while wanted:
        stands = await _look(pool, tenant_id, wanted)
        wanted = [view for view in wanted if (at := stands[view][0]) is None or at < position]
        for view in wanted:
            at, is_parked = stands[view]
            if is_parked or time.monotonic() >= deadline:
                raise ViewBehind(view.name, position, at, is_parked)
        if wanted:
            await asyncio.sleep(TICK_SECONDS)
