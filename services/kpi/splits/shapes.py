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
    month: str = Field(title="月份")
    unit_id: UUID
    unit: str | None
    status: str = Field(description="draft or issued.")
    status_label: str = Field(title="状态名称")
    number: int = Field(title="调整次数", description="Of the latest change; 0: as first issued.")
    owner_id: UUID = Field(title="分解人编号", description="Who split.")
    owner: str | None = Field(title="分解人")
    units: int = Field(title="下级单位数", description="Units that get a part.")
    persons: int = Field(title="人员数", description="Persons who get a part.")
    closes: bool = Field(title="合计相符", description="Whether the parts sum to the unit's targets.")
    confirm_by: date | None = Field(title="确认期限")
    confirmed: int = Field(title="已确认人数", description="Persons who have confirmed.")
    objected: int = Field(title="异议人数", description="Persons whose objection waits.")
    late: int = Field(title="逾期人数", description="Persons who have not confirmed though the time is over.")


class SplitTableRow(BaseModel):
    """One target of one unit or person, with what the proposal went by; or what is split and what is left."""

    part: str = Field(title="分解对象", description="unit, person, or total: what is split.")
    unit_id: UUID | None
    unit: str | None
    person_id: UUID | None
    person: str | None
    measure: str = Field(title="指标", description="orders, deliveries, reported (units 台), amount (money).")
    measure_label: str = Field(title="指标名称")
    product: str | None
    product_label: str | None
    currency: str | None
    target: Figure
    stretch: Figure | None
    share: float | None = Field(title="占比", description="Of the unit's target; null when that is 0.")
    history: Figure | None = Field(title="历史台数", description="Units done before, as the proposal counted them.")
    pipeline: Figure | None = Field(title="在谈台数", description="Units of their open prospects then.")
    source: str | None = Field(title="目标来源", description="Of a total: the plan it comes from, or given.")
    given: Figure | None = Field(title="分解合计", description="Of a total: what the parts sum to.")
    gap: Figure | None = Field(title="差额", description="Of a total: target − given.")
    in_force: Figure | None = Field(title="现行目标", description="Of a total: what the plans give the unit now.")
    differs: bool | None = Field(title="目标已变", description="Of a total: whether the plan has changed since.")
    confirmation_id: UUID | None = Field(title="确认书编号")
    confirmation: str | None = Field(title="确认状态", description="asked, confirmed, objected, answered.")
    days_late: int | None = Field(title="逾期天数")


class SplitTable(Report[SplitTableRow]):
    split_id: UUID
    month: str
    unit_id: UUID
    unit: str | None
    status: str
    status_label: str = Field(title="状态名称")
    number: int
    closes: bool
    history_share: float
    history_from: date
    history_to: date = Field(description="The day after the last counted.")


class TargetShown(BaseModel):
    measure: str = Field(title="指标")
    measure_label: str = Field(title="指标名称")
    product: str | None
    currency: str | None
    target: Figure
    stretch: Figure | None


class ConfirmationRow(BaseModel):
    """One person's targets of a month and how far their confirmation is."""

    id: UUID
    version: int
    split_id: UUID = Field(title="分解编号")
    month: str
    unit_id: UUID
    unit: str | None
    person_id: UUID
    person: str | None
    status: str = Field(description="asked, confirmed, objected, answered, lapsed.")
    status_label: str = Field(title="状态名称")
    number: int = Field(title="调整次数", description="Of the split's change it is about.")
    targets: list[TargetShown] = Field(title="目标")
    asked_at: datetime = Field(title="下达时间")
    confirm_by: date = Field(title="确认期限")
    confirmed_on: date | None = Field(title="确认日期")
    objected_on: date | None = Field(title="异议日期")
    wanted: list[TargetShown] = Field(title="本人认为可行")
    verdict: str | None = Field(title="答复结论", description="kept, or accepted: the split is to be changed.")
    answered_on: date | None = Field(title="答复日期")
    answered_by: UUID | None = Field(title="答复人编号")
    answered_by_name: str | None = Field(title="答复人")
    days_late: int = Field(title="逾期天数", description="Not confirmed, the time over so many days ago; confirmed: 0.")
