"""Facts of plans: storage format and public language, for ever. See the service's `events.py`.

An annual plan (年度计划) is of one unit and year. The root, of the company as a rule, is proposed, submitted, reviewed,
approved or returned, cascaded and issued; the plans cascaded from it are in force once the root is.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact, FirstOrLaterFact

# -- values ------------------------------------------------------------------------------------------------


class PlanMeasure(StrEnum):
    """What is planned. The first three are counted in units (台)."""

    ORDERS = "orders"
    DELIVERIES = "deliveries"  # AAK
    REPORTED = "reported"  # units whose retail report was accepted
    LEADS = "leads"
    AMOUNT = "amount"  # money, in the row's currency


class PlanStatus(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    REVIEWED = "reviewed"
    RETURNED = "returned"
    APPROVED = "approved"
    ISSUED = "issued"
    HANDED_DOWN = "handed_down"  # cascaded from another plan: in force with its root


class PlanSpread(StrEnum):
    """How a plan was divided among the units below."""

    STATED = "stated"
    LAST_YEAR = "last_year"  # by each unit's outcome of the same month of last year
    EVEN = "even"


BasisSource = Literal["outcome", "target", "year_before"]
"""Of a month of last year that is not over, its target, or else what came out a year before it."""


class PlanRow(msgspec.Struct, frozen=True):
    """What is planned of one measure for one month, the month being its first day."""

    month: date
    measure: PlanMeasure
    target: Decimal
    stretch: Decimal | None = None
    product: str | None = None
    currency: str | None = None  # of amounts


class PlanBasis(msgspec.Struct, frozen=True):
    """What the proposal of a month began from, as known then: by rule what came out in that month of last year."""

    month: date  # of the plan, not of last year
    measure: PlanMeasure
    outcome: Decimal
    source: BasisSource = "outcome"


class PlanGrowth(msgspec.Struct, frozen=True):
    """By how much a measure is to grow on last year: 0.1 is a tenth more, -0.1 a tenth less."""

    measure: PlanMeasure
    target: Decimal
    stretch: Decimal | None = None


class PlanReview(msgspec.Struct, frozen=True):
    """What a reviewer found."""

    on: date
    by: UUID
    supports: bool
    comment: str | None = None


# -- facts -------------------------------------------------------------------------------------------------


class AnnualPlanProposed(FirstFact):
    """The head proposed the plan of a unit and year, from last year's outcome or as stated.

    sets: status = draft, year, unit_id, owner_id, rows, growths, basis
    """

    year: int
    unit_id: UUID
    owner_id: UUID
    rows: tuple[PlanRow, ...]
    growths: tuple[PlanGrowth, ...]
    basis: tuple[PlanBasis, ...]


class AnnualPlanRevised(Fact):
    """The proposal was worked over before it was submitted (again). sets: status = draft, rows"""

    rows: tuple[PlanRow, ...]


class AnnualPlanSubmitted(Fact):
    """The proposal went to review. sets: status = submitted, submitted_by"""

    submitted_by: UUID


class AnnualPlanReviewed(Fact):
    """Somebody reviewed it. sets: status = reviewed, reviews (additive: this one)"""

    reviews: tuple[PlanReview, ...]


class AnnualPlanReturned(Fact):
    """It went back with comments. sets: status = returned, returned_by, comment"""

    returned_by: UUID
    comment: str


class AnnualPlanApproved(Fact):
    """The reporting line approved it. sets: status = approved, approved_by"""

    approved_by: UUID


class AnnualPlanCascaded(Fact):
    """The plan was divided among units below; their plans hold their rows.

    sets: cascaded_to, spread, difference_reason (why the units' sums are not those of this plan)
    """

    cascaded_to: tuple[UUID, ...]  # units that have a plan cascaded from this one
    spread: PlanSpread
    difference_reason: str | None


class AnnualPlanHandedDown(FirstOrLaterFact):
    """A unit got its part of the plan above; a later one replaces it.

    sets: status = handed_down, year, unit_id, root_id, parent_id, above_id (the parent's unit), step (1, 2, 3), rows
    """

    year: int
    unit_id: UUID
    root_id: UUID
    parent_id: UUID
    above_id: UUID
    step: int
    rows: tuple[PlanRow, ...]


class AnnualPlanIssued(Fact):
    """The plan, with all that was cascaded from it, is in force. sets: status = issued, issued_by"""

    issued_by: UUID


class AnnualPlanChanged(Fact):
    """An issued plan was changed: its next numbered version, with all its rows.

    sets: rows, number, change_reason, changed_by
    """

    number: int
    rows: tuple[PlanRow, ...]
    change_reason: str
    changed_by: UUID


AnnualPlanFact = (
    AnnualPlanProposed
    | AnnualPlanRevised
    | AnnualPlanSubmitted
    | AnnualPlanReviewed
    | AnnualPlanReturned
    | AnnualPlanApproved
    | AnnualPlanCascaded
    | AnnualPlanHandedDown
    | AnnualPlanIssued
    | AnnualPlanChanged
)
