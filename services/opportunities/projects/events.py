"""Facts about projects: storage format and public language, for ever. See the service's `events.py`.

A project follows up an order or an account (项目跟进): plan, budget and cost, reviews, risks, acceptance, lessons.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact

# -- values ------------------------------------------------------------------------------------------------


class ProjectStatus(StrEnum):
    RUNNING = "running"
    ACCEPTED = "accepted"  # by the customer
    CLOSED = "closed"


class Grade(StrEnum):
    """How likely a risk is, or how much it would hurt."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class AcceptanceResult(StrEnum):
    ACCEPTED = "accepted"
    WITH_OPEN_POINTS = "accepted_with_open_points"
    REFUSED = "refused"


class Phase(msgspec.Struct, frozen=True):
    """A phase of the plan, both days included."""

    code: str
    title: str
    start_on: date
    end_on: date


class Milestone(msgspec.Struct, frozen=True):
    """A milestone of the plan. A code never means another one."""

    code: str
    title: str
    planned_on: date
    phase: str | None = None


class MilestoneStep(msgspec.Struct, frozen=True):
    """A milestone was reached on a day; null: it turned out not to be."""

    code: str
    reached_on: date | None


class BudgetLine(msgspec.Struct, frozen=True):
    """Money planned for a category, in the project's currency."""

    category: str
    amount: Decimal


class Cost(msgspec.Struct, frozen=True):
    """Money spent, in the project's currency; taken back by voiding the fact."""

    category: str
    amount: Decimal
    on: date
    ref: str | None = None  # of the voucher


class ProjectReview(msgspec.Struct, frozen=True):
    """A review and what it found."""

    on: date
    by: UUID
    findings: tuple[str, ...]


class RiskStep(msgspec.Struct, frozen=True):
    """How a risk is seen from a day on; the last step of a code counts."""

    code: str
    title: str
    probability: Grade
    impact: Grade
    measure: str | None
    owner_id: UUID | None
    on: date
    closed: bool = False


class PointLeft(msgspec.Struct, frozen=True):
    """A point the customer left open at acceptance, or its end."""

    code: str
    title: str | None
    due_on: date | None = None
    done_on: date | None = None


class Acceptance(msgspec.Struct, frozen=True):
    """The customer's acceptance of a day; `person_id` a key person of the account."""

    on: date
    result: AcceptanceResult
    person_id: UUID | None = None


class Lesson(msgspec.Struct, frozen=True):
    """What to do otherwise next time."""

    on: date
    by: UUID
    category: str
    text: str


# -- facts -------------------------------------------------------------------------------------------------


class ProjectOpened(FirstFact):
    """A project was set up for an opportunity, or for an account.

    sets: status = running, title, opportunity_id, account_id, owner_id, unit_id, manager_id, currency, phases,
    milestones, budget
    """

    title: str
    opportunity_id: UUID | None
    account_id: UUID | None
    owner_id: UUID  # who opened it; sight of a project without opportunity
    unit_id: UUID
    manager_id: UUID
    currency: str
    phases: tuple[Phase, ...]
    milestones: tuple[Milestone, ...]
    budget: tuple[BudgetLine, ...]


class ProjectReplanned(Fact):
    """The plan is another from now on; the first planned day of each milestone stays known.

    sets: phases, milestones, plan_reason
    """

    phases: tuple[Phase, ...]
    milestones: tuple[Milestone, ...]
    plan_reason: str


class ProjectBudgeted(Fact):
    """The budget is another from now on. sets: budget, budget_reason"""

    budget: tuple[BudgetLine, ...]
    budget_reason: str


class ProjectManagerChanged(Fact):
    """Somebody else manages it. sets: manager_id"""

    manager_before: UUID
    manager_id: UUID


class MilestoneReached(Fact):
    """A milestone was reached. sets: reached (additive: one step)"""

    reached: tuple[MilestoneStep, ...]


class CostEntered(Fact):
    """Money was spent. sets: costs (additive: this one)"""

    costs: tuple[Cost, ...]


class ProjectReviewed(Fact):
    """The project was reviewed. sets: reviews (additive: this one)"""

    reviews: tuple[ProjectReview, ...]


class RiskAssessed(Fact):
    """A risk was seen, or is seen otherwise. sets: risks (additive: one step)"""

    risks: tuple[RiskStep, ...]


class RiskClosed(Fact):
    """A risk is over. sets: risks (additive: one step)"""

    risks: tuple[RiskStep, ...]


class AcceptanceHeld(Fact):
    """The customer accepted, with or without open points, or refused.

    sets: status = accepted unless refused, acceptance, open_points (additive)
    """

    status: ProjectStatus
    acceptance: Acceptance
    open_points: tuple[PointLeft, ...]


class OpenPointDone(Fact):
    """A point left open at acceptance is done. sets: open_points (additive: one step)"""

    open_points: tuple[PointLeft, ...]


class LessonLearned(Fact):
    """What to do otherwise next time. sets: lessons (additive: this one)"""

    lessons: tuple[Lesson, ...]


class ProjectClosed(Fact):
    """Nothing more is done. sets: status = closed, closed_on, close_reason"""

    closed_on: date
    close_reason: str


ProjectFact = (
    ProjectOpened
    | ProjectReplanned
    | ProjectBudgeted
    | ProjectManagerChanged
    | MilestoneReached
    | CostEntered
    | ProjectReviewed
    | RiskAssessed
    | RiskClosed
    | AcceptanceHeld
    | OpenPointDone
    | LessonLearned
    | ProjectClosed
)
