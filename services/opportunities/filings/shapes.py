"""What the reads of filings answer: rows and their fields. Holds no query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.opportunities.reports.shapes import Money, Report


class FiledLineShown(BaseModel):
    line: int
    product: str
    product_label: str
    units: int


class SupportShown(BaseModel):
    """Money of the claims of one currency; refused claims are left out."""

    currency: str
    claimed: Money
    accepted: Money
    paid: Money
    outstanding: Money = Field(description="Accepted and not paid yet.")


class FilingRow(BaseModel):
    """One filing as it stood."""

    id: UUID
    version: int
    number: str
    status: str
    opportunity_id: UUID
    title: str | None
    account_id: UUID | None
    account: str | None
    owner_id: UUID | None
    owner: str | None
    unit_id: UUID | None
    unit: str | None
    customer_type: str | None
    lines: list[FiledLineShown]
    units: int = Field(description="Units filed.")
    delivered: int = Field(description="Units of the order delivered (AAK).")
    reports_waiting: int = Field(description="Units reported and not answered.")
    reports_returned: int
    reports_accepted: int = Field(description="Units that count as reported.")
    reports_refused: int
    support: list[SupportShown] = Field(description="By currency.")
    expected_on: date | None
    documents: list[str]
    missing: list[str] = Field(description="Documents the manufacturer asks for.")
    drafted_at: datetime
    submitted_on: date | None
    returned_on: date | None
    times_returned: int
    return_reason: str | None
    decided_on: date | None
    manufacturer_ref: str | None
    valid_until: date | None
    refusal_reason: str | None
    lapsed_on: date | None
    lapse_reason: str | None
    withdrawn_on: date | None
    withdrawal_reason: str | None
    complete_due_on: date | None = Field(description="Returned: to be completed by.")
    report_due_on: date | None = Field(description="The first delivered unit not reported: to be reported by.")
    claim_due_on: date | None = Field(description="The first unit not claimed for: to be claimed for by.")
    next_due_on: date | None
    due: str | None = Field(description="due, lapsing or overdue; null: nothing is due.")


class ReportedRow(BaseModel):
    """Units of one group, each counted on its own day."""

    owner: str | None = None
    owner_label: str | None = None
    org_unit: str | None = None
    org_unit_label: str | None = None
    branch: str | None = None
    branch_label: str | None = None
    region: str | None = None
    region_label: str | None = None
    product: str | None = None
    product_label: str | None = None
    account: str | None = None
    account_label: str | None = None
    month: str | None = None
    month_label: str | None = None
    ordered: int = Field(description="Units ordered, amendments included, on the day of the order (订单).")
    cancelled: int = Field(description="Units cancelled (退订).")
    delivered: int = Field(description="Units handed over to the customer (AAK).")
    reported: int = Field(description="Units whose report was accepted, on the report's day (系统提报).")
    delivered_not_reported: int = Field(description="delivered − reported within the range; below 0: late reports.")


class ReportedTotal(BaseModel):
    ordered: int
    cancelled: int
    delivered: int
    reported: int
    delivered_not_reported: int


class Reported(Report[ReportedRow]):
    group_by: Sequence[str]
    total: ReportedTotal


class FilingPolicyShown(BaseModel):
    """The manufacturer's deadlines on a day, in calendar days; the last day is still in time."""

    on: date
    effective_from: date
    complete_days: int
    report_days: int
    claim_days: int
    warn_days: int
