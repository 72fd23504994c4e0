"""What the reads of splits and confirmations answer: rows and their fields. Holds no query."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.kpi.answers import Figure, Report


class SplitRow(BaseModel):
    """One split as it stood."""

    id: UUID
    version: int
    month: str
    unit_id: UUID
    unit: str | None
    status: str = Field(description="draft or issued.")
    number: int = Field(description="Of the latest change; 0: as first issued.")
    owner_id: UUID = Field(description="Who split.")
    owner: str | None
    units: int = Field(description="Units that get a part.")
    persons: int = Field(description="Persons who get a part.")
    closes: bool = Field(description="Whether the parts sum to the unit's targets.")
    confirm_by: date | None
    confirmed: int = Field(description="Persons who have confirmed.")
    objected: int = Field(description="Persons whose objection waits.")
    late: int = Field(description="Persons who have not confirmed though the time is over.")


class SplitTableRow(BaseModel):
    """One target of one unit or person, with what the proposal went by; or what is split and what is left."""

    part: str = Field(description="unit, person, or total: what is split.")
    unit_id: UUID | None
    unit: str | None
    person_id: UUID | None
    person: str | None
    measure: str = Field(description="orders, deliveries, reported (units 台), amount (money).")
    product: str | None
    product_label: str | None
    currency: str | None
    target: Figure
    stretch: Figure | None
    share: float | None = Field(description="Of the unit's target; null when that is 0.")
    history: Figure | None = Field(description="Units done before, as the proposal counted them.")
    pipeline: Figure | None = Field(description="Units of their open prospects then.")
    source: str | None = Field(description="Of a total: the plan it comes from, or given.")
    given: Figure | None = Field(description="Of a total: what the parts sum to.")
    gap: Figure | None = Field(description="Of a total: target − given.")
    in_force: Figure | None = Field(description="Of a total: what the plans give the unit now.")
    differs: bool | None = Field(description="Of a total: whether the plan has changed since.")
    confirmation_id: UUID | None
    confirmation: str | None = Field(description="asked, confirmed, objected, answered.")
    days_late: int | None


class SplitTable(Report[SplitTableRow]):
    split_id: UUID
    month: str
    unit_id: UUID
    unit: str | None
    status: str
    number: int
    closes: bool
    history_share: float
    history_from: date
    history_to: date = Field(description="The day after the last counted.")


class TargetShown(BaseModel):
    measure: str
    product: str | None
    currency: str | None
    target: Figure
    stretch: Figure | None


class ConfirmationRow(BaseModel):
    """One person's targets of a month and how far their confirmation is."""

    id: UUID
    version: int
    split_id: UUID
    month: str
    unit_id: UUID
    unit: str | None
    person_id: UUID
    person: str | None
    status: str = Field(description="asked, confirmed, objected, answered, lapsed.")
    number: int = Field(description="Of the split's change it is about.")
    targets: list[TargetShown]
    asked_at: datetime
    confirm_by: date
    confirmed_on: date | None
    objected_on: date | None
    wanted: list[TargetShown]
    verdict: str | None = Field(description="kept, or accepted: the split is to be changed.")
    answered_on: date | None
    answered_by: UUID | None
    answered_by_name: str | None
    days_late: int = Field(description="Not confirmed, the time over so many days ago; confirmed: 0.")
