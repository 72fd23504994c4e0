"""The standing fields of a project, and which of them each fact sets. Pure; never refuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from services.opportunities.events import (
    Acceptance,
    AcceptanceHeld,
    BudgetLine,
    Cost,
    CostEntered,
    Lesson,
    LessonLearned,
    Milestone,
    MilestoneReached,
    MilestoneStep,
    OpenPointDone,
    Phase,
    PointLeft,
    ProjectBudgeted,
    ProjectClosed,
    ProjectManagerChanged,
    ProjectOpened,
    ProjectReplanned,
    ProjectReview,
    ProjectReviewed,
    ProjectStatus,
    RiskAssessed,
    RiskClosed,
    RiskStep,
)

STANDING: Mapping[str, Any] = {
    "status": ProjectStatus,
    "title": str,
    "opportunity_id": UUID | None,
    "account_id": UUID | None,
    "owner_id": UUID,
    "unit_id": UUID,
    "manager_id": UUID,
    "currency": str,
    "phases": tuple[Phase, ...],
    "milestones": tuple[Milestone, ...],
    "plan_reason": str,
    "budget": tuple[BudgetLine, ...],
    "budget_reason": str,
    "reached": tuple[MilestoneStep, ...],
    "costs": tuple[Cost, ...],
    "reviews": tuple[ProjectReview, ...],
    "risks": tuple[RiskStep, ...],
    "acceptance": Acceptance,
    "open_points": tuple[PointLeft, ...],
    "lessons": tuple[Lesson, ...],
    "closed_on": date,
    "close_reason": str,
}


def sets(fact: Any) -> Mapping[str, Any] | None:
    """The standing fields a fact sets, from the fact alone; None for a fact this code does not know."""
    match fact:
        case ProjectOpened():
            names = (
                *("title", "opportunity_id", "account_id", "owner_id", "unit_id", "manager_id", "currency"),
                *("phases", "milestones", "budget"),
            )
            return {"status": ProjectStatus.RUNNING, **{name: getattr(fact, name) for name in names}}
        case ProjectReplanned():
            return {"phases": fact.phases, "milestones": fact.milestones, "plan_reason": fact.plan_reason}
        case ProjectBudgeted():
            return {"budget": fact.budget, "budget_reason": fact.budget_reason}
        case ProjectManagerChanged():
            return {"manager_id": fact.manager_id}
        case MilestoneReached():
            return {"reached": fact.reached}
        case CostEntered():
            return {"costs": fact.costs}
        case ProjectReviewed():
            return {"reviews": fact.reviews}
        case RiskAssessed() | RiskClosed():
            return {"risks": fact.risks}
        case AcceptanceHeld():
            return {"status": fact.status, "acceptance": fact.acceptance, "open_points": fact.open_points}
        case OpenPointDone():
            return {"open_points": fact.open_points}
        case LessonLearned():
            return {"lessons": fact.lessons}
        case ProjectClosed():
            return {
                "status": ProjectStatus.CLOSED, "closed_on": fact.closed_on, "close_reason": fact.close_reason,
            }  # fmt: skip
        case _:
            return None
