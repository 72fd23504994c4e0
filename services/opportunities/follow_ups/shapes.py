"""The rows of follow-up as their readers get them. Documents and checks; computes nothing."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.opportunities.reports.shapes import Money, Report


class FollowUpRow(BaseModel):
    """The duty of one opportunity in stock, or a duty that was done."""

    opportunity_id: UUID
    version: int
    title: str | None
    account_id: UUID | None
    account: str | None
    level: str = Field(description="Declared; N: not judged yet, O: ordered, not wholly delivered.")
    expected_on: date | None
    units: int | None = Field(description="Open units.")
    amount: Money | None
    currency: str | None
    review: str | None
    state: Literal["overdue", "due", "planned", "upcoming", "done"] = Field(
        description="overdue and due by the due day; planned: not due yet, a contact is planned; upcoming: none is."
    )
    opened_on: date = Field(
        description="The last contact that reached somebody, or the day the level became what it is."
    )
    last_contact_on: date | None
    cadence_days: int
    due_on: date
    days_overdue: int = Field(description="Of a duty done: how many days late.")
    escalated: bool = Field(description="Overdue so long that it is the head's, too.")
    planned_on: date | None
    planned_way: str | None
    plan_missed: bool = Field(description="The planned day has gone by.")
    done_on: date | None
    done_way: str | None
    done_by: UUID | None
    done_by_name: str | None
    owner_id: UUID | None
    owner: str | None
    unit_id: UUID | None
    unit: str | None


class ContactRow(BaseModel):
    """A contact with the customer, or a try, or a visit that named the opportunity."""

    kind: Literal["contact", "visit"]
    version: int | None = Field(description="Of a contact: the fact of the opportunity, to correct or void it by.")
    visit_id: UUID | None
    day: date
    way: str | None
    reached: bool
    result: str | None = Field(description="Of a visit: the next step.")
    person_id: UUID | None
    person: str | None
    narrative: str | None = Field(description="What was said, from the vault.")


class Timeliness(BaseModel):
    """Counts duties."""

    fell_due: int
    on_time: int
    late: int = Field(description="Done after the due day.")
    not_done: int = Field(description="Not done, or the level changed before it was.")
    escalated: int = Field(description="Of these: overdue so long that they were the head's, too.")
    on_time_rate: float | None = Field(description="on_time / fell_due; null when none fell due.")
    days_late_mean: float | None


class TimelinessRow(Timeliness):
    """The duties of one key."""

    key: str | None
    label: str


class TimelinessReport(Report[TimelinessRow]):
    total: Timeliness
    policy: str | None = Field(description="The level policy asked for; null: your own, as in force day by day.")
