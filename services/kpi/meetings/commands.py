"""Commands on a review meeting: hold, decide, instruct, done, drop, minutes, close. No rule lives here."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from services.kpi.events import MeetingKind
from services.kpi.meetings.tables import TableName
from shared.records.fields import Command, DatedCommand, Day, Narrative, Number, Text, Title

PERSON = "5a0d7f0e-52c1-5a2d-8d5c-0b5b3a1f2c11"

Parameter = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z_]+$")]
Asked = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_.,:\-]+$")]


class TableGiven(Command):
    """A table to look at, with its filters; instant and position are the meeting's."""

    name: TableName
    query: Annotated[dict[Parameter, Asked], Field(max_length=12)] = Field(default_factory=dict)


class HoldMeeting(DatedCommand):
    """Begin a review meeting; its tables are fixed at the end of the log as it is known on that day."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "weekly",
                    "title": "第10周销售周会",
                    "unit_id": "7f0d7f0e-52c1-5a2d-8d5c-0b5b3a1f2c22",
                    "tables": [{"name": "hot_customers"}, {"name": "pipeline", "query": {"group_by": "owner"}}],
                }
            ]
        }
    )

    kind: MeetingKind
    title: Title
    unit_id: UUID
    owner_id: UUID | None = Field(default=None, description="Who chairs it; default: who enters it.")
    participants: Annotated[tuple[UUID, ...], Field(max_length=200)] = ()
    tables: Annotated[tuple[TableGiven, ...], Field(max_length=30)] | None = Field(
        default=None, description="Default: the usual ones of its kind."
    )
    previous_id: UUID | None = Field(
        default=None,
        description="Whose undone instructions are carried here; default: the latest of that unit and kind.",
    )


class DecideInMeeting(DatedCommand):
    """The meeting decided something."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "六月主推混动车型"}]})

    text: Text


class InstructInMeeting(DatedCommand):
    """Tell somebody to do something by a day."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "周五前拜访采购总监", "owner_id": PERSON, "due_on": "2030-03-08"}]}
    )

    text: Text
    owner_id: UUID
    due_on: Day


class FinishInstruction(DatedCommand):
    """An instruction was carried out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"number": 1, "result": "已约见，本周报价"}]})

    number: Number
    result: Text | None = None


class DropInstruction(DatedCommand):
    """An instruction is not to be carried out any more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"number": 1, "reason": "客户已取消项目"}]})

    number: Number
    reason: Text


class WriteMinutes(DatedCommand):
    """Write the minutes, or write them anew (会议纪要)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"minutes": "一、上周指令完成情况……"}]})

    minutes: Narrative


class CloseMeeting(DatedCommand):
    """Nothing more is decided in it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})
