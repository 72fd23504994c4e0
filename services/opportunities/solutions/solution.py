"""A solution for a customer: asked for, drafted by technical support, approved by the account manager. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import UUID

from services.opportunities.dealing.given import lines_and_amount, total
from services.opportunities.dealing.record import Dealing
from services.opportunities.events import (
    Line,
    SolutionApproved,
    SolutionDrafted,
    SolutionPresented,
    SolutionRequested,
    SolutionReturned,
    SolutionStatus,
    SolutionSubmitted,
    SolutionWithdrawn,
)
from services.opportunities.opportunity.lines import stated_amount
from services.opportunities.solutions.commands import (
    ApproveSolution,
    DraftSolution,
    PresentSolution,
    RequestSolution,
    ReturnSolution,
    WithdrawSolution,
)
from shared.event_store.stream import Entry

REQUESTED, DRAFTED, SUBMITTED = SolutionStatus.REQUESTED, SolutionStatus.DRAFTED, SolutionStatus.SUBMITTED
RETURNED, APPROVED, PRESENTED = SolutionStatus.RETURNED, SolutionStatus.APPROVED, SolutionStatus.PRESENTED

DRAFT = ("draft", "summary", "lines", "currency", "amount", "cost", "drafted_by", "drafted_on")
DECISION = ("decided_by", "decided_on", "comment")


class Solution(Dealing):
    """One solution of one opportunity, with all its drafts."""

    stream_type: ClassVar[str] = "solution"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": SolutionStatus,
        "opportunity_id": UUID,
        "need": str,
        "wanted_by": date | None,
        "products": tuple[str, ...],
        "requested_by": UUID,
        "requested_on": date,
        "draft": int,
        "summary": str,
        "lines": tuple[Line, ...],
        "currency": str,
        "amount": Decimal | None,
        "cost": Decimal | None,
        "drafted_by": UUID,
        "drafted_on": date,
        "submitted_by": UUID,
        "submitted_on": date,
        "decided_by": UUID,
        "decided_on": date,
        "comment": str | None,
        "presented_by": UUID,
        "presented_on": date,
        "reaction": str,
        "reaction_text": str | None,
        "withdrawn_reason": str,
    }
    not_correctable: ClassVar[frozenset[str]] = frozenset(
        {"status", "opportunity_id", "draft", "requested_by", "drafted_by", "submitted_by", "decided_by"}
        | {"presented_by", "requested_on", "drafted_on", "submitted_on", "decided_on", "presented_on"}
    )
    allowed_from: ClassVar[Mapping[str, frozenset[str]]] = {
        "SolutionDrafted": frozenset({REQUESTED, DRAFTED, RETURNED, APPROVED, PRESENTED}),
        "SolutionSubmitted": frozenset({DRAFTED}),
        "SolutionApproved": frozenset({SUBMITTED}),
        "SolutionReturned": frozenset({SUBMITTED}),
        "SolutionPresented": frozenset({APPROVED, PRESENTED}),
        "SolutionWithdrawn": frozenset(SolutionStatus) - {SolutionStatus.WITHDRAWN},
    }
    already: ClassVar[Mapping[str, str]] = {
        SolutionStatus.REQUESTED: "nothing is drafted yet",
        SolutionStatus.DRAFTED: "the draft is not submitted yet",
        SolutionStatus.SUBMITTED: "the draft waits for approval",
        SolutionStatus.RETURNED: "the draft was returned: draft another",
        SolutionStatus.APPROVED: "the draft is approved",
        SolutionStatus.PRESENTED: "the solution was presented",
        SolutionStatus.WITHDRAWN: "the solution was withdrawn",
    }
    actions: ClassVar[Mapping[str, str]] = {
        "draft": "SolutionDrafted",
        "submit": "SolutionSubmitted",
        "approve": "SolutionApproved",
        "return": "SolutionReturned",
        "present": "SolutionPresented",
        "withdraw": "SolutionWithdrawn",
        "correct": "FactCorrected",
        "void": "FactVoided",
    }
    restricted: ClassVar[frozenset[str]] = frozenset({"draft", "approve", "return"})
    decisions: ClassVar[frozenset[str]] = frozenset({"SolutionApproved", "SolutionReturned"})
    settles: ClassVar[frozenset[str]] = frozenset({"SolutionApproved"})
    content: ClassVar[frozenset[str]] = frozenset({"SolutionDrafted", "SolutionSubmitted"})

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        """The standing fields a fact sets."""
        match fact:
            case SolutionRequested():
                said = ("opportunity_id", "need", "wanted_by", "products", "requested_by", "requested_on")
                return {"status": REQUESTED, **_said(fact, *said)}
            case SolutionDrafted():
                return {"status": DRAFTED, **_said(fact, *DRAFT)}
            case SolutionSubmitted():
                return {"status": SUBMITTED, **_said(fact, "submitted_by", "submitted_on")}
            case SolutionApproved():
                return {"status": APPROVED, **_said(fact, *DECISION)}
            case SolutionReturned():
                return {"status": RETURNED, **_said(fact, *DECISION)}
            case SolutionPresented():
                return {
                    "status": PRESENTED,
                    **_said(fact, "presented_by", "presented_on", "reaction", "reaction_text"),
                }
            case SolutionWithdrawn():
                return {"status": SolutionStatus.WITHDRAWN, "withdrawn_reason": fact.reason}
            case _:
                return None

    @classmethod
    def request(cls, command: RequestSolution, *, id: UUID, by: UUID, at: datetime, day: date) -> Self:
        """Ask for a solution."""
        return cls.begin(
            SolutionRequested,
            id=id,
            at=at,
            opportunity_id=command.opportunity_id,
            need=command.need,
            wanted_by=command.wanted_by,
            products=tuple(dict.fromkeys(command.products)),
            requested_by=by,
            requested_on=day,
        )

    def draw_up(self, command: DraftSolution, *, currency: str, by: UUID, at: datetime, day: date) -> None:
        """The next version; `currency` is the opportunity's. Refused while one waits for approval."""
        lines, amount = lines_and_amount(command.lines, command.amount, before=self.standing_at(at).get("lines", ()))
        self.happen(
            SolutionDrafted,
            at=at,
            draft=self.told("SolutionDrafted") + 1,
            summary=command.summary,
            lines=lines,
            currency=command.currency or currency,
            amount=amount,
            cost=command.cost,
            drafted_by=by,
            drafted_on=day,
        )

    def submit(self, *, by: UUID, at: datetime, day: date) -> None:
        """Hand the draft in."""
        self.happen(SolutionSubmitted, at=at, submitted_by=by, submitted_on=day)

    def approve(self, command: ApproveSolution, *, by: UUID, at: datetime, day: date) -> None:
        """Approve the draft that waits."""
        self.happen(
            SolutionApproved, at=at, draft=self._draft(at), decided_by=by, decided_on=day, comment=command.comment
        )

    def give_back(self, command: ReturnSolution, *, by: UUID, at: datetime, day: date) -> None:
        """Return the draft that waits."""
        self.happen(
            SolutionReturned, at=at, draft=self._draft(at), decided_by=by, decided_on=day, comment=command.comment
        )

    def present(self, command: PresentSolution, *, by: UUID, at: datetime, day: date) -> None:
        """The customer was shown it."""
        self.happen(
            SolutionPresented,
            at=at,
            presented_by=by,
            presented_on=day,
            reaction=command.reaction,
            reaction_text=command.reaction_text,
        )

    def withdraw(self, command: WithdrawSolution, *, at: datetime) -> None:
        """It is wanted no more."""
        self.happen(SolutionWithdrawn, at=at, reason=command.reason)

    def require_sound(self, entry: Entry) -> None:
        """A draft's amount is what its lines come to. Raises Refused 422 `amount_differs`."""
        if entry.type == "SolutionDrafted":
            lines, amount = entry.changes["lines"], entry.changes["amount"]
            if total(lines, None) is not None:
                stated_amount(lines, amount, pointer="/changes/amount")

    def _draft(self, at: datetime) -> int:
        return int(self.standing_at(at).get("draft", 0))


def _said(fact: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in names}
