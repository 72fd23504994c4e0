"""A fact a view cannot bear stops that view for that tenant only, in sight, until someone decides."""

from __future__ import annotations

import random
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.projections import (
    NotParked,
    ViewBehind,
    catch_up,
    follow,
    parked,
    prepare,
    rebuild,
    retry,
    skip,
    status,
    verify_view,
    wait_for,
)
from tests.projections.deals import INVERSE_AMOUNTS, VIEWS, Log, standings_of
from tests.projections.test_folds import assert_views_are_right

ALL = (*VIEWS, INVERSE_AMOUNTS)


async def poisoned(pool: asyncpg.Pool, *, seed: int = 5) -> tuple[Log, int]:
    """A tenant's log with one poison fact among many, and its position."""
    chance = random.Random(seed)
    log = Log(uuid4())
    log.act(chance, 40)
    log.price(next(iter(log.deals)), day=3, amount="666")
    position = len(log.entries)
    log.act(chance, 40)
    await log.write(pool)
    return log, position


async def test_the_poison_is_isolated_and_all_others_go_on(pool: asyncpg.Pool) -> None:
    healthy = Log(UUID(int=16))
    healthy.act(random.Random(1), 50)
    await healthy.write(pool)
    sick, position = await poisoned(pool)
    await prepare(pool, ALL)
    await catch_up(pool, ALL)

    assert [(p.view, p.tenant_id, p.position) for p in await parked(pool)] == [
        ("toys.inverse_amounts", sick.tenant_id, position)
    ]
    assert (await parked(pool))[0].type == "DealPriced"
    assert "division by zero" in (await parked(pool))[0].error
    for log in (healthy, sick):
        await assert_views_are_right(pool, log)
    of_sick = {s.name: s for s in await status(pool, ALL, tenant_id=sick.tenant_id)}
    assert of_sick["toys.inverse_amounts"].position == position - 1
    assert of_sick["toys.inverse_amounts"].parked == 1
    assert of_sick["toys.deal_standings"].lag_events == 0
    of_healthy = await status(pool, ALL, tenant_id=healthy.tenant_id)
    assert [s.lag_events for s in of_healthy] == [0, 0, 0]
    assert await verify_view(pool, INVERSE_AMOUNTS) == []


async def test_retry_parks_again_while_the_fact_is_as_it_was(pool: asyncpg.Pool) -> None:
    log, position = await poisoned(pool)
    await prepare(pool, ALL)
    await catch_up(pool, ALL)
    assert await retry(pool, [INVERSE_AMOUNTS], tenant_id=log.tenant_id) == 1
    await catch_up(pool, ALL)
    assert [p.position for p in await parked(pool)] == [position]


async def test_skip_leaves_the_fact_out_on_record_also_in_rebuilds(pool: asyncpg.Pool) -> None:
    log, position = await poisoned(pool)
    await prepare(pool, ALL)
    await catch_up(pool, ALL)
    who = uuid4()
    with pytest.raises(NotParked):
        await skip(pool, INVERSE_AMOUNTS, log.tenant_id, position - 1, skipped_by=who, reason="wrong one")
    await skip(pool, INVERSE_AMOUNTS, log.tenant_id, position, skipped_by=who, reason="a typing error")
    await catch_up(pool, ALL)
    assert await parked(pool) == []
    assert [s.lag_events for s in await status(pool, ALL)] == [0, 0, 0]
    [record] = await pool.fetch("select position, skipped_by, reason, error from es.skips")
    assert tuple(record) == (position, who, "a typing error", "division by zero")

    log.move(next(iter(log.deals)), day=4, stage="won")  # the same stream is folded again
    await log.write(pool)
    await catch_up(pool, ALL)
    await rebuild(pool, ALL)
    await catch_up(pool, ALL)
    assert await parked(pool) == []
    assert await verify_view(pool, INVERSE_AMOUNTS) == []


async def test_poison_in_a_rebuild_is_isolated_too(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "STEP_POSITIONS", 10)  # so that this log counts as long
    monkeypatch.setattr(follow, "CHUNK_EVENTS", 10)
    log, position = await poisoned(pool)
    await prepare(pool, ALL)
    await catch_up(pool, ALL)
    assert [(p.view, p.position) for p in await parked(pool)] == [("toys.inverse_amounts", position)]
    await assert_views_are_right(pool, log)
    assert [s.status for s in await status(pool, ALL)] == ["live", "live", "live"]


async def test_waiting_for_a_parked_view_says_so_at_once(pool: asyncpg.Pool) -> None:
    log, position = await poisoned(pool)
    await prepare(pool, ALL)
    await catch_up(pool, ALL)
    await wait_for(pool, VIEWS, log.tenant_id, len(log.entries))
    await wait_for(pool, INVERSE_AMOUNTS, log.tenant_id, position - 1)
    with pytest.raises(ViewBehind) as behind:
        await wait_for(pool, ALL, log.tenant_id, position, timeout=30)
    assert (behind.value.position, behind.value.wanted, behind.value.parked) == (position - 1, position, True)


async def test_a_corrected_poison_is_no_poison_in_a_retry(pool: asyncpg.Pool) -> None:
    """A retry folds on in one range, and in it the correction is applied before the fact is read."""
    log, position = await poisoned(pool)
    await prepare(pool, ALL)
    await catch_up(pool, ALL)
    stream, fact = log.entries[position - 1]
    log.correct(stream, fact.originator_version, amount="667")
    await log.write(pool)
    await retry(pool, [INVERSE_AMOUNTS])
    await catch_up(pool, ALL)
    assert await parked(pool) == []
    assert await pool.fetchval(
        f"select inverse from {INVERSE_AMOUNTS.table} where stream_id = $1 and fact = $2",
        stream,
        fact.originator_version,
    ) == Decimal(1)
    assert await standings_of(pool, VIEWS[0].table, log.tenant_id) == log.standings()


async def test_a_broken_database_parks_nothing(pool: asyncpg.Pool) -> None:
    await poisoned(pool)
    await prepare(pool, ALL)
    await pool.execute("drop table toys.inverse_amounts_v1")
    with pytest.raises(ExceptionGroup):
        await catch_up(pool, ALL)
    assert await parked(pool) == []
