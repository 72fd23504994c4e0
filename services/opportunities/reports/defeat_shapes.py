"""The rows of the reports beside the defeat table as their readers get them. Documents and checks; computes nothing."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.opportunities.reports.shapes import Grouped, Money, Report


class DealPart(BaseModel):
    """The deal a row is about, with names beside ids."""

    opportunity_id: UUID
    title: str | None
    account_id: UUID | None
    account: str | None
    units: int | None
    amount: Money | None
    currency: str | None
    level_before: str
    owner_id: UUID | None
    owner: str | None
    unit_id: UUID | None
    unit: str | None
    channel: str | None


class SetAsideRow(DealPart):
    """One freeze, or one contact lost, as the deal was then, with what became of it by the day asked about."""

    version: int
    kind: str = Field(description="freeze, contact_lost")
    set_aside_on: date
    captured_on: date | None
    requested_by: UUID | None
    requested_by_name: str | None
    reviewed_by: UUID | None = Field(description="Null: approved automatically, or contact lost.")
    reviewed_by_name: str | None
    instead_of: str | None = Field(description="defeat: chosen by who reviewed one.")
    reason: str | None
    recall_on: date | None
    recall_overdue: bool = Field(description="Still set aside, and the recall day has gone by.")
    days_since: int
    became: str = Field(description="still, resumed, ordered, defeated, disposed: the latest by then.")
    became_on: date | None
    proposal: str | None = Field(description="defeat: contact has been lost for longer than the policy allows.")


class SetAsideSum(BaseModel):
    """How many of a kind became what."""

    kind: str
    became: str
    count: int
    units: int


class SetAside(Report[SetAsideRow]):
    summary: list[SetAsideSum]
    lost_contact_days: int = Field(description="The policy's, of the day asked about.")


class RevivalRow(Grouped):
    """The defeats of a month, and how many came to life again within so many days. Counts prospects."""

    cohort: str = Field(description="Month of approval, 2026-03.")
    branch: str | None = None
    branch_label: str | None = None
    region: str | None = None
    region_label: str | None = None
    category: str | None = None
    category_label: str | None = None
    reason: str | None = None
    reason_label: str | None = None
    competitor: str | None = None
    competitor_label: str | None = None
    level: str | None = None
    level_label: str | None = None
    defeats: int
    reopened: int
    won: int
    revival_rate: float | None = Field(description="reopened / defeats, 0–1; null when none.")
    won_rate: float | None
    days_mean: float | None = Field(description="Calendar days from the approval until reopened.")
    pending: int = Field(description="Not reopened, and their days are not over yet.")


class Revival(Report[RevivalRow]):
    within: int
    cohort: str


class RecallRow(DealPart):
    """Somebody to be asked again: frozen, out of contact, or lost to somebody else."""

    version: int
    status: str
    recall_on: date
    days_overdue: int
    since: date | None = Field(description="Frozen, lost or defeated on.")
    reason: str | None
    reason_label: str | None


class ToVerifyRow(DealPart):
    """A defeat that waits and that customer service has not settled yet."""

    id: UUID
    version: int | None = Field(description="Of the opportunity now: give it with the call-back.")
    required: bool = Field(description="The policy asks for it before approval.")
    requested_on: date
    age_days: int
    requested_by: UUID | None
    requested_by_name: str | None
    kind: str | None
    category: str | None
    category_label: str | None
    reason: str | None
    reason_label: str | None
    other_reasons: list[str]
    evidence: str | None
    competitor_brand: str | None
    competitor_model: str | None
    bought_on: date | None
    key_person_id: UUID | None
    key_person: str | None = Field(description="From the vault; null when erased.")
    attempts: int = Field(description="Calls made so far.")
    verdict: str | None = Field(description="not_reached, or null: nobody called yet.")
    verified_on: date | None


class ReviewRow(Grouped):
    """Requests of a group, and what was decided about them by the day asked about. Counts requests."""

    kind: str | None = None
    kind_label: str | None = None
    branch: str | None = None
    branch_label: str | None = None
    region: str | None = None
    region_label: str | None = None
    category: str | None = None
    category_label: str | None = None
    reason: str | None = None
    reason_label: str | None = None
    level: str | None = None
    level_label: str | None = None
    month: str | None = None
    month_label: str | None = None
    requests: int
    waiting: int
    approved: int = Field(description="Automatically approved ones included.")
    automatic: int
    rejected: int
    frozen: int = Field(description="Defeats that ended in a freeze.")
    given: int = Field(description="Defeats rejected and given to another representative.")
    withdrawn: int = Field(description="The customer ordered while it waited.")
    rejection_rate: float | None = Field(description="(rejected + given) / requests, 0–1; null when none.")
    mean_age_days: float | None = Field(description="Calendar days from request to decision, of those decided.")
    mean_waiting_days: float | None = Field(description="Calendar days waited so far, of those that wait.")
    verified: int = Field(description="Called back, whatever it came to.")
    confirmed: int
    still_buying: int
    other_reason: int
    not_reached: int


class Reviews(Report[ReviewRow]):
    total: dict[str, Any] = Field(description="The same figures of all of them.")
