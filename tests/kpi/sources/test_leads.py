"""Leads, visitors and spend as figures: by month, person, unit and channel as plain Python counts them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from services.kpi.engine.definition import Dimension
from services.kpi.engine.sources import leads
from services.kpi.engine.sources.leads_views import VIEWS
from services.kpi.engine.sources.money_views import ORDERS
from services.kpi.views.accounts import ACCOUNTS
from shared.event_store.connections import with_json
from shared.identity.sight import Seat, Sight
from shared.testing.views import fold_all
from tests.kpi.sources.asking import WHEN, ZONE, Amounts, amounts, asking_of, instant_of, known_at_of, months
from tests.opportunities_views import lead_rows
from tests.opportunities_views.oracle import Row
from tests.opportunities_views.test_lead_views import MadeUp

DIMENSIONS: tuple[Dimension, ...] = ("person", "unit", "channel")
FIRST = date(2025, 1, 1)


def won(made: MadeUp) -> None:
    """Half of the prospects that came of leads are ordered, and each is somebody's."""
    named = [event.data["changes"].get("opportunity_id") for event in made.log.told if event.type == "LeadDisposed"]
    for number, id in enumerate(dict.fromkeys(filter(None, named))):
        said = {"owner_id": made.people[number % 3], "unit_id": str(made.units[number % 2]), "account_id": None}
        made.log.tell("opportunity", UUID(id), "ProspectCaptured", made.at(), {**said, "status": "open", "lines": []})
        if number % 2:
            made.log.tell("opportunity", UUID(id), "DealWon", made.at() + timedelta(days=85), {"status": "ordered"})


def recounted(made: MadeUp, when: str, told: int, dimension: Dimension, sees: Any) -> Amounts:
    at, known_at = instant_of(when), known_at_of(when, told)
    found: Amounts = defaultdict(Decimal)

    def holding(rows: list[Row]) -> list[Row]:
        return [row for row in rows if row["from_at"] <= at and (row["to_at"] is None or row["to_at"] > at)]

    def put(name: str, row: Row, on: date, owner: Any, unit: Any, amount: Decimal = Decimal(1)) -> None:
        if on >= FIRST and on <= at.astimezone(ZONE).date() and sees(owner, unit) and amount:
            key = {"person": owner, "unit": unit, "channel": row["channel"]}[dimension]
            money = row["currency"] if name == "spend" else None
            found[f"{on:%Y-%m}", None if key is None else str(key), money, name] += amount

    deals: dict[UUID, dict[str, Any]] = {}
    for id, facts in made.log.streams("opportunity", known_at):
        for fact in facts:
            if fact.at <= at:
                deals.setdefault(id, {}).update(fact.changes)
    for row in holding(lead_rows.leads(made.log, known_at)):
        on = row["received_at"].astimezone(ZONE).date()
        put("received", row, on, row["assigned_owner_id"], row["received_unit_id"])
        if row["answer_hours"] is not None:
            put("promised", row, on, row["assigned_owner_id"], row["received_unit_id"])
            hours = (
                None if row["contacted_at"] is None else (row["contacted_at"] - row["received_at"]) / timedelta(hours=1)
            )
            if hours is not None and hours <= row["answer_hours"]:
                put("in_time", row, on, row["contacted_owner_id"], row["contacted_unit_id"])
        if row["status"] == "record":
            put("recorded", row, on, row["disposed_owner_id"], row["disposed_unit_id"])
            deal = deals.get(row["opportunity_id"], {})
            if deal.get("status") == "ordered":
                put("won", row, on, UUID(deal["owner_id"]), UUID(deal["unit_id"]))
    for row in holding(lead_rows.visitor_counts(made.log, known_at)):
        put("visitors", row, row["day"], None, row["unit_id"], Decimal(row["count"]))
    for row in holding(lead_rows.channel_spend(made.log, known_at)):
        cents = [round(row["amount"] * upto / row["days"] + Decimal("1e-9"), 2) for upto in range(row["days"] + 1)]
        for number in range(row["days"]):
            put("spend", row, row["day"] + timedelta(number), None, row["unit_id"], cents[number + 1] - cents[number])
    return {cell: amount for cell, amount in found.items() if amount}


async def test_each_lead_visitor_and_cent_is_counted_for_who_was_responsible(database_url: str) -> None:
    made = MadeUp(31, 300)
    won(made)
    person, unit = UUID(made.people[0]), made.units[0]
    branch = Sight(
        False, frozenset((unit,)), person,
        seats=(Seat(person, frozenset(("branch_manager",)), unit, frozenset((unit,))),),
    )  # fmt: skip
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2, init=with_json) as pool:
        await made.log.write(pool)
        await MadeUp(32, 40).log.write(pool)
        await fold_all(pool, (*VIEWS, ORDERS, ACCOUNTS))
        told = len(made.log.told)
        for when in WHEN:
            measured: set[str] = set()
            for sight in (Sight(True), branch):

                def sees(owner: Any, of: Any, sight: Sight = sight) -> bool:
                    return sight.everything or of == unit or owner == person

                asking = asking_of(made.log.tenant_id, when, told, sight)
                for dimension in DIMENSIONS:
                    wanted = recounted(made, when, told, dimension, sees)
                    found: Amounts = {}
                    for source, measures in (
                        (leads.LEAD_SOURCE, (leads.RECEIVED, leads.PROMISED, leads.IN_TIME, leads.RECORDED, leads.WON)),
                        (leads.VISITOR_SOURCE, (leads.VISITORS,)),
                        (leads.SPEND_SOURCE, (leads.SPEND,)),
                    ):
                        found |= await amounts(pool, source, asking, measures, group_by=(dimension,))
                    assert found == wanted
                    measured |= {cell[3] for cell in wanted}
            assert when != "now" or measured >= {"received", "promised", "recorded", "visitors", "spend"}


async def test_a_month_of_spend_is_spread_to_the_cent_over_weeks_and_overlapping_years(database_url: str) -> None:
    made = MadeUp(33, 120)
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2, init=with_json) as pool:
        await made.log.write(pool)
        await fold_all(pool, (*VIEWS, ORDERS, ACCOUNTS))
        asking = asking_of(made.log.tenant_id, "now", 0)
        by_week, by_month, rolling = [
            await amounts(pool, leads.SPEND_SOURCE, asking, (leads.SPEND,), periods=periods)
            for periods in (
                months(date(2024, 12, 30), date(2025, 8, 3), "week"), months(), months(grain="rolling_12"),
            )
        ]  # fmt: skip
        assert sum(by_week.values()) == sum(by_month.values()) > 0
        for until in range(1, 9):
            so_far = sum(amount for (month, *_), amount in by_month.items() if month <= f"2025-{until:02}")
            assert rolling[f"2025-{until:02}", None, "CNY", "spend"] == so_far
