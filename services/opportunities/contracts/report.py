"""The list of contracts: its columns, their types, and the filters of expiry and approval. Computes no figure."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.opportunities.contracts.views import CONTRACTS
from services.opportunities.dealing.listing import DealingRow, Predicate, Table
from services.opportunities.events import ContractStatus
from services.opportunities.reports.asking import Row, Sql
from services.opportunities.reports.shapes import Money
from shared.records.paging import Order

Waits = Literal["contract", "amendment"]


class InstalmentRow(BaseModel):
    """A part of the price: so many calendar days after an event."""

    share: str = Field(description="Of the amount, 0–1.")
    after: str
    days: int


class ContractRow(DealingRow):
    """A contract as it stood."""

    status: ContractStatus
    title: str | None
    number: str | None
    draft: int
    currency: str
    amount: Money
    payment_terms: list[InstalmentRow]
    delivery_terms: str | None
    warranty_terms: str | None
    warranty_months: int | None
    starts_on: date | None
    ends_on: date | None
    days_left: int | None = Field(description="Of a signed contract, to its last day; below 0 once it has gone by.")
    expired: bool = Field(description="Signed, and its last day has gone by.")
    drafted_by: UUID | None
    drafted_by_name: str | None
    drafted_on: date | None
    waits: Waits | None = Field(description="What waits for approval.")
    needs: str | None = Field(description="The function whose limit covers it.")
    decided_by: UUID | None
    decided_by_name: str | None
    decided_on: date | None
    signed_by: UUID | None
    signed_by_name: str | None
    signed_on: date | None
    by_delegation: bool | None
    amendments: int = Field(description="That hold.")
    renewed_on: date | None
    terminated_on: date | None


ORDERS = {
    "ends_on": Order("coalesce(r.ends_on, 'infinity')", "date"),
    "-drafted_on": Order("coalesce(r.drafted_on, '-infinity')", "date", descending=True),
}


def expiring_within(days: int | None) -> Predicate:
    """Signed contracts whose last day is the day asked about or at most so many days after it."""

    def predicate(sql: Sql) -> str:
        if days is None:
            return "true"
        day = sql.named("day")
        return f"r.status = 'signed' and r.ends_on between {day} and {day} + {sql(days)}::int"

    return predicate


def expired(wanted: bool | None) -> Predicate:
    """Signed contracts whose last day has gone by, or all others."""

    def predicate(sql: Sql) -> str:
        if wanted is None:
            return "true"
        gone = f"coalesce(r.status = 'signed' and r.ends_on < {sql.named('day')}, false)"
        return gone if wanted else f"not {gone}"

    return predicate


def is_expired(status: str, ends_on: date | None, day: date) -> bool:
    """Whether a contract has run out on a day."""
    return status == ContractStatus.SIGNED and ends_on is not None and ends_on < day


def _more(row: Any, day: date) -> Row:
    signed = row["status"] == ContractStatus.SIGNED and row["ends_on"] is not None
    return {
        "days_left": (row["ends_on"] - day).days if signed else None,
        "expired": is_expired(row["status"], row["ends_on"], day),
    }


TABLE = Table(
    view=CONTRACTS,
    orders=ORDERS,
    columns=(
        *("title", "number", "draft", "currency", "amount", "payment_terms", "delivery_terms", "warranty_terms"),
        *("warranty_months", "starts_on", "ends_on", "drafted_by", "drafted_on", "waits", "needs", "decided_by"),
        *("decided_on", "signed_by", "signed_on", "by_delegation", "amendments", "renewed_on", "terminated_on"),
    ),
    people=("drafted_by", "decided_by", "signed_by"),
    amounts=("amount",),
    more=_more,
)
