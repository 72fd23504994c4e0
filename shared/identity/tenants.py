"""The zone of each tenant, from the first fact of its own stream. Remembered for the life of the process."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DEFAULT_ZONE = "Asia/Shanghai"

FIRST_FACT = "select data->>'zone' as zone from es.events where tenant_id = $1 and stream_id = $1 and version = 1"


class Tenants:
    """Which tenants are open, and in which zone their days are."""

    def __init__(self) -> None:
        self._zones: dict[UUID, ZoneInfo] = {}

    def known(self, tenant_id: UUID) -> ZoneInfo | None:
        return self._zones.get(tenant_id)

    async def zone(self, pool: Any, tenant_id: UUID) -> ZoneInfo | None:
        """The tenant's zone, or None when no such tenant was opened."""
        known = self._zones.get(tenant_id)
        if known is not None:
            return known
        row = await pool.fetchrow(FIRST_FACT, tenant_id)
        if row is None:
            return None
        try:
            zone = ZoneInfo(row["zone"] or DEFAULT_ZONE)
        except (ZoneInfoNotFoundError, ValueError):
            zone = ZoneInfo(DEFAULT_ZONE)
        self._zones[tenant_id] = zone
        return zone
