"""Facts of budgets: storage format and public language, for ever. See the service's `events.py`.

A budget is proposed from collected information, asked about in a meeting with finance, revised, approved, and used up
by expense claims that are tied to an account or a visit.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact

# -- values ------------------------------------------------------------------------------------------------


class BudgetStatus(StrEnum):
    PROPOSED = "proposed"
    IN_INQUIRY = "in_inquiry"  # asked about with finance
    RETURNED = "returned"  # to be revised
    APPROVED = "approved"


class ClaimStatus(StrEnum):
    CLAIMED = "claimed"
    APPROVED = "approved"
    REFUSED = "refused"
    PAID = "paid"
    REVERSED = "reversed"  # approved, and then taken back: the budget has it again


class BudgetedLine(msgspec.Struct, frozen=True):
    """What a category may cost in the year. `basis`: from what it was worked out."""

    category: str
    amount: Decimal
    basis: str | None = None


class BudgetInquiry(msgspec.Struct, frozen=True):
    """A meeting with finance about a proposal, and what it found."""

    on: date
    held_by: UUID
    participants: tuple[UUID, ...]
    findings: tuple[str, ...] = ()


class BudgetUse(msgspec.Struct, frozen=True):
    """An approved claim takes from a category; `taken_back`: it gives back."""

    claim_id: UUID
    category: str
    amount: Decimal
    on: date
    taken_back: bool = False


# -- budgets -----------------------------------------------------------------------------------------------


class BudgetProposed(FirstFact):
    """The budget of a unit for a year was proposed. At most one per unit, year and currency.

    sets: year, unit_id, owner_id, currency, lines, item_ids, status (proposed), number (0)
    `owner_id`: who proposes; `item_ids`: the intelligence items it rests on.
    """

    year: int
    unit_id: UUID
    owner_id: UUID
    currency: str
    lines: tuple[BudgetedLine, ...]
    item_ids: tuple[UUID, ...] = ()


class BudgetInquiryHeld(Fact):
    """It was asked about in a meeting with finance. sets: inquiries (additive: this one), status (in_inquiry)"""

    inquiries: tuple[BudgetInquiry, ...]


class BudgetRevised(Fact):
    """Its lines were revised before a decision. sets: lines, reason, status (proposed, or in_inquiry after one)"""

    lines: tuple[BudgetedLine, ...]
    reason: str
    status: BudgetStatus


class BudgetReturned(Fact):
    """The reporting line gave it back. sets: status (returned), reason"""

    reason: str


class BudgetApproved(Fact):
    """The reporting line approved it. sets: status (approved), number (1), approved_on, approved_by"""

    approved_on: date
    approved_by: UUID


class BudgetAmended(Fact):
    """An approved budget was changed, under the next number. sets: lines, reason, number, approved_on, approved_by"""

    lines: tuple[BudgetedLine, ...]
    reason: str
    number: int
    approved_on: date
    approved_by: UUID


class BudgetUsed(Fact):
    """A claim was approved, or taken back after that. sets: uses (additive: this one)"""

    uses: tuple[BudgetUse, ...]


# -- claims ------------------------------------------------------------------------------------------------


class ExpenseClaimed(FirstFact):
    """Somebody claims what they spent for an account or on a visit.

    sets: budget_id, category, amount, currency, spent_on, purpose, account_id, visit_id, owner_id, unit_id,
    status (claimed). `unit_id`: of the owner then.
    """

    budget_id: UUID
    category: str
    amount: Decimal
    currency: str
    spent_on: date
    purpose: str
    account_id: UUID | None
    visit_id: UUID | None
    owner_id: UUID
    unit_id: UUID


class ExpenseClaimApproved(Fact):
    """The reporting line approved it; the budget is used in the same append. sets: status, decided_on, decided_by"""

    decided_on: date
    decided_by: UUID


class ExpenseClaimRefused(Fact):
    """The reporting line refused it. sets: status, decided_on, decided_by, reason"""

    decided_on: date
    decided_by: UUID
    reason: str


class ExpenseClaimPaid(Fact):
    """Finance paid it out. sets: status, paid_on, ref"""

    paid_on: date
    ref: str | None


class ExpenseClaimReversed(Fact):
    """It was approved wrongly and is not paid: the budget has it again. sets: status, reason"""

    reason: str


BudgetFact = (
    BudgetProposed | BudgetInquiryHeld | BudgetRevised | BudgetReturned | BudgetApproved | BudgetAmended | BudgetUsed
)
ExpenseClaimFact = ExpenseClaimed | ExpenseClaimApproved | ExpenseClaimRefused | ExpenseClaimPaid | ExpenseClaimReversed
