"""Steps of prospects and how they stood: folded in any split they are what plain Python says, known at any time."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from services.kpi.views.funnel import FUNNEL
from services.kpi.views.stock import STOCK
from shared.projections.view import source
from shared.testing.views import assert_live_equals_rebuild, fold_all, fold_in_random_splits, stored_rows
from tests.accounts.log import Log
from tests.kpi.engine.told import Step, Stood, steps_of, stock_of
from tests.kpi.world import a_log

Rows = Sequence[asyncpg.Record]


def lines_of(text: str | None) -> list[tuple[Any, ...]] | None:
    """Product, units and amount of each, in an order of their own."""
    if text is None:
        return None
    said = json.loads(text) if isinstance(text, str) else text
    found = [(line["product"], line["units"], _number(line.get("amount"))) for line in said]
    return sorted(found, key=lambda line: str(line[0]))


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def told_steps(rows: Rows) -> list[tuple[Any, ...]]:
    return _in_order(
        tuple(lines_of(row[name]) if name == "lines" else row[name] for name in dict(row) if name != "tenant_id")
        for row in rows
    )


def said_steps(steps: Iterable[Step]) -> list[tuple[Any, ...]]:
    found = []
    for one in steps:
        fields = dict(vars(one))
        if one.lines is not None:
            fields["lines"] = sorted(
                ((name, *counts) for name, counts in one.lines.items()), key=lambda line: str(line[0])
            )
        found.append(tuple(fields.values()))
    return _in_order(found)


def told_stock(rows: Rows) -> list[tuple[Any, ...]]:
    names = ("stream_id", "from_at", "to_at", "stock", "owner_id", "unit_id", "account_id", "channel", "units", "lines",
             "captured_at", "won_at")  # fmt: skip
    return _in_order(
        tuple([line[:2] for line in lines_of(row[name]) or ()] if name == "lines" else row[name] for name in names)
        for row in rows
    )


def said_stock(stood: Iterable[Stood]) -> list[tuple[Any, ...]]:
    found = []
    for one in stood:
        fields = dict(vars(one))
        fields["lines"] = sorted((one.lines or {}).items(), key=lambda line: str(line[0]))
        found.append(tuple(fields.values()))
    return _in_order(found)


def _in_order(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=lambda row: tuple(str(cell) for cell in row[:4]))


@pytest.mark.parametrize("seed", range(4))
async def test_folded_in_any_split_steps_and_stock_are_those_plain_python_tells(
    pool: asyncpg.Pool[asyncpg.Record], seed: int
) -> None:
    log, other = a_log(seed), a_log(seed + 100)
    await log.write(pool)
    await other.write(pool)
    for tenant in (log, other):
        await fold_in_random_splits(pool, (FUNNEL, STOCK), tenant.tenant_id, seed=seed)
        await assert_live_equals_rebuild(pool, (FUNNEL, STOCK), tenant.tenant_id)
        rows = told_steps(await stored_rows(pool, FUNNEL, tenant.tenant_id))
        assert {row[3] for row in rows} >= {"captured", "ordered", "delivered", "cancelled", "defeated", "revived"}
        assert rows == said_steps(steps_of(tenant))
        assert told_stock(await stored_rows(pool, STOCK, tenant.tenant_id)) == said_stock(stock_of(tenant))


@pytest.mark.parametrize("seed", range(2))
async def test_what_was_known_at_any_position_is_still_told(pool: asyncpg.Pool[asyncpg.Record], seed: int) -> None:
    log = a_log(seed)
    await log.write(pool)
    await fold_all(pool, (FUNNEL, STOCK))

    async def known(view: Any, position: int) -> Rows:
        relation = source(view, known_at="$2")
        rows: Rows = await pool.fetch(f"select * from {relation} r where tenant_id = $1", log.tenant_id, position)
        return rows

    for position in random.Random(seed).sample(range(1, len(log.entries)), 3):
        then: Log = log.known_at(position)
        assert told_steps(await known(FUNNEL, position)) == said_steps(steps_of(then))
        assert told_stock(await known(STOCK, position)) == said_stock(stock_of(then))
