"""How each tenant stands: its zone, and whether it is open, from the facts of its own stream. Changes nothing.

A zone is for ever; the standing is asked for again every few seconds, so that a suspension is felt everywhere soon.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.identity.current_tenant import as_tenant

DEFAULT_ZONE = "Asia/Shanghai"
STANDING_SECONDS = 3.0
"""How long a standing is taken as known: a suspension is felt within this, and a look-up's time."""
SUSPENDED = "suspended"

# Without its head a tenant is closed to everybody, whatever is left of its log.
STANDING = """
select first.data->>'zone' as zone, last.data->'standing'->>'status' as status
  from es.heads h
  join es.events first on first.tenant_id = h.tenant_id and first.stream_id = h.tenant_id and first.version = 1
  cross join lateral (
    select e.data from es.events e
     where e.tenant_id = h.tenant_id and e.stream_id = h.tenant_id order by e.version desc limit 1) last
 where h.tenant_id = $1
"""


class Standing(NamedTuple):
    """How a tenant stands; `suspended` refuses every request."""

    zone: ZoneInfo
    suspended: bool


class Tenants:
    """What this process knows of the tenants."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[UUID, tuple[float, Standing]] = {}

    def open(self, tenant_id: UUID) -> bool:
        """Whether the tenant was open when last looked at, a moment ago. False: look again."""
        known = self._known.get(tenant_id)
        return known is not None and not known[1].suspended and known[0] > self._clock()

    def known(self, tenant_id: UUID) -> ZoneInfo | None:
        known = self._known.get(tenant_id)
        return None if known is None else known[1].zone

    async def zone(self, pool: Any, tenant_id: UUID) -> ZoneInfo | None:
        """The tenant's zone, or None when no such tenant was opened."""
        standing = await self.standing(pool, tenant_id)
        return None if standing is None else standing.zone

    async def standing(self, pool: Any, tenant_id: UUID) -> Standing | None:
        """How the tenant stands; None when it was never opened, or is deleted."""
        known = self._known.get(tenant_id)
        now = self._clock()
        if known is not None:
            if known[0] > now:
                return known[1]
            self._known[tenant_id] = (now + STANDING_SECONDS, known[1])  # one asks, the others go on with what was
        try:
            with as_tenant(tenant_id):
                row = await pool.fetchrow(STANDING, tenant_id)
        except BaseException:
            if known is not None:
                self._known[tenant_id] = known
            raise
        if row is None:
            self._known.pop(tenant_id, None)
            return None
        try:
            zone = known[1].zone if known is not None else ZoneInfo(row["zone"] or DEFAULT_ZONE)
        except (ZoneInfoNotFoundError, ValueError):
            zone = ZoneInfo(DEFAULT_ZONE)
        standing = Standing(zone, row["status"] == SUSPENDED)
        self._known[tenant_id] = (now + STANDING_SECONDS, standing)
        return standing
