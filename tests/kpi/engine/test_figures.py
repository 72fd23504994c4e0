"""Figures are what plain Python counts: by any group and period, now, as of a past day, as known then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from services.kpi.asking import Asking
from services.kpi.engine.definition import Chosen, Dimension
from services.kpi.engine.period import Grain, periods_between, previous, year_before
from services.kpi.engine.shipped import shipped
from services.kpi.engine.values import values
from services.kpi.views.funnel import FUNNEL
from services.kpi.views.stock import STOCK
from shared.days import end_of
from shared.identity.sight import Sight
from shared.testing.views import fold_all
from tests.accounts.log import Log
from tests.kpi.engine.recount import PARTS, ZONE, Recount
from tests.kpi.engine.told import steps_of, stock_of
from tests.kpi.world import TODAY, a_log

FIRST, LAST = date(2025, 2, 10), date(2026, 3, 5)
NO_PRODUCTS = ("retention", "new_account_rate")
GRAINS: Sequence[Grain] = ("week", "quarter", "year", "rolling_12")
GROUPS: Sequence[tuple[Dimension, ...]] = ((), ("person",), ("unit", "channel"), ("product",))


@pytest.fixture
async def logs(pool: asyncpg.Pool[asyncpg.Record]) -> list[Log]:
    found = [a_log(seed, facts=180) for seed in (5, 6)]
    for log in found:
        await log.write(pool)
    await fold_all(pool, (FUNNEL, STOCK))
    return found


def ratio(kpi: str, above: Decimal, below: Decimal | None) -> Decimal | None:
    if below is None:
        return above
    if not below:
        return None
    return (above - below) / below if kpi.endswith("_growth") else above / below


async def compare(
    pool: Any, log: Log, known: Log, asking: Asking, grain: Grain, group_by: Sequence[Dimension], first: date
) -> int:
    """Every KPI; how many figures there were."""
    recount = Recount(steps_of(known), stock_of(known), asking.at, group_by)
    periods = periods_between(first, LAST, grain, most=100)
    kpis = [kpi for kpi in PARTS if "product" not in group_by or kpi not in NO_PRODUCTS]
    found = await values(
        pool, asking, [Chosen(shipped(kpi)) for kpi in kpis], periods, group_by=group_by, targets=False
    )
    for one in found:
        kpi, key = one.chosen.definition.id, (one.keys, one.currency)
        nothing = (Decimal(0), None if one.denominator is None else Decimal(0))
        above, below = recount.figure(kpi, one.period).get(key, nothing)
        told = f"{kpi} {one.period.key} {key}"
        assert (one.numerator, one.denominator) == (above, below), told
        assert one.value == ratio(kpi, above, below), told
        assert one.state == ("ok" if one.value is not None else "zero_denominator"), told
        for told_before, period in (
            (one.previous, previous(one.period)),
            (one.same_period_last_year, year_before(one.period)),
        ):
            assert told_before == ratio(kpi, *recount.figure(kpi, period).get(key, nothing)), told
    shown = {(one.chosen.definition.id, one.period, one.keys, one.currency) for one in found}
    for kpi in kpis:
        for period in periods:
            for keys, currency in recount.figure(kpi, period):
                assert (kpi, period, keys, currency) in shown, f"{kpi} {period.key} {keys} is missing"
    return len(found)


async def test_every_figure_is_what_plain_python_counts(pool: asyncpg.Pool[asyncpg.Record], logs: list[Log]) -> None:
    position = len(logs[0].entries) * 2 // 3
    known = logs[0].known_at(position)
    for group_by in GROUPS:
        for log in logs:
            now = Asking(log.tenant_id, ZONE, TODAY, Sight(True), latest=True)
            assert await compare(pool, log, log, now, "month", group_by, FIRST)
            then = Asking(log.tenant_id, ZONE, end_of(date(2025, 9, 17), ZONE), Sight(True))
            await compare(pool, log, log, then, "month", group_by, date(2025, 6, 1))
        past = Asking(logs[0].tenant_id, ZONE, TODAY, Sight(True), known_at=position, latest=True)
        await compare(pool, logs[0], known, past, "month", group_by, date(2025, 6, 1))


async def test_and_by_any_period(pool: asyncpg.Pool[asyncpg.Record], logs: list[Log]) -> None:
    now = Asking(logs[1].tenant_id, ZONE, TODAY, Sight(True), latest=True)
    for grain in GRAINS:
        first = date(2025, 11, 1) if grain in ("week", "rolling_12") else FIRST
        assert await compare(pool, logs[1], logs[1], now, grain, ("person",), first)


async def test_a_day_ends_at_midnight_of_the_tenant(pool: asyncpg.Pool[asyncpg.Record], logs: list[Log]) -> None:
    log = logs[0]
    at: datetime = next(one.at for one in steps_of(log) if one.name == "captured")
    day = (at + timedelta(hours=8)).date()
    now = Asking(log.tenant_id, ZONE, TODAY, Sight(True), latest=True)
    (period,) = periods_between(day, day, "day", most=1)
    (found,) = await values(pool, now, [Chosen(shipped("new_records"))], [period], targets=False)
    recount = Recount(steps_of(log), stock_of(log), TODAY, ())
    assert found.value == recount.figure("new_records", period)[(), None][0] > 0
