"""The list of negotiations: its columns, their types, and the filters of open points and prices. Computes no figure."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.opportunities.dealing.listing import DealingRow, Predicate, Table
from services.opportunities.events import NegotiationStatus, PriceStatus
from services.opportunities.negotiations.views import NEGOTIATIONS
from services.opportunities.reports.asking import Row, Sql, rounded
from services.opportunities.reports.shapes import Money
from shared.records.paging import Order


class OpenPointRow(BaseModel):
    """A point a round left open."""

    number: int
    text: str
    owner_id: UUID | None
    due_on: date | None


class NegotiationRow(DealingRow):
    """A negotiation as it stood."""

    status: NegotiationStatus
    subject: str | None
    opened_on: date | None
    rounds: int
    outcome: str | None = Field(description="Of the last round.")
    last_round_on: date | None
    open_points: list[OpenPointRow]
    next_due_on: date | None
    price_status: PriceStatus | None
    price_currency: str | None
    price_amount: Money | None
    price_discount: float | None = Field(description="Share of the list price, 0–1; null: not known.")
    price_needs: str | None = Field(description="The function whose limit covers it.")
    price_requested_by: UUID | None
    price_requested_by_name: str | None
    price_requested_on: date | None
    price_decided_by: UUID | None
    price_decided_by_name: str | None
    price_decided_on: date | None
    price_within_own_limit: bool | None = Field(description="The requester's own limit covered it.")
    concluded_on: date | None
    conclusion: str | None


ORDERS = {
    "-opened_on": Order("coalesce(r.opened_on, '-infinity')", "date", descending=True),
    "next_due_on": Order("coalesce(r.next_due_on, 'infinity')", "date"),
}


def points_overdue(wanted: bool | None) -> Predicate:
    """Negotiations with an open point whose day has gone by, or without one."""

    def predicate(sql: Sql) -> str:
        if wanted is None:
            return "true"
        overdue = f"coalesce(r.next_due_on < {sql.named('day')}, false)"
        return overdue if wanted else f"not {overdue}"

    return predicate


def _more(row: Any, day: date) -> Row:
    return {"price_discount": rounded(row["price_discount"])}


TABLE = Table(
    view=NEGOTIATIONS,
    orders=ORDERS,
    columns=(
        *("subject", "opened_on", "rounds", "outcome", "last_round_on", "open_points", "next_due_on", "price_status"),
        *("price_currency", "price_amount", "price_needs", "price_requested_by", "price_requested_on"),
        *("price_decided_by", "price_decided_on", "price_within_own_limit", "concluded_on", "conclusion"),
    ),
    people=("price_requested_by", "price_decided_by"),
    amounts=("price_amount",),
    more=_more,
)
