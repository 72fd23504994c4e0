"""Facts of reporting: storage format and public language, for ever. See the service's `events.py`.

What a report or an item says in words is in the vault, by the record's id.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact, FirstOrLaterFact

# -- values ------------------------------------------------------------------------------------------------


class ReportKind(StrEnum):
    DAILY = "daily"
    MONTHLY = "monthly"


class ReportStatus(StrEnum):
    HANDED_IN = "handed_in"
    ACCEPTED = "accepted"  # by the reporting line
    RETURNED = "returned"  # to be handed in again


class IntelligenceCategory(StrEnum):
    """What an item is about (002)."""

    CUSTOMER = "customer"
    COMPETITOR = "competitor"
    MARKET = "market"
    POLICY = "policy"  # of the state or of a customer's group
    PRODUCT = "product"
    PRICE = "price"
    TENDER = "tender"
    OTHER = "other"


class Urgency(StrEnum):
    ORDINARY = "ordinary"
    URGENT = "urgent"  # at once to region and director


class IntelligenceStatus(StrEnum):
    OPEN = "open"
    DISCUSSED = "discussed"


class IntelligenceOutcome(StrEnum):
    ISSUE = "issue"  # in the monthly customer-information report
    KEEP = "keep"  # on file, not for all
    DROP = "drop"


class Acknowledgement(msgspec.Struct, frozen=True):
    """Somebody above has taken notice of an urgent item."""

    by: UUID
    on: date


# -- work reports ------------------------------------------------------------------------------------------


class WorkReportHandedIn(FirstFact):
    """A daily or monthly report was handed in. sets: kind, period, owner_id, unit_id, handed_in_on, status

    `period`: the day, or the first calendar day of the month. At most one per person, kind and period.
    """

    kind: ReportKind
    period: date
    owner_id: UUID
    unit_id: UUID
    handed_in_on: date


class WorkReportRevised(Fact):
    """Its author handed it in again, with other words. sets: revised_on, status (handed_in)"""

    revised_on: date


class WorkReportReviewed(Fact):
    """The reporting line accepted it, or gave it back. sets: status, reviewed_on, reviewed_by"""

    status: ReportStatus
    reviewed_on: date
    reviewed_by: UUID


class ReportingDutiesPublished(FirstOrLaterFact):
    """Who hands in what, from a day on. sets: policies (additive: this one)

    Functions that hand in a report every working day, or every month; that find at least so many items a month.
    """

    effective_from: date
    daily: tuple[str, ...]
    monthly: tuple[str, ...]
    intelligence: tuple[str, ...]
    intelligence_items: int


# -- intelligence ------------------------------------------------------------------------------------------


class IntelligenceReported(FirstFact):
    """Somebody learned something worth telling.

    sets: category, urgency, title, account_id, competitor, owner_id, unit_id, reported_on, status (open)
    """

    category: IntelligenceCategory
    urgency: Urgency
    title: str
    account_id: UUID | None
    competitor: str | None
    owner_id: UUID
    unit_id: UUID
    reported_on: date


class IntelligenceAcknowledged(Fact):
    """Somebody above took notice. sets: acknowledged (additive: this one)"""

    acknowledged: tuple[Acknowledgement, ...]


class IntelligenceDiscussed(Fact):
    """It was discussed, and what becomes of it. sets: status (discussed), outcome, discussed_on, discussed_by"""

    outcome: IntelligenceOutcome
    discussed_on: date
    discussed_by: UUID


class CustomerReportIssued(FirstOrLaterFact):
    """The customer-information report of a month went out; issued again, it has the next number.

    sets: month, number, item_ids, issued_on, issued_by. `month`: its first calendar day.
    """

    month: date
    number: int
    item_ids: tuple[UUID, ...]
    issued_on: date
    issued_by: UUID


WorkReportFact = WorkReportHandedIn | WorkReportRevised | WorkReportReviewed
IntelligenceFact = IntelligenceReported | IntelligenceAcknowledged | IntelligenceDiscussed
CustomerReportFact = CustomerReportIssued
