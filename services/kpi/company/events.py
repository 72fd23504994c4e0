"""Facts of company: storage format and public language, for ever. See the service's `events.py`.

Figures of the company as a whole, and of what customers spend with everybody: told by people, or by other systems.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from shared.event_store.stream import FirstFact


class CompanyFigureKind(StrEnum):
    SALES = "sales"  # of the whole company, or of a unit with all its business
    PROFIT = "profit"  # below 0: a loss
    CUSTOMER_TOTAL = "customer_total"  # what a customer spent on such goods, with us and with all others


class CompanyFigureRecorded(FirstFact):
    """A figure of a month, a quarter or a year came in; its business time is the last day of that.

    sets: kind, month (the first month's first day), months (1, 3 or 12), unit_id, account_id (customer totals), amount,
    currency, system (where it came from; null: told by a person), key (what that system calls it), entered_by
    """

    kind: CompanyFigureKind
    month: date
    months: int
    unit_id: UUID
    account_id: UUID | None
    amount: Decimal
    currency: str
    system: str | None
    key: str | None
    entered_by: UUID


CompanyFact = CompanyFigureRecorded
