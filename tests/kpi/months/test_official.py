"""Official figures, as known at the closes: one month's closing stock is the next one's opening stock, always."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from services.kpi.asking import Asking
from services.kpi.engine.definition import Chosen, Definition, Dimension, Measure, plus
from services.kpi.engine.official import official
from services.kpi.engine.period import CALENDAR, periods_between
from services.kpi.engine.question import EVERYTHING, Keys
from services.kpi.engine.sources.stock import CLOSING, OPENING
from services.kpi.month import later
from services.kpi.months.closing import Close
from services.kpi.views import VIEWS
from shared.days import start_of
from shared.identity.current_tenant import as_tenant
from shared.identity.sight import Sight
from shared.testing.views import fold_all
from tests.kpi.inventories.made_up import BJ, ROOT, SH, organisation, prospects, stock
from tests.opportunities_views.log import Log

SHANGHAI = ZoneInfo("Asia/Shanghai")
ASKED = datetime(2026, 1, 10, tzinfo=UTC)
MONTHS = tuple(date(2025, month, 1) for month in (4, 5, 6))
REGION = UUID(int=104)


GROUPS: tuple[tuple[Dimension, ...], ...] = ((), ("person",), ("unit",), ("region",))


def counting(id: str, measure: Measure) -> Chosen:
    return Chosen(Definition(id, id, id, id, id, measure.counts, measure.on, plus(measure)))


STOCKS = (counting("opening", OPENING), counting("closing", CLOSING))


@pytest.mark.parametrize("seed", [4, 5])
async def test_closing_stock_is_the_next_opening_stock(pool: asyncpg.Pool[asyncpg.Record], seed: int) -> None:
    chance = random.Random(seed)
    log = Log(uuid4())
    organisation(log)
    prospects(log, chance, 40)
    positions = [len(log.told) // 2, len(log.told)]
    reorganised(log)  # known at the last close alone
    prospects(log, chance, 20, first=2000)
    positions.append(len(log.told) - 7)
    await log.write(pool)
    await fold_all(pool, VIEWS)
    closes = {
        month: Close(month, position, ASKED, "command") for month, position in zip(MONTHS, positions, strict=True)
    }
    for group_by in GROUPS:  # the last: along the tree of the day asked about, which no close but the last knew
        found = await figures(pool, log, closes, group_by)
        for before, after in pairwise(MONTHS):
            assert found["closing", key(before)] == found["opening", key(after)], group_by
        for month, position in zip(MONTHS, positions, strict=True):
            end = start_of(later(month), SHANGHAI)
            assert sum(found["closing", key(month)].values()) == stock(log, position, {SH, BJ}, end).total()
    assert found["closing", key(MONTHS[0])].keys() == {(str(REGION),)}


def reorganised(log: Log) -> None:
    """Both branches come under a region."""
    moved = datetime(2025, 5, 10, tzinfo=UTC)
    region = {"code": "R", "name": "R", "kind": "region", "status": "open", "parent_id": str(ROOT)}
    log.tell("unit", REGION, "UnitOpened", moved, region)
    for branch in (SH, BJ):
        log.tell("unit", branch, "UnitMoved", moved, {"parent_id": str(REGION)})


def key(month: date) -> str:
    return f"{month:%Y-%m}"


async def figures(
    pool: asyncpg.Pool[asyncpg.Record], log: Log, closes: Mapping[date, Close], group_by: Sequence[Dimension]
) -> Mapping[tuple[str, str], Mapping[Keys, Decimal]]:
    """By figure and month: of each group what it has, none left out but zero."""
    asking = Asking(log.tenant_id, SHANGHAI, ASKED, Sight(everything=True), tree_at=ASKED)
    periods = periods_between(MONTHS[0], date(2025, 6, 30), "month", most=5)
    with as_tenant(log.tenant_id):
        rows = await official(
            pool, asking, STOCKS, periods, closes, group_by=group_by, filters=EVERYTHING, months=CALENDAR
        )
    found: dict[tuple[str, str], dict[Keys, Decimal]] = defaultdict(dict)
    for row in rows:
        if row.value:
            found[row.chosen.definition.id, row.period.key][row.keys] = row.value
    return found
