"""What tests of views share: fold everything, in any split, and compare with a fresh fold. Only for tests."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from uuid import UUID

import asyncpg

from shared.projections import fold
from shared.projections.fold import FIRST_STREAM, LAST_STREAM, Span
from shared.projections.follow import BEGIN, catch_up
from shared.projections.tables import prepare
from shared.projections.view import View

PARKED = "select tenant_id, view, version, position, type, error from es.parked where view = any($1)"


async def fold_all(pool: asyncpg.Pool, views: Collection[View]) -> None:
    """Make the tables and fold everything there is. A fact one of the views cannot fold is a failure."""
    await prepare(pool, views)
    await fold_rest(pool, views)


async def fold_rest(pool: asyncpg.Pool, views: Collection[View]) -> None:
    """The same where the tables are made."""
    names = [view.name for view in views]
    before = {tuple(row) for row in await pool.fetch(PARKED, names)}
    await catch_up(pool, views)
    parked = [dict(row) for row in await pool.fetch(PARKED, names) if tuple(row) not in before]
    assert not parked, parked


async def fold_in_random_splits(
    pool: asyncpg.Pool, views: Collection[View], tenant_id: UUID, *, seed: int, steps: int = 8
) -> None:
    """Fold a tenant's log in up to so many ranges of random lengths, each view with its own."""
    chance = random.Random(seed)
    await prepare(pool, views)
    head = await pool.fetchval("select coalesce(max(position), 0) from es.events where tenant_id = $1", tenant_id)
    for view in views:
        await pool.execute(BEGIN, [tenant_id], [view.name], [view.version], [head], [False])
        at = await pool.fetchval(
            "select position from es.checkpoints where tenant_id = $1 and view = $2 and version = $3",
            tenant_id,
            view.name,
            view.version,
        )
        cuts = sorted({head, *(chance.randint(at, head) for _ in range(steps - 1))} - {at})
        for cut in cuts:
            async with pool.acquire() as connection:
                span = Span(tenant_id, at, cut)
                await fold.fold(connection, view, [span], await fold.touched_streams(connection, [span]))
            at = cut


async def stored_rows(pool: asyncpg.Pool, view: View, tenant_id: UUID) -> Sequence[asyncpg.Record]:
    """The table's rows of a tenant, in key order."""
    key = ", ".join(("stream_id", *view.key))
    return await pool.fetch(f"select * from {view.table} where tenant_id = $1 order by {key}", tenant_id)


async def fresh_rows(
    pool: asyncpg.Pool, view: View, tenant_id: UUID, *, upto: int | None = None
) -> Sequence[asyncpg.Record]:
    """What one fold of the whole log (or of its prefix) gives, not stored, in key order."""
    if upto is None:
        upto = await pool.fetchval("select coalesce(max(position), 0) from es.events where tenant_id = $1", tenant_id)
    key = ", ".join(("stream_id", *view.key))
    named = f"select * from {view.table} where false union all ({view.select_range()})"  # names and types of the table
    return await pool.fetch(f"{named} order by {key}", tenant_id, FIRST_STREAM, LAST_STREAM, upto)


async def assert_live_equals_rebuild(pool: asyncpg.Pool, views: Collection[View], tenant_id: UUID) -> None:
    """The stored rows of each view are those a fold of the whole log gives."""
    for view in views:
        live = [dict(row) for row in await stored_rows(pool, view, tenant_id)]
        fresh = [dict(row) for row in await fresh_rows(pool, view, tenant_id)]
        assert live == fresh, f"{view.table} differs from its fold"
