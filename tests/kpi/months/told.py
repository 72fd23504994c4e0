"""A log that was written at the times a test says. Only for tests of what depends on when something was told."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg

from shared.testing.database import BY_HAND

RETOLD = "update es.events set recorded_at = $3 where tenant_id = $1 and position >= $2"


async def told_at(pool: asyncpg.Pool[asyncpg.Record], tenant_id: UUID, first: int, at: datetime) -> None:
    """Let the log have been told all from this position on at that time."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(BY_HAND)
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(RETOLD, tenant_id, first, at)
