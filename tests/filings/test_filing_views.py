"""Views of filings: folded live in any split, rebuilt, or told in plain Python, they say the same."""

from __future__ import annotations

import random
from typing import Any

import asyncpg
import pytest

from services.opportunities.filings.views import FILINGS, SUPPORT_CLAIMS, UNIT_FLOW, UNIT_REPORTS
from shared.projections.view import View, source
from shared.testing.views import assert_live_equals_rebuild, fold_all, fold_in_random_splits, stored_rows
from tests.filings import made_up

VIEWS = (FILINGS, UNIT_REPORTS, SUPPORT_CLAIMS, UNIT_FLOW)


def assert_says(view: View, rows: Any, told: list[dict[str, Any]]) -> None:
    def key(row: dict[str, Any]) -> list[str]:
        return [str(row[name]) for name in ("stream_id", *view.key)]

    found = sorted((made_up.comparable(row) for row in rows), key=key)
    assert len(found) == len(told), view.name
    for one, other in zip(found, sorted(told, key=key), strict=True):
        assert one == other, view.name


def told(view: View, made: made_up.MadeUp, upto: int | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = getattr(made_up, view.name.partition(".")[2])(made.log, upto)
    return found


@pytest.mark.parametrize("seed", range(6))
async def test_any_split_of_the_log_gives_what_plain_python_says(pool: asyncpg.Pool, seed: int) -> None:
    made = made_up.new(seed)
    await made.log.write(pool)
    await fold_in_random_splits(pool, VIEWS, made.log.tenant_id, seed=seed, steps=7)
    for view in VIEWS:
        assert_says(view, await stored_rows(pool, view, made.log.tenant_id), told(view, made))
    await assert_live_equals_rebuild(pool, VIEWS, made.log.tenant_id)


async def test_rows_as_known_at_any_position_are_those_of_that_prefix(pool: asyncpg.Pool) -> None:
    made = made_up.new(77)
    await made.log.write(pool)
    await fold_all(pool, VIEWS)
    for known_at in random.Random(7).sample(range(1, len(made.log.told) + 1), 6):
        for view in VIEWS:
            relation = source(view, known_at="$2::bigint")
            rows = await pool.fetch(
                f"select * from {relation} as r where r.tenant_id = $1", made.log.tenant_id, known_at
            )
            assert_says(view, rows, told(view, made, known_at))
