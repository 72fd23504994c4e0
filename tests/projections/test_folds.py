"""Live in any split, rebuilt, and computed in plain Python: the same rows, with late facts, corrections and voids."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID, uuid4

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.projections import catch_up, fold, prepare, rebuild, source, status, verify_view
from shared.projections.fold import Span
from shared.testing.database import BY_HAND
from shared.testing.views import assert_live_equals_rebuild, fold_all, fold_in_random_splits
from tests.projections.deals import DEAL_STANDINGS, LOST_DEALS, VIEWS, Log, lost_of, standings_of


async def assert_views_are_right(pool: asyncpg.Pool, log: Log) -> None:
    assert await standings_of(pool, DEAL_STANDINGS.table, log.tenant_id) == log.standings()
    assert await lost_of(pool, LOST_DEALS.table, log.tenant_id) == log.lost()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), acts=st.integers(0, 80))
async def test_any_split_gives_the_rows_of_one_fold(pool: asyncpg.Pool, seed: int, acts: int) -> None:
    log = Log(uuid4())
    log.act(random.Random(seed), acts)
    await log.write(pool)
    await fold_in_random_splits(pool, VIEWS, log.tenant_id, seed=seed)
    await assert_views_are_right(pool, log)
    await assert_live_equals_rebuild(pool, VIEWS, log.tenant_id)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), acts=st.integers(1, 60))
async def test_known_at_any_position_is_what_was_known_then(pool: asyncpg.Pool, seed: int, acts: int) -> None:
    chance = random.Random(seed)
    log = Log(uuid4())
    log.act(chance, acts)
    await log.write(pool)
    await fold_in_random_splits(pool, VIEWS, log.tenant_id, seed=seed)
    log.act(chance, 5)  # not folded yet: what is known at a position does not depend on how far the fold is
    await log.write(pool)
    for position in {0, len(log.entries), *(chance.randint(0, len(log.entries)) for _ in range(5))}:
        known = source(DEAL_STANDINGS, known_at="$2")
        assert await standings_of(pool, known, log.tenant_id, position) == log.standings(position)
        known = source(LOST_DEALS, known_at="$2")
        assert await lost_of(pool, known, log.tenant_id, position) == log.lost(position)


async def test_appending_and_folding_in_turns_stays_right(pool: asyncpg.Pool) -> None:
    chance = random.Random(7)
    log = Log(uuid4())
    for _ in range(25):
        log.act(chance, chance.randint(1, 9))
        await log.write(pool)
        await fold_all(pool, VIEWS)
        await assert_views_are_right(pool, log)


async def test_tenants_sharing_a_stream_id_stay_apart(pool: asyncpg.Pool) -> None:
    stream = uuid4()
    ours, theirs = Log(uuid4()), Log(uuid4())
    ours.open(stream, day=0, amount="1")
    theirs.open(stream, day=1, amount="2")
    await ours.write(pool)
    await theirs.write(pool)
    await fold_all(pool, VIEWS)
    ours.move(stream, day=2, stage="lost")
    await ours.write(pool)
    await fold_all(pool, VIEWS)
    for log in (ours, theirs):
        await assert_views_are_right(pool, log)
        known = source(DEAL_STANDINGS, known_at="$2")
        assert await standings_of(pool, known, log.tenant_id, 1) == log.standings(1)


async def test_an_empty_log_has_live_empty_views(pool: asyncpg.Pool) -> None:
    await fold_all(pool, VIEWS)
    assert [s.status for s in await status(pool, VIEWS)] == ["live", "live"]
    await rebuild(pool, VIEWS)
    await catch_up(pool, VIEWS)
    assert [await verify_view(pool, view) for view in VIEWS] == [[], []]


async def test_checkpoints_pass_what_a_view_ignores(pool: asyncpg.Pool) -> None:
    tenant = uuid4()
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(BY_HAND)
        await connection.execute("insert into es.heads values ($1)", tenant)
        await connection.execute(
            """insert into es.events
               select $1, n, 'other', gen_random_uuid(), 1, 'Something', 1, '{}', '{}', now(), now(), ''
                 from generate_series(1, 120000) n""",
            tenant,
        )
    await fold_all(pool, VIEWS)
    assert [s.position for s in await status(pool, VIEWS, tenant_id=tenant)] == [120_000, 120_000]


async def test_rebuilding_again_and_again_changes_nothing(pool: asyncpg.Pool) -> None:
    log = Log(uuid4())
    log.act(random.Random(3), 60)
    await log.write(pool)
    for _ in range(3):
        await fold_all(pool, VIEWS)
        await rebuild(pool, VIEWS)
        assert all(s.rebuilding for s in await status(pool, VIEWS))
    await catch_up(pool, VIEWS)
    assert not any(s.rebuilding for s in await status(pool, VIEWS))
    await assert_views_are_right(pool, log)


async def test_a_rebuild_mends_what_was_damaged(pool: asyncpg.Pool) -> None:
    log = Log(uuid4())
    log.act(random.Random(4), 60)
    await log.write(pool)
    await fold_all(pool, VIEWS)
    await pool.execute(
        "update toys.deal_standings_v1 set amount = 1 + amount where stream_id = $1", next(iter(log.deals))
    )
    await pool.execute("insert into toys.lost_deals_v1 values ($1, $2, 1, now())", log.tenant_id, UUID(int=2**128 - 1))
    found = [await verify_view(pool, view) for view in VIEWS]
    assert {d.what for d in found[0]} == {"missing", "surplus"}
    assert [d.what for d in found[1]] == ["surplus"]
    await rebuild(pool, VIEWS)
    await catch_up(pool, VIEWS)
    assert [await verify_view(pool, view) for view in VIEWS] == [[], []]
    await assert_views_are_right(pool, log)


async def test_checkpoints_are_locked_in_one_order_so_that_workers_never_wait_in_a_ring(pool: asyncpg.Pool) -> None:
    tenants = sorted((uuid4() for _ in range(7)), key=lambda tenant: tenant.int)
    view = VIEWS[0]
    await prepare(pool, VIEWS)
    await pool.executemany(
        "insert into es.checkpoints (tenant_id, view, version, position) values ($1, $2, $3, 0)",
        [(tenant, view.name, view.version) for tenant in reversed(tenants)],
    )

    async def move_all() -> None:
        async with pool.acquire() as connection:
            await fold.move(connection, [(view, Span(tenant, 0, 1), None) for tenant in reversed(tenants)])

    async with pool.acquire() as blocker, blocker.transaction():
        await blocker.execute("select from es.checkpoints where tenant_id = $1 for update", tenants[3])
        moving = asyncio.create_task(move_all())
        while await pool.fetchval("select not exists (select from pg_locks where not granted)"):
            await asyncio.sleep(0.01)
        free = await pool.fetch("select tenant_id from es.checkpoints order by 1 for update skip locked")
        assert [row["tenant_id"] for row in free] == tenants[4:]
    await moving


async def test_a_position_moves_once_however_many_followers(pool: asyncpg.Pool) -> None:
    chance = random.Random(11)
    logs = [Log(uuid4()) for _ in range(6)]
    await prepare(pool, VIEWS)
    for _ in range(10):
        for log in logs:
            log.act(chance, chance.randint(1, 6))
            await log.write(pool)
        await asyncio.gather(*(catch_up(pool, VIEWS) for _ in range(4)))
    for log in logs:
        await assert_views_are_right(pool, log)
