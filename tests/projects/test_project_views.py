"""The view of projects: folded live in any split, rebuilt, or told in plain Python, it says the same."""

from __future__ import annotations

import json
import random
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from services.opportunities.projects.views import PROJECTS
from shared.projections.view import source
from shared.testing.views import assert_live_equals_rebuild, fold_all, fold_in_random_splits, stored_rows
from tests.projects.made_up import MadeUp, Row, projects

DOCUMENTS = ("phases", "milestones", "budget", "costs", "findings", "risks", "acceptance", "open_points")


def comparable(row: Any) -> Row:
    found = {name: value for name, value in dict(row).items() if name != "tenant_id"}
    return found | {name: json.loads(found[name]) for name in DOCUMENTS if isinstance(found[name], str)}


def assert_says(rows: Any, told: list[Row]) -> None:
    def key(row: Row) -> tuple[str, datetime]:
        return str(row["stream_id"]), row["from_at"]

    found = sorted((comparable(row) for row in rows), key=key)
    assert len(found) == len(told)
    for one, other in zip(found, sorted(told, key=key), strict=True):
        assert one == other


@pytest.mark.parametrize("seed", range(6))
async def test_any_split_of_the_log_gives_what_plain_python_says(pool: asyncpg.Pool, seed: int) -> None:
    made = MadeUp(seed)
    await made.log.write(pool)
    await fold_in_random_splits(pool, [PROJECTS], made.log.tenant_id, seed=seed, steps=7)
    assert_says(await stored_rows(pool, PROJECTS, made.log.tenant_id), projects(made.log, None))
    await assert_live_equals_rebuild(pool, [PROJECTS], made.log.tenant_id)


async def test_rows_as_known_at_any_position_are_those_of_that_prefix(pool: asyncpg.Pool) -> None:
    made = MadeUp(31)
    await made.log.write(pool)
    await fold_all(pool, [PROJECTS])
    for known_at in random.Random(5).sample(range(1, len(made.log.told) + 1), 6):
        relation = source(PROJECTS, known_at="$2::bigint")
        rows = await pool.fetch(f"select * from {relation} as r where r.tenant_id = $1", made.log.tenant_id, known_at)
        assert_says(rows, projects(made.log, known_at))
