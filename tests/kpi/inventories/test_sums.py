"""The sums of a sheet: what plain Python says, every row closes, one month's closing is the next one's opening."""

from __future__ import annotations

import random
from datetime import date, datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from services.kpi.asking import Asking
from services.kpi.inventories.sheet import Sheet
from services.kpi.inventories.sums import CAME, WENT, sums, total
from services.kpi.inventories.views import PROSPECTS
from services.kpi.views import VIEWS
from services.kpi.views.units import UNITS
from shared.days import start_of
from shared.identity.current_tenant import as_tenant
from shared.identity.sight import Sight
from shared.testing.views import assert_live_equals_rebuild, fold_all, fold_in_random_splits
from tests.kpi.inventories.made_up import BJ, ROOT, SH, flows, organisation, prospects, stock
from tests.opportunities_views.log import Log

SHANGHAI = ZoneInfo("Asia/Shanghai")
EVERYTHING = Sight(everything=True)
Rows = dict[str, dict[str, int]]
LEVELS = ("N", "C", "B", "A", "H")
MAY, JUNE = date(2025, 5, 1), date(2025, 6, 1)
LAST_OF_MAY, IN_JUNE = date(2025, 5, 31), date(2025, 6, 12)


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_sheet_closes_and_says_what_plain_python_says(pool: asyncpg.Pool[asyncpg.Record], seed: int) -> None:
    chance = random.Random(seed)
    log = Log(uuid4())
    organisation(log)
    prospects(log, chance, 60)
    await log.write(pool)
    await fold_in_random_splits(pool, (PROSPECTS, UNITS), log.tenant_id, seed=seed)
    await assert_live_equals_rebuild(pool, (PROSPECTS,), log.tenant_id)
    await fold_all(pool, VIEWS)
    head = len(log.told)
    first, second = sorted((chance.randrange(head // 2, head), head))
    for unit, units in ((SH, {SH}), (ROOT, {ROOT, SH, BJ})):
        may = Sheet(unit, MAY, LAST_OF_MAY, first, None, 30)
        june = Sheet(unit, JUNE, IN_JUNE, second, first, 30)
        with as_tenant(log.tenant_id):
            of_may = await taken(pool, log.tenant_id, may)
            of_june = await taken(pool, log.tenant_id, june)
        begin, end, until = start_of(MAY, SHANGHAI), start_of(JUNE, SHANGHAI), start_of(date(2025, 6, 13), SHANGHAI)
        says(of_may, log, units, first, first, begin, end)
        says(of_june, log, units, first, second, end, until)
        assert {level: row["closing"] for level, row in of_may.items()} == {
            level: row["opening"] for level, row in of_june.items()
        }


async def taken(pool: asyncpg.Pool[asyncpg.Record], tenant_id: UUID, sheet: Sheet) -> dict[str, dict[str, int]]:
    asking: Asking = sheet.asking(tenant_id, SHANGHAI, EVERYTHING)
    rows = await sums(pool, asking, sheet, LEVELS)
    for row in (*rows, total(rows)):
        moved = sum(row[name] for name in CAME) - sum(row[name] for name in WENT)
        assert row["opening"] + row["restated"] + moved == row["closing"], row
    return {row["level"]: row for row in rows}


def says(
    rows: dict[str, dict[str, int]],
    log: Log,
    units: set[UUID],
    opening: int,
    position: int,
    begin: datetime,
    end: datetime,
) -> None:
    known = stock(log, opening, units, begin)
    moves = flows(log, position, units, begin, end)
    closing = stock(log, position, units, end)
    assert set(closing) | set(known) <= set(rows)
    for level, row in rows.items():
        assert row["opening"] == known[level]
        assert row["closing"] == closing[level]
        assert {name: row[name] for name in (*CAME, *WENT) if row[name]} == {
            kind: count for (of, kind), count in moves.items() if of == level
        }
