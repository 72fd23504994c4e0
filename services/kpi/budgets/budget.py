"""One budget of a unit and year: the rules of proposal, inquiry, decision and use. Pure: no I/O, no clock."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, Self
from uuid import UUID

from services.kpi.budgets.commands import BudgetedLineGiven, HoldInquiry, ProposeBudget, ReviseBudget
from services.kpi.budgets.events import (
    BudgetAmended,
    BudgetApproved,
    BudgetedLine,
    BudgetInquiry,
    BudgetInquiryHeld,
    BudgetProposed,
    BudgetReturned,
    BudgetRevised,
    BudgetStatus,
    BudgetUse,
    BudgetUsed,
)
from shared.event_store.command import Claim
from shared.event_store.stream import Entry, Refused
from shared.records.record import Correctable

SCOPE: Final = "budget"
"""One budget a unit, year and currency."""

ACTIONS: Final[Mapping[str, str]] = {
    "hold-inquiry": "BudgetInquiryHeld",
    "revise": "BudgetRevised",
    "approve": "BudgetApproved",
    "return": "BudgetReturned",
    "amend": "BudgetAmended",
    "correct": "FactCorrected",
    "void": "FactVoided",
}
"""Commands by the last part of their route, and the fact each records."""

DECIDES = frozenset({"BudgetInquiryHeld", "BudgetRevised", "BudgetReturned", "BudgetApproved"})
USES = frozenset({"BudgetAmended", "BudgetUsed"})


class Budget(Correctable):
    """See the module."""

    stream_type: ClassVar[str] = "budget"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "year": int,
        "unit_id": UUID,
        "owner_id": UUID,
        "currency": str,
        "lines": tuple[BudgetedLine, ...],
        "item_ids": tuple[UUID, ...],
        "inquiries": tuple[BudgetInquiry, ...],
        "uses": tuple[BudgetUse, ...],
        "reason": str,
        "status": BudgetStatus,
        "number": int,
        "approved_on": date,
        "approved_by": UUID,
    }
    additive: ClassVar[frozenset[str]] = frozenset({"inquiries", "uses"})
    not_correctable: ClassVar[frozenset[str]] = frozenset(
        {"status", "year", "unit_id", "owner_id", "currency", "number", "uses", "approved_on", "approved_by"}
    )

    def public_standing(self) -> dict[str, Any]:
        """For subscribers: what is used of each category instead of every use, so that a fact stays small."""
        standing = {name: value for name, value in self.standing.items() if name != "uses"}
        return standing | {"used": used(self.standing["uses"])} if "uses" in self.standing else standing

    # -- facts applied -------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        match fact:
            case BudgetProposed():
                return {
                    "year": fact.year,
                    "unit_id": fact.unit_id,
                    "owner_id": fact.owner_id,
                    "currency": fact.currency,
                    "lines": fact.lines,
                    "item_ids": fact.item_ids,
                    "status": BudgetStatus.PROPOSED,
                    "number": 0,
                }
            case BudgetInquiryHeld():
                return {"inquiries": fact.inquiries, "status": BudgetStatus.IN_INQUIRY}
            case BudgetRevised():
                return {"lines": fact.lines, "reason": fact.reason, "status": fact.status}
            case BudgetReturned():
                return {"status": BudgetStatus.RETURNED, "reason": fact.reason}
            case BudgetApproved():
                return {
                    "status": BudgetStatus.APPROVED,
                    "number": 1,
                    "approved_on": fact.approved_on,
                    "approved_by": fact.approved_by,
                }
            case BudgetAmended():
                return {
                    "lines": fact.lines,
                    "reason": fact.reason,
                    "number": fact.number,
                    "approved_on": fact.approved_on,
                    "approved_by": fact.approved_by,
                }
            case BudgetUsed():
                return {"uses": fact.uses}
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        status: BudgetStatus = standing["status"]
        if fact in DECIDES and status is BudgetStatus.APPROVED:
            return Refused("budget_decided", "the budget was approved: amend it")
        if fact in USES and status is not BudgetStatus.APPROVED:
            return Refused("budget_not_approved", "the budget was not approved yet")
        match fact:
            case "BudgetApproved" if not standing.get("inquiries"):
                return Refused("inquiry_missing", "finance was not asked yet")
            case "BudgetApproved" | "BudgetReturned" if status is BudgetStatus.RETURNED:
                return Refused("budget_returned", "it was given back: revise it first")
            case "BudgetAmended" if "lines" in changes:
                return _below_use(changes["lines"], standing.get("uses", ()))
            case "BudgetUsed" if "uses" in changes:
                return _beyond(standing["lines"], standing.get("uses", ()), changes["uses"])
            case _:
                return None

    def require_sound(self, entry: Entry) -> None:
        if "lines" in entry.changes:
            _require_once(entry.changes["lines"], "/changes/lines")

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def propose(cls, command: ProposeBudget, *, id: UUID, owner_id: UUID, at: datetime) -> Self:
        """Propose it. Raises Refused 422 `category_twice`."""
        return cls.begin(
            BudgetProposed,
            id=id,
            at=at,
            year=command.year,
            unit_id=command.unit_id,
            owner_id=owner_id,
            currency=command.currency,
            lines=_lines(command.lines),
            item_ids=command.item_ids,
        )

    def ask(self, command: HoldInquiry, *, by: UUID, at: datetime, day: date) -> None:
        """Ask about it with finance."""
        inquiry = BudgetInquiry(day, by, command.participants, command.findings)
        self.happen(BudgetInquiryHeld, at=at, inquiries=(inquiry,))

    def revise(self, command: ReviseBudget, *, at: datetime) -> None:
        """Other lines before the decision, on whatever day; an inquiry that was held still counts."""
        if (refused := self.impossible("BudgetRevised", self.standing, {})) is not None:
            raise refused
        before = self.standing_at(at) or self.standing
        status = BudgetStatus.IN_INQUIRY if before.get("inquiries") else BudgetStatus.PROPOSED
        self.happen(BudgetRevised, at=at, lines=_lines(command.lines), reason=command.reason, status=status)

    def give_back(self, reason: str, *, at: datetime) -> None:
        self.happen(BudgetReturned, at=at, reason=reason)

    def approve(self, *, by: UUID, at: datetime, day: date) -> None:
        self.happen(BudgetApproved, at=at, approved_on=day, approved_by=by)

    def amend(self, lines: Sequence[BudgetedLineGiven], reason: str, *, by: UUID, at: datetime, day: date) -> None:
        """Change it, under the next number; what was used stays covered. Raises Refused 409 `below_use`."""
        before = self.standing_at(at) or self.standing
        given = _lines(lines)
        if given != before["lines"]:
            self.happen(
                BudgetAmended, at=at, lines=given, reason=reason, number=before["number"] + 1, approved_on=day,
                approved_by=by,
            )  # fmt: skip

    def use(self, use: BudgetUse, *, at: datetime) -> None:
        """A claim takes from its category, or gives back. Raises Refused 409 `beyond_budget`, `unknown_category`."""
        self.happen(BudgetUsed, at=at, uses=(use,))

    def require_category(self, category: str) -> None:
        """Raises Refused 422 `unknown_category`."""
        if all(line.category != category for line in self.standing["lines"]):
            raise _unknown(category)


def claims(budget: Budget) -> Sequence[Claim]:
    """What no other budget may be of."""
    standing = budget.standing
    return (Claim(SCOPE, f"{standing['unit_id']}/{standing['year']}/{standing['currency']}", budget.id),)


def used(uses: Iterable[BudgetUse]) -> Mapping[str, Decimal]:
    """What was taken from each category, net of what was given back."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for use in uses:
        found[use.category] += -use.amount if use.taken_back else use.amount
    return found


# -- what is said ------------------------------------------------------------------------------------------


def _lines(given: Sequence[BudgetedLineGiven]) -> tuple[BudgetedLine, ...]:
    lines = tuple(BudgetedLine(line.category, line.amount, line.basis) for line in given)
    _require_once(lines, "/lines")
    return lines


def _require_once(lines: Iterable[BudgetedLine], pointer: str) -> None:
    for category, count in Counter(line.category for line in lines).items():
        if count > 1:
            raise Refused("category_twice", f"{category} is given twice", status=422, pointer=pointer, given=category)


def _below_use(lines: Iterable[BudgetedLine], uses: Iterable[BudgetUse]) -> Refused | None:
    amounts = {line.category: line.amount for line in lines}
    for category, taken in used(uses).items():
        if taken > amounts.get(category, 0):
            return Refused(
                "below_use", f"{taken} of {category} are used", pointer="/lines", given=category, used=f"{taken:f}"
            )
    return None


def _beyond(lines: Iterable[BudgetedLine], before: Iterable[BudgetUse], added: Iterable[BudgetUse]) -> Refused | None:
    amounts = {line.category: line.amount for line in lines}
    taken = dict(used(before))
    for use in added:
        if use.category not in amounts:
            return _unknown(use.category)
        left = amounts[use.category] - taken.get(use.category, Decimal())
        if not use.taken_back and use.amount > left:
            return Refused("beyond_budget", f"{left} of {use.category} are left", given=use.category, left=f"{left:f}")
    return None


def _unknown(category: str) -> Refused:
    return Refused("unknown_category", f"the budget has no {category}", status=422, pointer="/category", given=category)
