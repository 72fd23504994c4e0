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
    status_label: str = Field(title="状态名称")
    number: int = Field(title="调整次数", description="Of the latest change.")
    owner_id: UUID = Field(title="制定人编号", description="Who planned.")
    owner: str | None = Field(title="制定人")
    order_units: Figure = Field(title="订单目标台数", description="The order target it was worked back from.")
    target_source: str = Field(description="annual, rolling, split or given.")
    required_leads: int = Field(title="倒推线索数", description="As worked back.")
    planned_leads: int = Field(title="计划线索数", description="Of all channels, as planned.")
    channels: int = Field(title="渠道数")
    weeks_reviewed: int = Field(title="已盘点周数")
    reviewed_on: date | None = Field(title="最近盘点日期")


class RateRow(BaseModel):
    """A rate the plan goes by, or a step on the way back."""

    step: str = Field(title="步骤", description="order_units, orders, prospects, stock, records, leads; or a rate.")
    channel: str | None
    channel_label: str | None
    value: float
    numerator: Figure | None = Field(title="分子")
    denominator: Figure | None = Field(title="分母")
    unit_id: UUID | None = Field(title="取数单位编号", description="Where it was counted; null: stated, or no rate.")
    unit: str | None = Field(title="取数单位")
    source: str | None = Field(title="来源", description="counted, stated; of order_units the target's.")


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
    channel_label: str | None
    week: int | None = Field(title="周次")
    first: date = Field(title="起")
    last: date = Field(title="止")
    working_days: int = Field(title="工作日数")
    target: int = Field(title="目标线索")
    leads: int = Field(title="线索数", description="Received.")
    attainment: float | None = Field(title="达成率", description="leads / target; null when that is 0.")
    gap: int = Field(title="差额", description="leads − target; below 0: missing.")
    target_so_far: int = Field(title="累计目标", description="Of this and the weeks before.")
    leads_so_far: int = Field(title="累计线索")
    visitors: int = Field(title="到访人数")
    records: int = Field(title="留档数", description="Of the leads received, those that became a record since.")
    orders: int = Field(title="成交数", description="Of those records, those ordered since.")
    record_rate: float | None = Field(title="留档率", description="records / (leads + visitors).")
    run_rate: float | None = Field(title="日均线索", description="Of the month: leads per working day so far.")
    projected: int | None = Field(title="预计月末线索", description="Of the month: leads at its end, at that pace.")
    budget: Figure | None = Field(title="预算", description="Of the month.")
    budget_currency: str | None = Field(title="预算币种")
    spend: list[ChannelSpend] = Field(title="渠道费用", description="Per currency; a month's spend spread day by day.")
    reviewed_on: date | None = Field(title="盘点日期", description="Of a week: when it was reviewed last.")
    findings: list[str] = Field(title="发现")


class WeeksReport(Report[WeekRow]):
    lead_plan_id: UUID
    month: str
    unit_id: UUID
    unit: str | None
    status: str
