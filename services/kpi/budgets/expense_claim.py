"""One expense claim: made, approved or refused, paid, or taken back after approval. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, Self
from uuid import UUID

from services.kpi.budgets.commands import ClaimExpense
from services.kpi.budgets.events import (
    BudgetUse,
    ClaimStatus,
    ExpenseClaimApproved,
    ExpenseClaimed,
    ExpenseClaimPaid,
    ExpenseClaimRefused,
    ExpenseClaimReversed,
)
from shared.event_store.stream import Entry, Refused
from shared.records.record import Correctable

ACTIONS: Final[Mapping[str, str]] = {
    "approve": "ExpenseClaimApproved",
    "refuse": "ExpenseClaimRefused",
    "pay": "ExpenseClaimPaid",
    "reverse": "ExpenseClaimReversed",
    "correct": "FactCorrected",
}
"""Commands by the last part of their route, and the fact each records."""

FROM: Final[Mapping[str, ClaimStatus]] = {
    "ExpenseClaimApproved": ClaimStatus.CLAIMED,
    "ExpenseClaimRefused": ClaimStatus.CLAIMED,
    "ExpenseClaimPaid": ClaimStatus.APPROVED,
    "ExpenseClaimReversed": ClaimStatus.APPROVED,
}
"""The one status from which each step is possible."""


class ExpenseClaim(Correctable):
    """See the module. Its money, category and budget are never corrected: refused or reversed, and claimed anew."""

    stream_type: ClassVar[str] = "expense_claim"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "budget_id": UUID,
        "category": str,
        "amount": Decimal,
        "currency": str,
        "spent_on": date,
        "purpose": str,
        "account_id": UUID | None,
        "visit_id": UUID | None,
        "owner_id": UUID,
        "unit_id": UUID,
        "status": ClaimStatus,
        "decided_on": date,
        "decided_by": UUID,
        "reason": str,
        "paid_on": date,
        "ref": str | None,
    }
    not_correctable: ClassVar[frozenset[str]] = frozenset(standing_types) - {"purpose", "reason", "ref", "paid_on"}

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        match fact:
            case ExpenseClaimed():
                return {
                    "budget_id": fact.budget_id,
                    "category": fact.category,
                    "amount": fact.amount,
                    "currency": fact.currency,
                    "spent_on": fact.spent_on,
                    "purpose": fact.purpose,
                    "account_id": fact.account_id,
                    "visit_id": fact.visit_id,
                    "owner_id": fact.owner_id,
                    "unit_id": fact.unit_id,
                    "status": ClaimStatus.CLAIMED,
                }
            case ExpenseClaimApproved():
                return {
                    "status": ClaimStatus.APPROVED,
                    "decided_on": fact.decided_on,
                    "decided_by": fact.decided_by,
                }
            case ExpenseClaimRefused():
                return {
                    "status": ClaimStatus.REFUSED,
                    "decided_on": fact.decided_on,
                    "decided_by": fact.decided_by,
                    "reason": fact.reason,
                }
            case ExpenseClaimPaid():
                return {"status": ClaimStatus.PAID, "paid_on": fact.paid_on, "ref": fact.ref}
            case ExpenseClaimReversed():
                return {"status": ClaimStatus.REVERSED, "reason": fact.reason}
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        wanted = FROM.get(fact)
        status: ClaimStatus = standing["status"]
        if wanted is not None and status is not wanted:
            return Refused("claim_moved_on", f"the claim is {status}", status_now=str(status))
        return None

    def require_sound(self, entry: Entry) -> None:
        """Nothing else is corrected than words."""

    @classmethod
    def claim(
        cls,
        command: ClaimExpense,
        *,
        id: UUID,
        budget_id: UUID,
        currency: str,
        account_id: UUID | None,
        owner_id: UUID,
        unit_id: UUID,
        at: datetime,
        day: date,
    ) -> Self:
        """Claim what was spent. Raises Refused 422 `untied_claim`, `in_the_future`."""
        if account_id is None and command.visit_id is None:
            raise Refused("untied_claim", "name the customer or the visit", status=422, pointer="/account_id")
        spent_on = command.spent_on or day
        if spent_on > day:
            raise Refused("in_the_future", "not spent yet", status=422, pointer="/spent_on", on=spent_on.isoformat())
        return cls.begin(
            ExpenseClaimed,
            id=id,
            at=at,
            budget_id=budget_id,
            category=command.category,
            amount=command.amount,
            currency=currency,
            spent_on=spent_on,
            purpose=command.purpose,
            account_id=account_id,
            visit_id=command.visit_id,
            owner_id=owner_id,
            unit_id=unit_id,
        )

    def approve(self, *, by: UUID, at: datetime, day: date) -> BudgetUse | None:
        """Approve it; what the budget is to be used for. None when that was said before."""
        before = self.version
        self.happen(ExpenseClaimApproved, at=at, decided_on=day, decided_by=by)
        return self._use(day) if self.version > before else None

    def refuse(self, reason: str, *, by: UUID, at: datetime, day: date) -> None:
        self.happen(ExpenseClaimRefused, at=at, decided_on=day, decided_by=by, reason=reason)

    def pay(self, ref: str | None, *, at: datetime, day: date) -> None:
        self.happen(ExpenseClaimPaid, at=at, paid_on=day, ref=ref)

    def reverse(self, reason: str, *, at: datetime, day: date) -> BudgetUse | None:
        """Take an approval back; what the budget is given back. None when that was said before."""
        before = self.version
        self.happen(ExpenseClaimReversed, at=at, reason=reason)
        return self._use(day, taken_back=True) if self.version > before else None

    def _use(self, day: date, *, taken_back: bool = False) -> BudgetUse:
        standing = self.standing
        return BudgetUse(self.id, standing["category"], standing["amount"], day, taken_back)
