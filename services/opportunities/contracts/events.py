"""Facts about contracts and limits: storage format and public language, for ever. See the service's `events.py`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from services.opportunities.opportunity.events import Line
from shared.event_store.stream import Fact, FirstOrLaterFact

# -- values ------------------------------------------------------------------------------------------------

DueAfter = Literal["signing", "delivery", "invoice", "acceptance"]


class ContractStatus(StrEnum):
    """Where a contract stands. Expired is derived: signed, and its last day has gone by."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    SIGNED = "signed"
    TERMINATED = "terminated"


class Instalment(msgspec.Struct, frozen=True):
    """A part of the price: `share` of it (0–1) is due so many calendar days after an event. Shares sum to 1."""

    share: Decimal
    after: DueAfter
    days: Annotated[int, msgspec.Meta(ge=0, le=3_650)] = 0


class ContractTerms(msgspec.Struct, frozen=True):
    """All that a contract says. `amount` in `currency`: the lines' total, or as stated for lines without prices."""

    lines: tuple[Line, ...]
    currency: str
    amount: Decimal
    payment_terms: tuple[Instalment, ...]
    delivery_terms: str | None
    warranty_terms: str | None
    warranty_months: int | None
    starts_on: date | None
    ends_on: date | None


class ContractAmendment(msgspec.Struct, frozen=True):
    """What a contract is to say instead (补充协议); `number` counts in the contract."""

    number: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    reason: str
    terms: ContractTerms


class AmountLimit(msgspec.Struct, frozen=True):
    """Who holds this function approves contracts up to this amount of this currency."""

    function: str
    currency: str
    amount: Decimal


# -- facts -------------------------------------------------------------------------------------------------


class ContractDrafted(FirstOrLaterFact):
    """A version of a contract was drawn up; the first opens the record.

    sets: status = draft, draft, drafted_by, drafted_on, lines, currency, amount, payment_terms, delivery_terms,
    warranty_terms, warranty_months, starts_on, ends_on; opportunity_id and title with the first
    """

    opportunity_id: UUID | None  # null in later drafts
    title: str | None
    draft: int  # 1, 2, …: never used twice in one contract
    terms: ContractTerms
    drafted_by: UUID
    drafted_on: date


class ContractSubmitted(Fact):
    """The draft waits for approval. sets: status = submitted, submitted_by, submitted_on, needs; passed_by = null"""

    draft: int
    submitted_by: UUID
    submitted_on: date
    needs: str  # the lowest function whose limit covers the amount


class ContractPassedOn(Fact):
    """A head supports what is above the own limit and passes it on. sets: needs, passed_by"""

    needs: str
    passed_by: UUID
    comment: str | None


class ContractApproved(Fact):
    """The draft may be signed.

    sets: status = approved, decided_by, decided_on, comment, approved_amount, approved_limit; needs = null
    """

    draft: int
    decided_by: UUID
    decided_on: date
    comment: str | None
    approved_amount: Decimal
    approved_limit: Decimal | None  # of who approved; null: no limit
    function: str  # by whose limit


class ContractReturned(Fact):
    """The draft is wanted otherwise. sets: status = returned, decided_by, decided_on, comment; needs = null"""

    draft: int
    decided_by: UUID
    decided_on: date
    comment: str


class SigningDelegated(Fact):
    """Somebody with the limit lets another sign, until a day (委托签字).

    sets: delegate_id, delegate_until, delegated_by
    """

    delegate_id: UUID
    delegate_until: date
    delegated_by: UUID


class ContractSigned(Fact):
    """The contract was signed. sets: status = signed, number, signed_by, signed_on, by_delegation"""

    number: str  # unique in the tenant
    signed_by: UUID
    signed_on: date
    by_delegation: bool


class AmendmentRequested(Fact):
    """Somebody asks to change a signed contract.

    sets: amendment, amendment_requested_by, amendment_requested_on, needs (null: it needs nobody's approval);
    passed_by = null
    """

    amendment: ContractAmendment
    amendment_requested_by: UUID
    amendment_requested_on: date
    needs: str | None


class ContractAmended(Fact):
    """The contract says otherwise from this day on.

    sets: lines, currency, amount, payment_terms, delivery_terms, warranty_terms, warranty_months, starts_on, ends_on,
    amendments (additive: this number), amended_by, amended_on; amendment, needs = null; approved_amount and
    approved_limit when somebody approved
    """

    number: int
    terms: ContractTerms
    amended_by: UUID | None  # null: it stays within what was approved
    amended_on: date
    comment: str | None
    approved_limit: Decimal | None
    function: str | None


class AmendmentReturned(Fact):
    """The change is not wanted so. sets: amendment, needs = null; amended_by, amendment_comment"""

    number: int
    amended_by: UUID
    comment: str


class ContractRenewed(Fact):
    """The contract runs on. sets: ends_on, renewed_on"""

    ends_on: date
    renewed_on: date
    reason: str | None


class ContractTerminated(Fact):
    """The contract ended before its time. sets: status = terminated, terminated_on, terminated_reason"""

    terminated_on: date
    terminated_reason: str


ContractFact = (
    ContractDrafted
    | ContractSubmitted
    | ContractPassedOn
    | ContractApproved
    | ContractReturned
    | SigningDelegated
    | ContractSigned
    | AmendmentRequested
    | ContractAmended
    | AmendmentReturned
    | ContractRenewed
    | ContractTerminated
)


class ContractPolicyPublished(FirstOrLaterFact):
    """Who approves and signs contracts up to which amount, from a day on. sets: policies (additive: this one)"""

    effective_from: date
    limits: tuple[AmountLimit, ...]
    unlimited: tuple[str, ...]  # functions without a limit, in any currency
