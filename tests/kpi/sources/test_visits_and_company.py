"""Cadence and company figures: a recount account by account, and which of several figures of a company counts."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.kpi.engine.sources import company, visits
from services.kpi.views import VIEWS
from shared.days import end_of, start_of
from shared.event_store.connections import with_json
from shared.testing.views import fold_all
from tests.kpi.sources import rows
from tests.kpi.sources.asking import WHEN, ZONE, Amounts, amounts, asking_of, instant_of, known_at_of, months
from tests.opportunities_views.log import Log
from tests.opportunities_views.made_up import MadeUp


async def test_each_account_is_due_of_who_had_it_before_the_month_and_still_has_it(database_url: str) -> None:
    made = MadeUp(uuid4(), 6, 420)
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2, init=with_json) as pool:
        await made.log.write(pool)
        await fold_all(pool, VIEWS)
        for when in WHEN:
            at, known_at = instant_of(when), known_at_of(when, len(made.log.told))
            wanted: Amounts = defaultdict(Decimal)
            made_visits = [row for row in rows.on_site_visits(made.log, known_at) if row["visited_at"] <= at]
            for period in months():
                if start_of(period.first, ZONE) > at:
                    continue
                end = min(end_of(period.last, ZONE), at)
                for row in rows.owned_accounts(made.log, known_at):
                    if (
                        row["from_at"] > end
                        or (row["to_at"] is not None and row["to_at"] <= end)
                        or not row["owner_id"]
                    ):
                        continue
                    if max(row["owner_since"], row["opened_at"]) >= start_of(period.first, ZONE):
                        continue
                    wanted[period.key, str(row["owner_id"]), None, "due"] += 1
                    if any(
                        visit["account_id"] == row["stream_id"]
                        and row["owner_id"] in visit["participants"]
                        and period.first <= visit["visited_on"] <= period.last
                        for visit in made_visits
                    ):
                        wanted[period.key, str(row["owner_id"]), None, "visited"] += 1
            asking = asking_of(made.log.tenant_id, when, len(made.log.told))
            found = await amounts(pool, visits.VISIT_SOURCE, asking, (visits.DUE, visits.VISITED), group_by=("person",))
            assert found == wanted
            assert found


@pytest.mark.parametrize("grain", ["month", "quarter", "year"])
async def test_a_longer_figure_takes_the_place_of_those_it_covers_and_the_topmost_unit_of_those_below(
    database_url: str, grain: str
) -> None:
    log, root, branch = Log(uuid4()), uuid4(), uuid4()
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    for unit, kind, parent in ((root, "head_office", None), (branch, "branch", str(root))):
        said = {"code": kind, "name": kind, "kind": kind, "parent_id": parent, "status": "open"}
        log.tell("unit", unit, "UnitOpened", begin, said)

    def tell(unit: UUID, first: date, count: int, amount: str) -> None:
        said = {"kind": "profit", "month": str(first), "months": count, "unit_id": str(unit), "account_id": None}
        said |= {"amount": amount, "currency": "CNY", "system": None, "key": None, "entered_by": str(unit)}
        at = datetime(first.year, first.month, 27, tzinfo=UTC) + timedelta(days=31 * (count - 1))
        log.tell("company_figure", uuid4(), "CompanyFigureRecorded", at, said)

    for month in range(1, 7):
        tell(root, date(2025, month, 1), 1, "100")
        tell(branch, date(2025, month, 1), 1, "30")
    tell(root, date(2025, 1, 1), 3, "350")  # the first quarter, audited
    wanted = {
        "month": {f"2025-0{month}": 100 for month in range(1, 7)},
        "quarter": {"2025-Q1": 350, "2025-Q2": 300},
        "year": {"2025": 650},
    }[grain]
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2, init=with_json) as pool:
        await log.write(pool)
        await fold_all(pool, VIEWS)
        asking = asking_of(log.tenant_id, "now", 0)
        periods = months(grain=grain)  # type: ignore[arg-type]
        found = await amounts(pool, company.COMPANY_SOURCE, asking, (company.PROFIT,), periods=periods)
        assert {cell[0]: int(amount) for cell, amount in found.items()} == wanted
