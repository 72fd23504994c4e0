"""Real worker processes: killed, cut off, stopped. Nothing is folded twice, lost, or left waiting."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg

from shared.event_store.hints import CHANNEL
from shared.projections import prepare, rebuild, status, verify_view, wait_for
from shared.testing.database import BY_HAND
from tests.projections.deals import VIEWS, Log
from tests.projections.test_folds import assert_views_are_right


@asynccontextmanager
async def worker(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.projections.toy_worker", env=os.environ | {"DATABASE_URL": url}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until(pool: asyncpg.Pool, query: str, *arguments: object, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await pool.fetchval(query, *arguments):
            await asyncio.sleep(0.02)


WORKERS_HAVE_LEASES = """
    select count(distinct holder) = $1 and count(*) = 32 and bool_and(holder is not null) from es.leases"""


async def test_a_worker_killed_in_mid_fold_is_replaced_at_once(pool: asyncpg.Pool, own_database_url: str) -> None:
    chance = random.Random(2)
    logs = [Log(uuid4()) for _ in range(20)]
    await prepare(pool, VIEWS)
    async with worker(own_database_url) as first, worker(own_database_url) as second:
        await until(pool, WORKERS_HAVE_LEASES, 2)
        async with pool.acquire() as blocker, blocker.transaction():
            await blocker.execute("lock table toys.deal_standings_v1 in share row exclusive mode")
            for log in logs:
                log.act(chance, 20)
                await log.write(pool)
            await pool.execute(f"notify {CHANNEL}")
            await until(pool, "select count(*) >= 2 from pg_locks where not granted")  # both are in mid-fold
            first.kill()
            await first.wait()
        for log in logs:
            await wait_for(pool, VIEWS, log.tenant_id, len(log.entries), timeout=10)
            await assert_views_are_right(pool, log)
        second.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(second.wait(), 10) == 0


async def test_a_stopped_worker_ends_cleanly_and_frees_its_leases(pool: asyncpg.Pool, own_database_url: str) -> None:
    await prepare(pool, VIEWS)
    async with worker(own_database_url) as process:
        await until(pool, WORKERS_HAVE_LEASES, 1)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    assert await pool.fetchval("select count(*) from es.leases where holder is not null") == 0
    assert await pool.fetchval("select count(*) from es.workers") == 0


async def test_a_worker_comes_back_with_its_connections(pool: asyncpg.Pool, own_database_url: str) -> None:
    log = Log(uuid4())
    async with worker(own_database_url) as process:
        for round_ in range(4):
            await until(pool, WORKERS_HAVE_LEASES, 1)
            log.act(random.Random(round_), 10)
            await log.write(pool)
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(BY_HAND)
                await connection.fetch(
                    """select pg_terminate_backend(pid) from pg_stat_activity
                        where datname = current_database() and application_name like 'dakehu work%'"""
                )
        await wait_for(pool, VIEWS, log.tenant_id, len(log.entries), timeout=10)
        assert process.returncode is None
    await assert_views_are_right(pool, log)


async def test_without_any_hint_the_poll_finds_the_news(pool: asyncpg.Pool, own_database_url: str) -> None:
    log = Log(uuid4())
    async with worker(own_database_url):
        await until(pool, WORKERS_HAVE_LEASES, 1)
        log.act(random.Random(9), 10)
        await log.write(pool)  # no notify
        await wait_for(pool, VIEWS, log.tenant_id, len(log.entries), timeout=2)


async def test_a_rebuild_beside_appends_and_readers(pool: asyncpg.Pool, own_database_url: str) -> None:
    """Rows are whole at any moment of a rebuild, and right at its end."""
    chance = random.Random(12)
    log = Log(uuid4())
    for _ in range(40):
        log.deals.clear()  # start other deals: more streams
        log.act(chance, 50)
    oracle = dict(log.as_known_at(len(log.entries)))
    await log.write(pool)
    async with worker(own_database_url):
        await wait_for(pool, VIEWS, log.tenant_id, len(log.entries), timeout=20)
        rows = await pool.fetchval("select count(*) from toys.deal_standings_v1")
        await rebuild(pool, VIEWS)
        log.deals = oracle
        for _ in range(15):
            stream = chance.choice(list(log.deals))
            log.move(stream, day=chance.randint(0, 9), stage="hot")
            await log.write(pool)
            rows += 1
            await wait_for(pool, VIEWS, log.tenant_id, len(log.entries))
            assert await pool.fetchval("select count(*) from toys.deal_standings_v1") == rows
        await until(pool, "select not exists (select from es.checkpoints where refolding)")
    assert not any(s.rebuilding for s in await status(pool, VIEWS))
    await assert_views_are_right(pool, log)
    assert [await verify_view(pool, view) for view in VIEWS] == [[], []]
