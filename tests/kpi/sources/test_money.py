"""Receivables and ledger match as figures equal the reports of the opportunities service, month by month."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.kpi.asking import Asking
from services.kpi.engine.sources import money, money_ledger
from services.kpi.engine.sources.money_views import VIEWS
from services.kpi.views.accounts import ACCOUNTS
from services.opportunities.billing.views import VIEWS as BILLING
from services.opportunities.contracts.views import CONTRACTS
from services.opportunities.reports.ledger import ledger_match
from services.opportunities.reports.receivables import Which, receivables
from services.opportunities.views.accounts import ACCOUNTS as THEIR_ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.days import end_of
from shared.event_store.connections import with_json
from shared.testing.views import fold_all
from tests.kpi.sources.asking import ZONE, Amounts, amounts, asking_of, months
from tests.kpi.sources.test_source_views import billed
from tests.opportunities_views.log import Log
from tests.opportunities_views.oracle import Row
from tests.opportunities_views.test_reports import LABELS

TERMS = (
    {"share": "0.3", "after": "signing", "days": 0},
    {"share": "0.3333", "after": "delivery", "days": 10},
    {"share": "0.2667", "after": "invoice", "days": 3},
    {"share": "0.1", "after": "acceptance", "days": 0},
)
PERIODS = months(date(2025, 1, 1), date(2025, 2, 20), "week")


def a_log(seed: int) -> Log:
    """Orders with invoices, some under contract, and postings of which some agree and some are taken back."""
    log = billed(seed)
    deals = [event.stream_id for event in log.told if event.type == "ProspectCaptured"]
    for number, deal in enumerate(deals[:2]):
        said = {
            "status": "signed",
            "opportunity_id": str(deal),
            "signed_on": "2025-01-06",
            "payment_terms": list(TERMS),
        }
        log.tell("contract", uuid4(), "ContractSigned", datetime(2025, 1, 6 + number, tzinfo=UTC), said)
    for number, event in enumerate([event for event in log.told if event.type == "InvoiceIssued"]):
        if number % 3:
            event.data["changes"] |= {"opportunity_id": str(deals[number % len(deals)]), "due_on": None}
    for event in log.told:
        if event.type == "ProspectCaptured":  # before anything else, as the rules have it
            object.__setattr__(event, "at", datetime(2024, 12, 1, tzinfo=UTC))
        if event.type == "FactCorrected" and event.data["version"] == 1 and event.stream_type == "opportunity":
            event.data["occurred_at"] = None
        if event.data.get("changes", {}).get("order_ref") and event.stream_type == "opportunity":
            event.data["changes"]["order_ref"] = f"HT-{deals.index(event.stream_id)}"
        for name, amount in (("payments", "137.11"), ("credits", "11.50"), ("released", "0.00")):
            for part in event.data.get("changes", {}).get(name, ()) if event.stream_type == "invoice" else ():
                part["amount"] = amount  # as the rules have it: never more than is open
    number = 0
    for event in [event for event in log.told if event.type == "UnitsDelivered"]:
        for move in event.data["changes"]["delivered"]:
            number += 1
            at = event.at + timedelta(days=number % 4 - 1)
            entry: Row = {"posting_id": f"E{number}", "kind": "delivery", "order_ref": None}
            entry["order_ref"] = f"HT-{deals.index(event.stream_id)}" if number % 3 else None
            entry |= {"opportunity_id": None if number % 3 else str(event.stream_id), "line": move["line"]}
            entry |= {"product": None, "units": move["units"], "amount": str(1000 * move["units"]), "currency": "CNY"}
            entry |= {"posted_on": move["on"], "reverses": None}
            log.tell("posting", uuid4(), "PostingRecorded", at, entry)
            if number % 7 == 0:
                back = {**entry, "posting_id": f"R{number}", "kind": "reversal", "reverses": f"E{number}"}
                log.tell("posting", uuid4(), "PostingRecorded", at + timedelta(days=9), back)
    return log


@pytest.fixture(params=[1, 4])
async def told(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[tuple[asyncpg.Pool, Log]]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2, init=with_json) as pool:
        log, other = a_log(request.param), a_log(request.param + 20)
        await log.write(pool)
        await other.write(pool)
        theirs = (*BILLING, CONTRACTS, STANDINGS, THEIR_ACCOUNTS, UNITS)
        await fold_all(pool, (*VIEWS, ACCOUNTS, *theirs))
        yield pool, log


async def test_receivables_at_the_end_of_a_period_are_those_the_report_shows_then(
    told: tuple[asyncpg.Pool, Log],
) -> None:
    pool, log = told
    for known in ("now", "known then"):
        await receivable(pool, log, asking_of(log.tenant_id, known, len(log.told)))


async def receivable(pool: asyncpg.Pool, log: Log, asking: Asking) -> None:
    found = await amounts(
        pool, money.RECEIVABLES_SOURCE, asking, (money.OPEN, money.OVERDUE), group_by=("person",), periods=PERIODS
    )
    wanted: Amounts = {}
    for period in PERIODS:
        then = replace(asking, at=end_of(period.last, ZONE), latest=False)
        report = await receivables(pool, then, LABELS, group_by="owner", which=Which())
        for row in report["rows"]:
            if row["kind"] == "invoices":
                total, due = Decimal(row["total"]), Decimal(row["not_due"])
                wanted[period.key, row["key"], row["currency"], "open"] = total
                wanted[period.key, row["key"], row["currency"], "overdue"] = total - due
    assert found == {cell: amount for cell, amount in wanted.items() if amount}
    assert any(cell[3] == "overdue" for cell in found)


async def test_the_ledger_matches_entry_by_entry_as_the_report_does(told: tuple[asyncpg.Pool, Log]) -> None:
    pool, log = told
    for known in ("now", "as of a day", "known then"):
        await ledger(pool, log, known)


async def ledger(pool: asyncpg.Pool, log: Log, known: str) -> None:
    asking: Asking = asking_of(log.tenant_id, known, len(log.told))
    if known == "as of a day":
        asking = replace(asking, at=end_of(date(2025, 1, 28), ZONE))
    measures = (money_ledger.ENTRIES, money_ledger.MATCHED)
    found = await amounts(pool, money_ledger.LEDGER_SOURCE, asking, measures, periods=PERIODS)
    wanted: dict[Any, int] = {}
    for period in PERIODS:
        if period.first > asking.day:
            continue
        report = await ledger_match(pool, asking, since=period.first, until=min(period.last, asking.day))
        wanted[period.key, None, None, "entries"] = report["entries"]
        wanted[period.key, None, None, "matched"] = report["matched"]
    assert found == {cell: amount for cell, amount in wanted.items() if amount}
    by_person = await amounts(pool, money_ledger.LEDGER_SOURCE, asking, measures, group_by=("person",), periods=PERIODS)
    assert sum(by_person.values()) == sum(found.values())
    assert known != "now" or any(cell[3] == "matched" for cell in found)
    assert known != "now" or {UUID(cell[1]) for cell in by_person if cell[1] is not None}
