"""What the reads of projects answer: rows and their fields. Holds no query."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.opportunities.reports.shapes import Money, Report


class MilestoneShown(BaseModel):
    """A milestone of the plan, against its first plan and what came."""

    code: str
    title: str
    phase: str | None
    first_planned_on: date = Field(description="When it was planned the first time.")
    planned_on: date
    reached_on: date | None
    slipped_days: int = Field(description="planned_on − first_planned_on; below 0: earlier.")
    days_late: int = Field(description="Reached, or the day asked about, after the plan; 0: in time.")


class CategoryMoney(BaseModel):
    """Money of a category, planned and spent."""

    category: str
    budget: Money
    cost: Money


class ProjectRow(BaseModel):
    """One project as it stood."""

    id: UUID
    version: int
    title: str
    status: str
    opportunity_id: UUID | None
    account_id: UUID | None
    account: str | None
    manager_id: UUID
    manager: str | None
    owner_id: UUID | None = Field(description="Of the opportunity, or the account, at that time.")
    owner: str | None
    unit_id: UUID | None
    unit: str | None
    opened_at: datetime
    milestones: int
    milestones_reached: int
    milestones_late: int = Field(description="Not reached, though the planned day is over.")
    milestones_reached_late: int
    next_milestone: str | None
    next_milestone_on: date | None
    times_replanned: int
    slipped_days: int = Field(description="The most any milestone moved since its first plan.")
    currency: str
    budget: Money
    cost: Money
    budget_used: float | None = Field(description="cost / budget, 1 = all; null without a budget.")
    over_budget: bool
    open_risks: int
    high_risks: int = Field(description="Open, and likely or grave (high).")
    reviews: int
    reviewed_on: date | None
    findings: list[str] = Field(description="Of the last review.")
    acceptance: str | None = Field(description="accepted, accepted_with_open_points or refused.")
    accepted_on: date | None
    open_points: int
    overdue_points: int
    lessons: int
    closed_on: date | None


class ProjectReportRow(ProjectRow):
    """The same with each milestone and each category."""

    plan: list[MilestoneShown]
    money: list[CategoryMoney]


class CurrencyTotal(BaseModel):
    currency: str
    budget: Money
    cost: Money
    budget_used: float | None


class ProjectsTotal(BaseModel):
    """Over all rows; money by currency."""

    projects: int
    milestones: int
    milestones_reached: int
    milestones_late: int
    open_risks: int
    accepted: int
    open_points: int
    money: list[CurrencyTotal]


class ProjectsReport(Report[ProjectReportRow]):
    total: ProjectsTotal
