"""What the reads of improvements answer: rows and their fields. Holds no query."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from shared.http.columns import AMOUNT

Figure = Annotated[str, AMOUNT]
"""Decimal text."""


class ImprovementRow(BaseModel):
    """One improvement loop as it stood."""

    id: UUID
    version: int
    title: str
    status: str
    loop: int = Field(title="循环", description="How often it went round.")
    source: str = Field(title="来源")
    unit_id: UUID
    unit: str | None
    owner_id: UUID
    owner: str | None
    due_on: date
    measures: int = Field(title="措施数", description="Of this loop.")
    done: int = Field(title="已完成措施", description="Of this loop.")
    late: int = Field(title="逾期措施", description="Of this loop, not done, with their day over.")
    kpi: str | None = Field(title="指标")
    target: Figure | None = Field(title="目标值")
    before: Figure | None = Field(title="改进前")
    after: Figure | None = Field(title="改进后")
    change: Figure | None = Field(title="变化", description="after − before; null without both.")
    effect: str | None = Field(title="效果")
    decision: str | None = Field(title="处置")


class TrainingRow(BaseModel):
    """One training need as it stood."""

    id: UUID
    version: int
    owner_id: UUID = Field(title="受训人编号", description="Who is to be trained.")
    owner: str | None = Field(title="受训人")
    unit_id: UUID
    unit: str | None
    topic: str = Field(title="主题")
    source: str = Field(title="来源")
    reason: str | None = Field(description="Code of the reason catalogue.")
    status: str
    proposed_at: datetime = Field(title="提出时间")
    course: str | None = Field(title="课程")
    planned_on: date | None
    held_on: date | None = Field(title="培训日期")
    days_late: int = Field(title="逾期天数", description="Calendar days past the planned day while not held.")
    hours: Figure | None = Field(title="学时")
    result: str | None
    before: Figure | None = Field(title="培训前")
    after: Figure | None = Field(title="培训后")
    change: Figure | None = Field(title="变化", description="after − before; null without both.")
    effect: str | None = Field(title="效果")


class FindingRow(BaseModel):
    """Why somebody may need training: defeats through our own people of one person and reason."""

    owner_id: UUID = Field(description="Who was responsible when it was lost.")
    owner: str | None
    unit_id: UUID | None
    unit: str | None
    reason: str = Field(description="Code of the reason catalogue.")
    defeats: int = Field(title="战败数", description="Approved defeats with this main reason.")
    mentions: int = Field(description="Approved defeats that name it, main or other.")
    last_on: date = Field(title="最近日期")
    open_needs: int = Field(title="未结培训需求", description="Of this person and reason, not held yet.")


class FindingsReport(BaseModel):
    """The most mentioned first."""

    rows: list[FindingRow]
    as_of: datetime = Field(description="The instant of business time the rows are of.")
    position: int = Field(description="The last place in the log that every row is sure to have seen.")
