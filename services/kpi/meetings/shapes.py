"""What the reads of meetings answer: rows and their fields. Holds no query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.kpi.acting import RecordShown


class MeetingRow(BaseModel):
    """One meeting as it stood."""

    id: UUID
    version: int
    kind: str
    title: str
    status: str
    held_on: date = Field(title="会议日期")
    unit_id: UUID
    unit: str | None
    owner_id: UUID = Field(description="Who chairs it.")
    owner: str | None
    participants: int
    decisions: int = Field(title="决定数")
    instructions: int = Field(title="指令数")
    undone: int = Field(title="未完成指令数", description="Still to be done here.")
    late: int = Field(title="逾期指令数", description="Of those, with their day over.")
    minutes_on: date | None = Field(title="纪要日期")
    closed_on: date | None = Field(title="结束日期")


class InstructionRow(BaseModel):
    """One instruction where it stands last: of those carried, at the meeting it was carried to."""

    meeting_id: UUID = Field(title="会议编号")
    meeting: str = Field(title="会议")
    held_on: date = Field(title="会议日期")
    number: int = Field(title="序号")
    text: str
    unit_id: UUID
    unit: str | None
    owner_id: UUID = Field(description="Who is to do it.")
    owner: str | None
    given_on: date
    due_on: date
    state: str = Field(description="open, done, dropped; carried: at an earlier meeting.")
    times_carried: int = Field(title="结转次数")
    done_on: date | None = Field(title="完成日期")
    days_late: int = Field(
        title="逾期天数", description="Calendar days past due, when done or on the day asked; dropped: 0."
    )
    result: str | None


class InstructionsReport(BaseModel):
    """Every instruction, the longest late first."""

    rows: list[InstructionRow]
    as_of: datetime = Field(description="The instant of business time the rows are of.")
    position: int = Field(description="The last place in the log that every row is sure to have seen.")


class TableShown(BaseModel):
    """A table the meeting looks at, and where it is read again as it was then."""

    name: str
    title: str
    path: str = Field(description="GET it: as of that instant, as known at that position.")


class InstructionShown(BaseModel):
    """How an instruction stands."""

    number: int
    text: str
    owner_id: UUID
    owner: str | None
    given_on: date
    due_on: date
    state: str
    on: date = Field(description="Of its last step.")
    days_late: int
    times_carried: int
    result: str | None


class MeetingShown(RecordShown):
    """A meeting: its tables as fixed, what was decided, and every instruction as it stands."""

    tables: Sequence[TableShown]
    decisions: Sequence[Any] = Field(description="{number, text, on}, by number.")
    instructions: Sequence[InstructionShown]
