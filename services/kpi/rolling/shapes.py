"""What the reads of rolling plans answer: rows and their fields. Holds no query."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.kpi.plans.shapes import SideBySide


class RollingPlanListed(BaseModel):
    """One unit's rolling plan as it stood."""

    id: UUID
    version: int
    unit_id: UUID
    unit: str | None
    owner_id: UUID | None = Field(description="Who opened it.")
    owner: str | None
    status: str = Field(description="pending: a version that changes firm months waits for approval.")
    number: int = Field(title="版本号", description="Of the latest version published.")
    base_month: str | None = Field(description="The first month it plans.")
    firm_months: int | None
    outlook_months: int | None
    requested_by: UUID | None = Field(description="Of the change that waits, or the last one.")
    requested_by_name: str | None
    requested_month: str | None
    requested_reason: str | None


class RollingVersionHead(BaseModel):
    """What a row of versions begins with."""

    number: int = Field(title="版本号")
    published_at: datetime
    base_month: str
    to_month: str
    firm_months: int
    outlook_months: int
    reason: str | None
    published_by: UUID | None
    published_by_name: str | None
    approved_by: UUID | None = Field(description="When it changed firm months.")
    approved_by_name: str | None


class RollingVersionRow(SideBySide, RollingVersionHead):
    """One published version: the sums of its months."""


class RollingVersions(BaseModel):
    rows: list[RollingVersionRow]
    as_of: Any
    position: int


class RollingMonth(BaseModel):
    """What a row of the table begins with."""

    month: str
    kind: str = Field(description="closed, firm or outlook.")
    product: str | None
    product_label: str | None


class RollingMonthRow(SideBySide, RollingMonth):
    """A month of the table: what is planned, and what came out so far."""

    orders_outcome: int | None = Field(default=None, description="Of months that have begun.")
    deliveries_outcome: int | None = None
    reported_outcome: int | None = None


class RollingTable(BaseModel):
    """A unit's closed, firm and outlook months."""

    id: UUID
    unit_id: UUID
    unit: str | None
    number: int
    base_month: str | None
    closed_months: int
    firm_months: int
    outlook_months: int
    rows: list[RollingMonthRow]
    as_of: Any
    position: int


class RollingProposalRow(BaseModel):
    """A row the next version may begin from."""

    month: str
    kind: str = Field(description="firm or outlook.")
    measure: str
    product: str | None
    product_label: str | None
    currency: str | None
    target: str
    stretch: str | None
    source: str = Field(description="rolling: said by the version before; else the target in force: annual or split.")


class RollingProposal(BaseModel):
    """What a next version may begin from; nothing is recorded."""

    unit_id: UUID
    unit: str | None
    base_month: str
    rows: list[RollingProposalRow]
    as_of: Any
    position: int


class AccuracyRow(BaseModel):
    """What a version said of a month so many months ahead, and what came."""

    unit_id: UUID
    unit: str | None
    month: str
    measure: str
    lead_months: int = Field(description="0: planned as the first month of its version; 1: a month ahead.")
    number: int = Field(title="版本号", description="Of the version: the last one published with that lead.")
    published_at: datetime
    firm: bool
    planned: int = Field(description="Units.")
    actual: int = Field(description="Units.")
    difference: int = Field(description="planned − actual.")
    deviation_rate: float | None = Field(description="|planned − actual| / actual; null when nothing came.")
    accuracy_rate: float | None = Field(description="1 − deviation_rate, not below 0.")
    points: int = Field(description="By deviation: ≤20 % 100, ≤50 % 80, ≤100 % 60, ≤200 % 40, else 20.")


class LeadTotal(BaseModel):
    """All rows of one lead time and measure."""

    measure: str
    lead_months: int
    rows: int
    planned: int
    actual: int
    deviation_rate: float | None = Field(description="Sum of |planned − actual| / sum of actual.")
    accuracy_rate: float | None


class AccuracyReport(BaseModel):
    rows: list[AccuracyRow]
    totals: list[LeadTotal]
    as_of: Any
    position: int


class RollingPolicyShown(BaseModel):
    """The policy in force on a day."""

    on: date
    effective_from: date = Field(description="1900-01-01: as shipped.")
    closed_months: int
    firm_months: int
    outlook_months: int
