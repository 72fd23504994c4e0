"""What the reads of assessments and commissions answer: rows and their fields. Holds no query."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from shared.http.columns import AMOUNT

Figure = Annotated[str, AMOUNT]
"""Decimal text."""


class PartRow(BaseModel):
    """One part of a result."""

    code: str
    weight: Figure = Field(title="权重")
    value: Figure | None = Field(title="值")
    points: Figure | None = Field(title="得分")
    weighted: Figure = Field(title="加权得分")


class AssessmentRow(BaseModel):
    """One assessment as it stood."""

    id: UUID
    version: int
    cycle: str = Field(title="周期")
    month: str = Field(description="Of a year its first.")
    owner_id: UUID = Field(title="被考核人编号", description="Who is assessed.")
    owner: str | None = Field(title="被考核人")
    unit_id: UUID
    unit: str | None
    post: str
    status: str
    score: Figure | None = Field(title="总分", description="Points; null: no part has a value, or nothing is proposed.")
    parts: list[PartRow] = Field(title="考核项")
    signed_by: UUID | None = Field(title="签署人编号")
    signed_by_name: str | None = Field(title="签署人")
    signed_on: date | None = Field(title="签署日期")
    acknowledged_on: date | None = Field(title="确认日期")
    appealed_on: date | None = Field(title="申诉日期")
    answered_on: date | None = Field(title="答复日期")


class RatingAskedRow(BaseModel):
    """An assessment the asker is asked to rate; the result is not shown."""

    id: UUID
    version: int = Field(description="Give it as If-Match.")
    cycle: str = Field(title="周期")
    month: str = Field(description="Of a year its first.")
    owner_id: UUID = Field(title="被考核人编号", description="Who is assessed.")
    owner: str | None = Field(title="被考核人")
    unit_id: UUID
    unit: str | None
    rater: str = Field(title="评价身份", description="superior, peer or customer.")
    rated: bool = Field(title="已评价", description="Whether the asker has given points; others can be given.")


class RatingsAsked(BaseModel):
    """What the asker is asked to rate, the latest period first."""

    rows: list[RatingAskedRow]
    as_of: datetime = Field(description="The instant of business time the rows are of.")
    position: int = Field(description="The last place in the log that every row is sure to have seen.")


class AmountRow(BaseModel):
    """Money of a currency; below 0 it is taken back."""

    currency: str
    month: Figure = Field(title="当月", description="Of the month itself.")
    back: Figure = Field(title="补结", description="Of earlier months: what late entries changed.")
    adjusted: Figure = Field(title="调整", description="By decision.")
    payable: Figure = Field(title="应付", description="All together.")


class CommissionRow(BaseModel):
    """One commission proposal as it stood."""

    id: UUID
    version: int
    month: str
    owner_id: UUID = Field(title="人员编号", description="Who is paid.")
    owner: str | None = Field(title="人员")
    unit_id: UUID
    unit: str | None
    post: str
    status: str
    amounts: list[AmountRow]
    lines: int = Field(title="明细数", description="Of the computation, shown with the record.")
    signed_by: UUID | None = Field(title="签署人编号")
    signed_by_name: str | None = Field(title="签署人")
    signed_on: date | None = Field(title="签署日期")
    acknowledged_on: date | None = Field(title="确认日期")
    appealed_on: date | None = Field(title="申诉日期")
    answered_on: date | None = Field(title="答复日期")
