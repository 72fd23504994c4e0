"""The view of attachments: folded live in any split, rebuilt, or told in plain Python, it says the same."""

from __future__ import annotations

import random
from typing import Any

import asyncpg
import pytest

from services.opportunities.attachments.views import ATTACHMENTS
from shared.projections.view import source
from shared.testing.views import assert_live_equals_rebuild, fold_all, fold_in_random_splits, stored_rows
from tests.attachments.made_up import MadeUp, Row, attachments


def in_order(rows: Any) -> list[Row]:
    plain = [{name: value for name, value in dict(row).items() if name != "tenant_id"} for row in rows]
    return sorted(plain, key=lambda row: (str(row["stream_id"]), row["from_at"]))


@pytest.mark.parametrize("seed", range(4))
async def test_any_split_of_the_log_gives_what_plain_python_says(pool: asyncpg.Pool, seed: int) -> None:
    made = MadeUp(seed)
    await made.log.write(pool)
    await fold_in_random_splits(pool, [ATTACHMENTS], made.log.tenant_id, seed=seed, steps=6)
    assert in_order(await stored_rows(pool, ATTACHMENTS, made.log.tenant_id)) == in_order(attachments(made.log, None))
    await assert_live_equals_rebuild(pool, [ATTACHMENTS], made.log.tenant_id)


async def test_rows_as_known_at_any_position_are_those_of_that_prefix(pool: asyncpg.Pool) -> None:
    made = MadeUp(9)
    await made.log.write(pool)
    await fold_all(pool, [ATTACHMENTS])
    for known_at in random.Random(2).sample(range(1, len(made.log.told) + 1), 5):
        relation = source(ATTACHMENTS, known_at="$2::bigint")
        rows = await pool.fetch(f"select * from {relation} as r where r.tenant_id = $1", made.log.tenant_id, known_at)
        assert in_order(rows) == in_order(attachments(made.log, known_at))
