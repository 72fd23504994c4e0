"""What the reads of lead plans answer: rows and their fields. Holds no query."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.kpi.answers import Figure, Report


class LeadPlanRow(BaseModel):
    """One lead plan as it stood."""

    id: UUID
    version: int
    month: str
    unit_id: UUID
    unit: str | None
    status: str = Field(description="draft or issued.")
    number: int = Field(description="Of the latest change.")
    owner_id: UUID = Field(description="Who planned.")
    owner: str | None
    order_units: Figure = Field(description="The order target it was worked back from.")
    target_source: str = Field(description="annual, rolling, split or given.")
    required_leads: int = Field(description="As worked back.")
    planned_leads: int = Field(description="Of all channels, as planned.")
    channels: int
    weeks_reviewed: int
    reviewed_on: date | None


class RateRow(BaseModel):
    """A rate the plan goes by, or a step on the way back."""

    step: str = Field(description="order_units, orders, prospects, stock, records, leads; or a rate.")
    channel: str | None
    value: float
    numerator: Figure | None
    denominator: Figure | None
    unit_id: UUID | None = Field(description="Where it was counted; null: stated, or no rate.")
    unit: str | None
    source: str | None = Field(description="counted, stated; of order_units the target's.")


class RatesReport(Report[RateRow]):
    month: str
    rates_from: date
    rates_to: date = Field(description="The day after the last counted.")


class ChannelSpend(BaseModel):
    currency: str
    amount: Figure
    cost_per_lead: Figure | None
    cost_per_record: Figure | None
    cost_per_order: Figure | None


class WeekRow(BaseModel):
    """One channel and week; without a week the month so far, without a channel all of them."""

    channel: str | None
    week: int | None
    first: date
    last: date
    working_days: int
    target: int
    leads: int = Field(description="Received.")
    attainment: float | None = Field(description="leads / target; null when that is 0.")
    gap: int = Field(description="leads − target; below 0: missing.")
    target_so_far: int = Field(description="Of this and the weeks before.")
    leads_so_far: int
    visitors: int
    records: int = Field(description="Of the leads received, those that became a record since.")
    orders: int = Field(description="Of those records, those ordered since.")
    record_rate: float | None = Field(description="records / (leads + visitors).")
    run_rate: float | None = Field(description="Of the month: leads per working day so far.")
    projected: int | None = Field(description="Of the month: leads at its end, at that pace.")
    budget: Figure | None = Field(description="Of the month.")
    budget_currency: str | None
    spend: list[ChannelSpend] = Field(description="Per currency; a month's spend spread day by day.")
    reviewed_on: date | None = Field(description="Of a week: when it was reviewed last.")
    findings: list[str]


class WeeksReport(Report[WeekRow]):
    lead_plan_id: UUID
    month: str
    unit_id: UUID
    unit: str | None
    status: str
