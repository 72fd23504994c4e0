"""The views of plans and the targets in force: folded in any split, rebuilt, or told in plain Python, the same."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from services.kpi.asking import Asking, Sql
from services.kpi.plans.targets import TARGET_VIEWS, target_rows
from services.kpi.plans.views import ANNUAL_PLANS, ANNUAL_TARGETS
from services.kpi.rolling.views import ROLLING_PLANS, ROLLING_TARGETS, ROLLING_VERSIONS
from services.kpi.views import VIEWS
from shared.identity.sight import Sight
from shared.projections.tables import prepare
from shared.testing.views import assert_live_equals_rebuild, fold_all, fold_in_random_splits
from tests.kpi.plans.made_up import START, MadeUp, plans_at, targets, versions

OURS = [ANNUAL_PLANS, ANNUAL_TARGETS, ROLLING_PLANS, ROLLING_VERSIONS, ROLLING_TARGETS]


async def in_force(pool: Any, made: MadeUp, day: int, known_at: int | None = None) -> dict[Any, Any]:
    at = START + timedelta(days=day, hours=1)
    asking = Asking(made.log.tenant_id, ZoneInfo("Asia/Shanghai"), at, Sight(everything=True), known_at=known_at)
    sql = Sql(asking)
    rows = await pool.fetch(f"select * from {target_rows(sql)} as t", *sql.values)
    found = {
        (row["month"], row["measure"], UUID(bytes=row["unit_id"].bytes), row["product"], row["currency"]): (
            row["target"], row["stretch"], row["source"],
        )
        for row in rows
    }  # fmt: skip
    assert len(found) == len(rows), "one row per key"
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_any_split_of_the_log_gives_what_plain_python_says(pool: asyncpg.Pool, seed: int) -> None:
    made = MadeUp(seed)
    await made.log.write(pool)
    await prepare(pool, VIEWS)
    await fold_in_random_splits(pool, OURS, made.log.tenant_id, seed=seed, steps=6)
    for day in (0, 20, 45, 61):
        at = START + timedelta(days=day, hours=1)
        rows = await pool.fetch(
            f"select stream_id, status, number, root_id from {ANNUAL_PLANS.table} "
            "where tenant_id = $1 and from_at <= $2 and (to_at is null or to_at > $2)",
            made.log.tenant_id,
            at,
        )
        told = {
            (id, plan["status"], plan.get("number", 0), UUID(plan["root_id"]) if plan.get("root_id") else id)
            for id, plan in plans_at(made.log, at).items()
        }
        assert {tuple(row) for row in rows} == told
        assert await in_force(pool, made, day) == targets(made.log, at)
    kept = await pool.fetch(
        f"select stream_id, version from {ROLLING_VERSIONS.table} where tenant_id = $1", made.log.tenant_id
    )
    assert {tuple(row) for row in kept} == {(id, fact.version) for id, fact in versions(made.log)}
    await assert_live_equals_rebuild(pool, OURS, made.log.tenant_id)


async def test_targets_as_known_at_any_position_are_those_of_that_prefix(pool: asyncpg.Pool) -> None:
    made, others = MadeUp(31), MadeUp(31)  # the same ids in two companies
    await made.log.write(pool)
    await others.log.write(pool)
    await fold_all(pool, list(TARGET_VIEWS))
    await prepare(pool, VIEWS)
    for known_at in random.Random(5).sample(range(6, len(made.log.told) + 1), 5):
        for day in (20, 61):
            at = START + timedelta(days=day, hours=1)
            assert await in_force(pool, made, day, known_at) == targets(made.log, at, known_at)
