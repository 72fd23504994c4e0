"""Views of opportunities: folded live in any split, rebuilt, or told in plain Python, they say the same."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.opportunities.views import VIEWS
from shared.projections.follow import catch_up
from shared.projections.tables import prepare
from shared.projections.view import View, source
from shared.testing.views import assert_live_equals_rebuild, fold_all, fold_in_random_splits, stored_rows
from tests.attachments import made_up as attachment_rows
from tests.filings import made_up as filing_rows
from tests.opportunities_views import dealings, lead_rows, oracle, orders, reviews, searched_rows
from tests.opportunities_views.log import Log
from tests.opportunities_views.made_up import MadeUp
from tests.projects import made_up as project_rows

JSON_COLUMNS = frozenset(
    {
        "lines",
        "instruction",
        "last_instruction",
        "external_refs",
        "persons_met",
        "rumours",
        "key_persons",
        "policy",
        "categories",
        "deputies",
    }
)
ORACLES = (oracle, reviews, orders, dealings, lead_rows, filing_rows, project_rows, attachment_rows, searched_rows)
"""Where plain Python says what a view holds: a function of the view's name."""
AMOUNTS = ("unit_price", "amount", "open_amount")


def said_by(view: View) -> Callable[[Log, int | None], list[dict[str, Any]]]:
    """What plain Python says of this view."""
    name = view.name.partition(".")[2]
    told: Callable[[Log, int | None], list[dict[str, Any]]] = next(
        getattr(module, name) for module in ORACLES if hasattr(module, name)
    )
    return told


def comparable(row: Any) -> dict[str, Any]:
    """A stored row with its documents read and amounts as numbers."""
    found = {name: value for name, value in dict(row).items() if name != "tenant_id"}
    for name in JSON_COLUMNS & found.keys():
        found[name] = json.loads(found[name]) if isinstance(found[name], str) else found[name]
    if "lines" in found:
        found["lines"] = [
            line | {name: None if line[name] is None else Decimal(line[name]) for name in AMOUNTS}
            for line in found["lines"]
        ]
    return found


def in_key_order(view: View, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: [str(row[name]) for name in ("stream_id", *view.key)])


def assert_says(view: View, rows: Any, told: list[dict[str, Any]]) -> None:
    found = in_key_order(view, [comparable(row) for row in rows])
    wanted = in_key_order(view, told)
    assert len(found) == len(wanted), view.name
    for one, other in zip(found, wanted, strict=True):
        assert one == other, view.name


async def assert_all_say(pool: asyncpg.Pool, made: MadeUp) -> None:
    for view in VIEWS:
        assert_says(view, await stored_rows(pool, view, made.log.tenant_id), said_by(view)(made.log, None))


@pytest.mark.parametrize("seed", range(8))
async def test_any_split_of_the_log_gives_what_plain_python_says(pool: asyncpg.Pool, seed: int) -> None:
    made = MadeUp(uuid4(), seed)
    await made.log.write(pool)
    await fold_in_random_splits(pool, VIEWS, made.log.tenant_id, seed=seed, steps=9)
    await assert_all_say(pool, made)
    await assert_live_equals_rebuild(pool, VIEWS, made.log.tenant_id)


async def test_folding_while_facts_come_in_gives_what_plain_python_says(own_database_url: str) -> None:
    """Two tenants, appends running, and folds of whatever is there."""
    async with asyncpg.create_pool(own_database_url, min_size=1, max_size=6) as pool:
        tenants = [MadeUp(uuid4(), seed, 220) for seed in (101, 102)]
        await prepare(pool, VIEWS)
        done = asyncio.Event()

        async def append(made: MadeUp) -> None:
            chance, at = random.Random(1), 1
            while at <= len(made.log.told):
                last = min(at + chance.randint(0, 30), len(made.log.told))
                await made.log.write(pool, at, last)
                at = last + 1

        async def follow() -> None:
            while not done.is_set():
                await catch_up(pool, VIEWS)

        following = asyncio.create_task(follow())
        await asyncio.gather(*(append(made) for made in tenants))
        done.set()
        await following
        await catch_up(pool, VIEWS)
        for made in tenants:
            await assert_all_say(pool, made)


@pytest.mark.parametrize("seed", range(20, 23))
async def test_rows_as_known_at_any_position_are_those_of_that_prefix(own_database_url: str, seed: int) -> None:
    async with asyncpg.create_pool(own_database_url, min_size=1, max_size=4) as pool:
        made = MadeUp(uuid4(), seed)
        await made.log.write(pool)
        await fold_all(pool, VIEWS)
        for known_at in random.Random(seed).sample(range(1, len(made.log.told) + 1), 6):
            for view in VIEWS:
                relation = source(view, known_at="$2::bigint")
                rows = await pool.fetch(
                    f"select * from {relation} as r where r.tenant_id = $1", made.log.tenant_id, known_at
                )
                assert_says(view, rows, said_by(view)(made.log, known_at))
