"""Reconciliation over HTTP: sums by day, and the records behind them. Works nothing out."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from services.opportunities.billing.views import INVOICES, RECEIPTS
from services.opportunities.reports import reconciliation
from services.opportunities.reports.reconciliation import Kind, Wanted
from services.opportunities.reports.shapes import Money, Report
from services.opportunities.routes.asked import Ask, InCurrency, days
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.deliveries import DELIVERIES
from services.opportunities.views.order_lines import ORDER_LINES
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.http.by_ref import System
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import FromDay, Listed, Paged, ToDay
from shared.http.route import Router
from shared.records.pages import listed, page_of

router = Router(prefix="/v1/reconciliation", tags=["billing"])

VIEWS = (STANDINGS, ORDER_LINES, DELIVERIES, INVOICES, RECEIPTS, ACCOUNTS, UNITS)
USUAL_DAYS, MOST_DAYS = 31, 366

InSystem = Annotated[
    System | None, Query(description="Records this system has a reference of: orders, and accounts of money received.")
]
OfKind = Annotated[Kind | None, Query(description="Default: all.")]


class DayRow(BaseModel):
    """One day, kind and currency."""

    day: date = Field(title="日期", description="Of business, in the tenant's zone.")
    kind: Kind = Field(title="种类")
    currency: str | None
    entries: int = Field(title="笔数", description="As many as there are records of that day and kind.")
    units: int | None = Field(title="台数")
    amount: Money = Field(title="金额", description="Invoices with tax. What has no price is not in it.")
    without_amount: int = Field(title="无金额笔数")


class EntryRow(BaseModel):
    """One movement."""

    id: UUID = Field(title="笔编号")
    day: date = Field(title="日期")
    kind: Kind = Field(title="种类")
    record_id: UUID = Field(title="记录编号", description="The order, invoice or receipt.")
    reference: str | None = Field(title="编号", description="The invoice's number, the bank's reference, the VIN.")
    key: str | None = Field(title="系统内编号", description="What the system asked for calls the order or account.")
    opportunity_id: UUID | None
    title: str | None
    order_ref: str | None
    account_id: UUID | None
    account: str | None
    line: int | None
    units: int | None
    amount: Money | None
    currency: str | None


@router.get(
    "",
    operation_id="reconciliation.read",
    response_model=Report[DayRow],
    responses=refuses(422),
    dependencies=[Depends(limited("heavy"))],
)
async def by_day(
    ask: Ask,
    since: FromDay = None,
    until: ToDay = None,
    kind: OfKind = None,
    currency: InCurrency = None,
    system: InSystem = None,
) -> Any:
    """Counts and sums by day and kind (对账): orders, deliveries, cancellations, invoices, credits, money in and out.

    Of what you see. Without `from`, the 31 days up to `to`, at most 366. Ask again with `known_at` = the `position`
    answered, and the records of a day that differs are those that were counted.
    """
    asking = await ask.of(*VIEWS)
    wanted = _wanted(asking.day, since, until, kind, currency, system)
    rows = await reconciliation.by_day(ask.pool, asking, wanted)
    return ask.records(asking, {"rows": rows, "from": wanted.since, "to": wanted.until})


@router.get("/records", operation_id="reconciliation.records", response_model=Listed[EntryRow], responses=refuses(422))
async def records(
    ask: Ask,
    page: Paged,
    since: FromDay = None,
    until: ToDay = None,
    kind: OfKind = None,
    currency: InCurrency = None,
    system: InSystem = None,
    sort: Literal["day", "-day"] = "day",
) -> Any:
    """The entries behind the sums: every order, delivery, invoice and payment of the days, by its references."""
    asking = await ask.of(*VIEWS)
    wanted = _wanted(asking.day, since, until, kind, currency, system)
    items, after = await reconciliation.records(ask.pool, asking, ask.labels, wanted, sort=sort, page=page_of(page))
    return listed(page, items, after)


def _wanted(
    day: date, since: date | None, until: date | None, kind: Kind | None, currency: str | None, system: str | None
) -> Wanted:
    """The question. Raises Problem 422 for a range that is empty or too long."""
    last = until or max(day, since or day)
    first = since or last - timedelta(days=USUAL_DAYS - 1)
    days(first, last)
    if (last - first).days >= MOST_DAYS:
        wrong = At("/from", "range_too_long", params={"most": MOST_DAYS}, where="query")
        raise Problem(422, "range_too_long", errors=(wrong,), params={"most": MOST_DAYS})
    return Wanted(first, last, () if kind is None else (kind,), currency, system)
