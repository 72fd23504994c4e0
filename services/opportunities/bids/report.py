"""The list of bids: its columns, their types, and the filters of openings and bonds. Computes no figure."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.opportunities.bids.views import BIDS
from services.opportunities.dealing.listing import DealingRow, Predicate, Table
from services.opportunities.events import BidStatus
from services.opportunities.reports.asking import Row, Sql
from services.opportunities.reports.shapes import Money
from shared.records.paging import Order

Bond = Literal["due", "overdue", "paid", "unreturned"]
STILL = "('considered', 'preparing', 'submitted')"


class Competitor(BaseModel):
    """A line of the opening record."""

    name: str
    price: Money | None
    rank: int | None
    remark: str | None


class BidRow(DealingRow):
    """A bid as it stood."""

    status: BidStatus
    tender_number: str
    tenderer: str
    currency: str
    published_on: date | None
    questions_until: date | None
    documents_bought_on: date | None
    opening_at: datetime | None
    bond_amount: Money | None
    bond_due_on: date | None
    bond_paid_on: date | None
    bond_returned_on: date | None
    bond_days_left: int | None = Field(description="To the day it is due; null once paid, or without such a day.")
    documents_required: int
    documents_missing: list[str] = Field(description="Required documents that are not ready.")
    recorded_by: UUID | None
    recorded_by_name: str | None
    go: bool | None = Field(description="Null while nobody has decided.")
    decided_by: UUID | None
    decided_by_name: str | None
    decided_on: date | None
    submitted_on: date | None
    amount: Money | None = Field(description="Our price.")
    competitors: list[Competitor]
    our_rank: int | None
    opened_on: date | None
    result_on: date | None
    result_reason: str | None
    winner: str | None
    winning_price: Money | None


ORDERS = {
    "opening_at": Order("coalesce(r.opening_at, 'infinity')", "timestamptz"),
    "-recorded_on": Order("coalesce(r.recorded_on, '-infinity')", "date", descending=True),
}


def opening_within(days: int | None) -> Predicate:
    """Openings to come, on the day asked about or so many days after it."""

    def predicate(sql: Sql) -> str:
        if days is None:
            return "true"
        day, zone = sql.named("day"), sql.named("zone")
        opening = f"(r.opening_at at time zone {zone})::date"
        return f"r.status in {STILL} and {opening} between {day} and {day} + {sql(days)}::int"

    return predicate


def bond(state: Bond | None) -> Predicate:
    """Bonds to be paid (`overdue`: their day has gone by), paid, or paid and wanted back since there is a result."""

    def predicate(sql: Sql) -> str:
        unpaid = "r.bond_due_on is not null and r.bond_paid_on is null and r.status in ('considered', 'preparing')"
        match state:
            case "due":
                return unpaid
            case "overdue":
                return f"{unpaid} and r.bond_due_on < {sql.named('day')}"
            case "paid":
                return "r.bond_paid_on is not null and r.bond_returned_on is null"
            case "unreturned":
                over = "r.status in ('declined', 'won', 'lost', 'cancelled')"
                return f"r.bond_paid_on is not null and r.bond_returned_on is null and {over}"
            case None:
                return "true"

    return predicate


def _more(row: Any, day: date) -> Row:
    required = [document["name"] for document in row["documents"]]
    done = set(row["documents_done"])
    waits = row["bond_paid_on"] is None and row["bond_due_on"] is not None and row["status"] in STILL
    return {
        "documents_required": len(required),
        "documents_missing": [name for name in required if name not in done],
        "bond_days_left": (row["bond_due_on"] - day).days if waits else None,
    }


TABLE = Table(
    view=BIDS,
    orders=ORDERS,
    columns=(
        *("tender_number", "tenderer", "currency", "published_on", "questions_until", "documents_bought_on"),
        *("opening_at", "bond_amount", "bond_due_on", "bond_paid_on", "bond_returned_on", "recorded_by", "go"),
        *("decided_by", "decided_on", "submitted_on", "amount", "competitors", "our_rank", "opened_on"),
        *("result_on", "result_reason", "winner", "winning_price"),
    ),
    people=("recorded_by", "decided_by"),
    amounts=("bond_amount", "amount", "winning_price"),
    more=_more,
)
