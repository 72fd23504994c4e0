"""The list of solutions: its columns and their types. Computes the margin and nothing else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import Field

from services.opportunities.dealing.listing import DealingRow, Table
from services.opportunities.events import SolutionStatus
from services.opportunities.reports.asking import Row, rounded
from services.opportunities.reports.shapes import Money
from services.opportunities.solutions.views import SOLUTIONS
from shared.records.paging import Order


class SolutionRow(DealingRow):
    """A solution as it stood."""

    status: SolutionStatus
    need: str | None
    wanted_by: date | None
    days_left: int | None = Field(description="To the day it is wanted; null once it is approved or withdrawn.")
    requested_by: UUID | None
    requested_by_name: str | None
    requested_on: date | None
    draft: int | None = Field(description="Number of the latest draft.")
    summary: str | None
    currency: str | None
    amount: Money | None
    cost: Money | None
    margin: float | None = Field(description="(amount - cost) / amount, null without both.")
    drafted_by: UUID | None
    drafted_by_name: str | None
    drafted_on: date | None
    submitted_on: date | None
    decided_by: UUID | None
    decided_by_name: str | None
    decided_on: date | None
    comment: str | None
    presented_on: date | None
    reaction: str | None


DONE = frozenset({SolutionStatus.APPROVED, SolutionStatus.PRESENTED, SolutionStatus.WITHDRAWN})
ORDERS = {
    "-requested_on": Order("coalesce(r.requested_on, '-infinity')", "date", descending=True),
    "wanted_by": Order("coalesce(r.wanted_by, 'infinity')", "date"),
}


def margin(amount: Decimal | None, cost: Decimal | None) -> float | None:
    """What is left of the amount, as a share of it."""
    return rounded((amount - cost) / amount) if amount and cost is not None else None


def _more(row: Any, day: date) -> Row:
    wanted = None if row["status"] in DONE else row["wanted_by"]
    return {
        "margin": margin(row["amount"], row["cost"]),
        "days_left": None if wanted is None else (wanted - day).days,
    }


TABLE = Table(
    view=SOLUTIONS,
    orders=ORDERS,
    columns=(
        *("need", "wanted_by", "requested_by", "requested_on", "draft", "summary", "currency", "amount", "cost"),
        *("drafted_by", "drafted_on", "submitted_on", "decided_by", "decided_on", "comment", "presented_on"),
        "reaction",
    ),
    people=("requested_by", "drafted_by", "decided_by"),
    amounts=("amount", "cost"),
    more=_more,
)
