"""Commands on a project: open, plan, budget, cost, review, risks, acceptance, lessons. No rule lives here."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from services.opportunities.events import AcceptanceResult, Grade
from services.opportunities.fields import Code, Command, Currency, DatedCommand, Day, Money, Text, Title

PERSON = "5a0d7f0e-52c1-5a2d-8d5c-0b5b3a1f2c11"


class PhaseGiven(Command):
    """A phase, both days included."""

    code: Code
    title: Title
    start_on: Day
    end_on: Day


class MilestoneGiven(Command):
    """A milestone; its code never means another one."""

    code: Code
    title: Title
    planned_on: Day
    phase: Code | None = None


class BudgetGiven(Command):
    """Money planned for a category."""

    category: Code
    amount: Money


Phases = Annotated[tuple[PhaseGiven, ...], Field(max_length=50)]
Milestones = Annotated[tuple[MilestoneGiven, ...], Field(max_length=200)]
Budget = Annotated[tuple[BudgetGiven, ...], Field(max_length=50)]


class OpenProject(DatedCommand):
    """Set up a project for an opportunity, or for an account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "opportunity_id": "6d9f1f0e-6a3c-5a4e-9a53-5f0b6a0c1f11",
                    "title": "出租车更新交付",
                    "currency": "CNY",
                    "phases": [
                        {"code": "P1", "title": "上牌", "start_on": "2030-01-05", "end_on": "2030-02-28"},
                    ],
                    "milestones": [
                        {"code": "M1", "title": "首批交车", "planned_on": "2030-02-10", "phase": "P1"},
                    ],
                    "budget": [{"category": "travel", "amount": "20000.00"}],
                }
            ]
        }
    )

    title: Title
    opportunity_id: UUID | None = None
    account_id: UUID | None = Field(default=None, description="Default: the account of the opportunity.")
    manager_id: UUID | None = Field(default=None, description="Default: who enters it.")
    currency: Currency = "CNY"
    phases: Phases = ()
    milestones: Milestones = ()
    budget: Budget = ()


class ReplanProject(DatedCommand):
    """Plan anew; what is not given stays. The first planned day of each milestone stays known."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "reason": "客户推迟上牌",
                    "milestones": [{"code": "M1", "title": "首批交车", "planned_on": "2030-03-01"}],
                }
            ]
        }
    )

    phases: Phases | None = None
    milestones: Milestones | None = None
    reason: Text


class BudgetProject(DatedCommand):
    """Set the whole budget anew."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"reason": "增加培训", "budget": [{"category": "training", "amount": "30000.00"}]}]
        }
    )

    budget: Budget
    reason: Text


class AssignManager(DatedCommand):
    """Make somebody else the project's manager."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"manager_id": PERSON}]})

    manager_id: UUID


class ReachMilestone(DatedCommand):
    """A milestone was reached."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "M1"}]})

    code: Code


class EnterCost(DatedCommand):
    """Money was spent."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"category": "travel", "amount": "1860.50", "ref": "BX-0192"}]}
    )

    category: Code
    amount: Money
    ref: Code | None = Field(default=None, description="Of the voucher.")


class ReviewProject(DatedCommand):
    """The project was reviewed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"findings": ["上牌窗口不足", "交车资料齐全"]}]})

    findings: Annotated[tuple[Text, ...], Field(max_length=50)] = ()


class AssessRisk(DatedCommand):
    """A risk is seen, or is seen otherwise."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "R1",
                    "title": "上牌名额不足",
                    "probability": "high",
                    "impact": "medium",
                    "measure": "提前预约",
                }
            ]
        }
    )

    code: Code
    title: Title
    probability: Grade
    impact: Grade
    measure: Text | None = None
    owner_id: UUID | None = Field(default=None, description="Who deals with it; default: the manager.")


class CloseRisk(DatedCommand):
    """A risk is over."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "R1"}]})

    code: Code


class AcceptancePointGiven(Command):
    """A point the customer leaves open."""

    code: Code
    title: Title
    due_on: Day | None = None


class HoldAcceptance(DatedCommand):
    """The customer accepted, with or without open points, or refused."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "result": "accepted_with_open_points",
                    "open_points": [{"code": "O1", "title": "补两套脚垫", "due_on": "2030-04-01"}],
                }
            ]
        }
    )

    result: AcceptanceResult
    person_id: UUID | None = Field(default=None, description="The key person who accepted.")
    open_points: Annotated[tuple[AcceptancePointGiven, ...], Field(max_length=100)] = ()


class FinishPoint(DatedCommand):
    """A point left open at acceptance is done."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "O1"}]})

    code: Code


class LearnLesson(DatedCommand):
    """What to do otherwise next time."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"category": "delivery", "text": "上牌须提前两周预约窗口"}]}
    )

    category: Code
    text: Text


class CloseProject(DatedCommand):
    """Nothing more is done."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "全部完成"}]})

    reason: Text
