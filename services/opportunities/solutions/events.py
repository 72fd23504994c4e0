"""Facts about solutions: storage format and public language, for ever. See the service's `events.py`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal
from uuid import UUID

from services.opportunities.opportunity.events import Line
from shared.event_store.stream import Fact, FirstFact

# -- values ------------------------------------------------------------------------------------------------

SolutionReaction = Literal["accepted", "interested", "objections", "rejected"]
"""What the customer makes of a solution."""


class SolutionStatus(StrEnum):
    """Where a solution stands. Returned and drafted ones are with technical support, submitted ones wait."""

    REQUESTED = "requested"
    DRAFTED = "drafted"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    PRESENTED = "presented"
    WITHDRAWN = "withdrawn"


# -- facts -------------------------------------------------------------------------------------------------


class SolutionRequested(FirstFact):
    """Somebody asks technical support for a solution (方案需求).

    sets: status = requested, opportunity_id, need, wanted_by, products, requested_by, requested_on
    """

    opportunity_id: UUID
    need: str  # what the customer needs, business words
    wanted_by: date | None
    products: tuple[str, ...]  # product codes in question
    requested_by: UUID
    requested_on: date


class SolutionDrafted(Fact):
    """Technical support drew up a version of the solution (方案).

    sets: status = drafted, draft, summary, lines, currency, amount, cost, drafted_by, drafted_on
    """

    draft: int  # 1, 2, …: never used twice in one solution
    summary: str
    lines: tuple[Line, ...]
    currency: str
    amount: Decimal | None  # the lines' total, or as stated for lines without prices
    cost: Decimal | None  # ours, in `currency`; the margin follows from it
    drafted_by: UUID
    drafted_on: date


class SolutionSubmitted(Fact):
    """The draft waits for the account manager. sets: status = submitted, submitted_by, submitted_on"""

    submitted_by: UUID
    submitted_on: date


class SolutionApproved(Fact):
    """The account manager approved the draft. sets: status = approved, decided_by, decided_on, comment"""

    draft: int
    decided_by: UUID
    decided_on: date
    comment: str | None


class SolutionReturned(Fact):
    """The account manager wants the draft otherwise. sets: status = returned, decided_by, decided_on, comment"""

    draft: int
    decided_by: UUID
    decided_on: date
    comment: str


class SolutionPresented(Fact):
    """The approved solution was shown to the customer.

    sets: status = presented, presented_by, presented_on, reaction, reaction_text
    """

    presented_by: UUID
    presented_on: date
    reaction: str  # accepted, interested, objections, rejected
    reaction_text: str | None


class SolutionWithdrawn(Fact):
    """The solution is wanted no more. sets: status = withdrawn, withdrawn_reason"""

    reason: str


SolutionFact = (
    SolutionRequested
    | SolutionDrafted
    | SolutionSubmitted
    | SolutionApproved
    | SolutionReturned
    | SolutionPresented
    | SolutionWithdrawn
)
