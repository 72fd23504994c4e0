"""An idempotency key is remembered for its days, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import asyncpg

from services.work import Worker
from shared.jobs import Running
from shared.settings import Settings


async def nothing(_: Running) -> Mapping[str, object] | None:
    return None


async def test_the_worker_forgets_keys_whose_days_are_over(
    pool: asyncpg.Pool, own_database_url: str, tmp_path: Path
) -> None:
    tenant, principal = uuid4(), uuid4()
    await pool.executemany(
        """insert into es.commands (tenant_id, principal_id, key, status, code, at)
           values ($1, $2, $3, 200, 'ok', clock_timestamp() - make_interval(days => $4))""",
        [(tenant, principal, f"{days} days old", days) for days in (1, 6, 8, 400)],
    )
    worker = Worker([], {"nothing": nothing}, Settings(data=tmp_path, database_url=own_database_url, key_days=7))
    working = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(20):
            while await pool.fetchval("select count(*) > 2 from es.commands"):
                await asyncio.sleep(0.02)
    finally:
        worker.stop.set()
        await working
    kept = await pool.fetch("select key from es.commands order by at desc")
    assert [row["key"] for row in kept] == ["1 days old", "6 days old"]
