"""Facts about filings: storage format and public language, for ever. See the service's `events.py`.

A filing (系统提报) tells the manufacturer of a customer's order; delivered units are reported under it with VIN and
invoice, and support (返利) is claimed for them. Names of documents only: the files are attachments.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact, FirstOrLaterFact

# -- values ------------------------------------------------------------------------------------------------


class FilingStatus(StrEnum):
    DRAFTED = "drafted"
    SUBMITTED = "submitted"
    RETURNED = "returned"  # for completion
    ACCEPTED = "accepted"
    REFUSED = "refused"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class ReportState(StrEnum):
    REPORTED = "reported"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    REFUSED = "refused"


class SupportState(StrEnum):
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    REFUSED = "refused"
    PAID = "paid"


class FiledLine(msgspec.Struct, frozen=True):
    """A line of the filing: number and product as on the order, units filed."""

    line: int
    product: str
    units: int


class ReportStep(msgspec.Struct, frozen=True):
    """What happened to the report of one unit: reported on a day, or answered. The last step is how it stands."""

    vin: str
    state: ReportState
    on: date
    line: int | None = None  # from here on: only when reported
    product: str | None = None
    delivered_on: date | None = None
    invoice_no: str | None = None
    invoiced_on: date | None = None
    reason: str | None = None  # only when returned or refused


class SupportStep(msgspec.Struct, frozen=True):
    """What happened to one claim of support, by its reference within the filing. Payments add up."""

    ref: str
    state: SupportState
    on: date
    amount: Decimal | None = None  # claimed, accepted or paid; in the claim's currency
    currency: str | None = None
    vins: tuple[str, ...] = ()  # only when claimed: the units it is for
    reason: str | None = None


# -- facts: the filing -------------------------------------------------------------------------------------


class FilingDrafted(FirstFact):
    """A filing was begun. `number` is ours and never changes.

    sets: status = drafted, number, opportunity_id, account_id, customer_type, lines, expected_on, documents
    """

    number: str
    opportunity_id: UUID
    account_id: UUID | None
    customer_type: str
    lines: tuple[FiledLine, ...]
    expected_on: date | None  # delivery expected
    documents: tuple[str, ...]  # their names


class FilingChanged(Fact):
    """The draft, or a returned filing, says something else now. sets: customer_type, lines, expected_on, documents"""

    customer_type: str
    lines: tuple[FiledLine, ...]
    expected_on: date | None
    documents: tuple[str, ...]


class FilingSubmitted(Fact):
    """It went to the manufacturer, for the first time or completed. sets: status = submitted, submitted_on, missing,
    return_reason (none)"""

    submitted_on: date


class FilingAccepted(Fact):
    """The manufacturer took it. sets: status = accepted, decided_on, manufacturer_ref, valid_until"""

    decided_on: date
    manufacturer_ref: str | None
    valid_until: date | None


class FilingReturned(Fact):
    """The manufacturer wants it completed. sets: status = returned, returned_on, return_reason, missing"""

    returned_on: date
    return_reason: str
    missing: tuple[str, ...]  # documents asked for


class FilingRefused(Fact):
    """The manufacturer refused it. sets: status = refused, decided_on, refusal_reason"""

    decided_on: date
    refusal_reason: str


class FilingLapsed(Fact):
    """Its time ran out. sets: status = lapsed, lapsed_on, lapse_reason"""

    lapsed_on: date
    lapse_reason: str | None


class FilingWithdrawn(Fact):
    """We took it back before it was accepted. sets: status = withdrawn, withdrawn_on, withdrawal_reason"""

    withdrawn_on: date
    withdrawal_reason: str


# -- facts: units reported -----------------------------------------------------------------------------------


class UnitsReported(Fact):
    """Delivered units were reported under the filing. sets: reports (additive: a step for each unit)"""

    reports: tuple[ReportStep, ...]


class ReportAccepted(Fact):
    """The report of a unit counts: by the day it was reported. sets: reports (additive: one step)"""

    reports: tuple[ReportStep, ...]


class ReportReturned(Fact):
    """The report of a unit is to be completed and sent again. sets: reports (additive: one step)"""

    reports: tuple[ReportStep, ...]


class ReportRefused(Fact):
    """The report of a unit was refused: the VIN may be reported elsewhere. sets: reports (additive: one step)"""

    reports: tuple[ReportStep, ...]


# -- facts: support ------------------------------------------------------------------------------------------


class SupportClaimed(Fact):
    """Support was asked for. A returned claim is claimed again by the same reference. sets: support (additive)"""

    support: tuple[SupportStep, ...]


class SupportAccepted(Fact):
    """The manufacturer will pay so much. sets: support (additive: one step)"""

    support: tuple[SupportStep, ...]


class SupportReturned(Fact):
    """The claim is to be completed. sets: support (additive: one step)"""

    support: tuple[SupportStep, ...]


class SupportRefused(Fact):
    """The claim was refused. sets: support (additive: one step)"""

    support: tuple[SupportStep, ...]


class SupportPaid(Fact):
    """Money came in for an accepted claim; several payments add up. sets: support (additive: one step)"""

    support: tuple[SupportStep, ...]


FilingFact = (
    FilingDrafted
    | FilingChanged
    | FilingSubmitted
    | FilingAccepted
    | FilingReturned
    | FilingRefused
    | FilingLapsed
    | FilingWithdrawn
    | UnitsReported
    | ReportAccepted
    | ReportReturned
    | ReportRefused
    | SupportClaimed
    | SupportAccepted
    | SupportReturned
    | SupportRefused
    | SupportPaid
)


# -- facts: deadlines ----------------------------------------------------------------------------------------


class FilingPolicyPublished(FirstOrLaterFact):
    """Days the manufacturer gives, in force from a day on. sets: policies (additive: this one)"""

    effective_from: date
    complete_days: int  # from return to the completed filing
    report_days: int  # from delivery to report
    claim_days: int  # from report to claim
    warn_days: int  # so many days before a deadline it is lapsing
