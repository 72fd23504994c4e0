"""Facts of lead plans: storage format and public language, for ever. See the service's `events.py`.

How many leads a unit needs in a month, worked back from its order target, by channel; and its weekly reviews.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact

# -- values ------------------------------------------------------------------------------------------------


class LeadPlanStatus(StrEnum):
    DRAFT = "draft"
    ISSUED = "issued"


class LeadRate(msgspec.Struct, frozen=True):
    """A rate the plan goes by, and where it comes from: counted at `unit_id` and below, or stated (null).

    `name`: units_per_order (units ordered / prospects ordered), prospect_conversion (prospects ordered / captured and
    opening stock), lead_to_record (leads that became a record / leads), record_mix (records of the channel / records).
    """

    name: str
    value: Decimal
    channel: str | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    unit_id: UUID | None = None


class LeadsRequired(msgspec.Struct, frozen=True):
    """The way back from the order target to leads."""

    units: Decimal  # the order target, in units
    source: str  # of the target: annual, rolling, split, given
    orders: int  # prospects that must order
    prospects: int  # that must be there for it: in stock or captured in the month
    stock: int  # of them in stock when it was worked out
    records: int  # to be captured
    leads: int  # over all channels


class LeadChannel(msgspec.Struct, frozen=True):
    """What one channel is to bring."""

    channel: str
    leads: int
    records: int | None = None  # as worked back
    budget: Decimal | None = None
    currency: str | None = None


class WeekReview(msgspec.Struct, frozen=True):
    """A week was reviewed: the table as known at `position` was before those who met."""

    week: int
    on: date
    by: UUID
    position: int
    findings: tuple[str, ...]


# -- facts -------------------------------------------------------------------------------------------------


class LeadPlanProposed(FirstFact):
    """A lead plan was worked back from the order target. sets: all its fields; status = draft, number = 0"""

    month: date  # its first day
    unit_id: UUID
    owner_id: UUID  # who planned
    required: LeadsRequired
    rates: tuple[LeadRate, ...]
    rates_from: date
    rates_to: date  # the day after the last counted
    channels: tuple[LeadChannel, ...]


class LeadPlanReworked(Fact):
    """The draft was worked back anew. sets: required, rates, rates_from, rates_to, channels"""

    required: LeadsRequired
    rates: tuple[LeadRate, ...]
    rates_from: date
    rates_to: date
    channels: tuple[LeadChannel, ...]


class LeadPlanEdited(Fact):
    """The draft's channels were edited by hand. sets: channels"""

    channels: tuple[LeadChannel, ...]


class LeadPlanIssued(Fact):
    """The plan is in force: its leads are the unit's target. sets: status = issued, issued_by"""

    issued_by: UUID


class LeadPlanChanged(Fact):
    """An issued plan was changed, as its change of this number. sets: channels, number, reason"""

    channels: tuple[LeadChannel, ...]
    number: int
    reason: str


class LeadWeekReviewed(Fact):
    """A week of the plan was reviewed (周盘点). sets: reviews (additive: this one)"""

    reviews: tuple[WeekReview, ...]


LeadPlanFact = (
    LeadPlanProposed | LeadPlanReworked | LeadPlanEdited | LeadPlanIssued | LeadPlanChanged | LeadWeekReviewed
)
