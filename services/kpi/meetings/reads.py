"""Meetings, read: one with its tables and instructions, the list, all instructions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response

from services.kpi import events
from services.kpi.acting import shown
from services.kpi.asked import Ask
from services.kpi.events import MeetingKind, MeetingStatus
from services.kpi.meetings import report
from services.kpi.meetings.acting import sees_meeting
from services.kpi.meetings.meeting import ACTIONS, Meeting, last_steps
from services.kpi.meetings.shapes import (
    InstructionShown,
    InstructionsReport,
    MeetingRow,
    MeetingShown,
    TableShown,
)
from services.kpi.meetings.tables import path, title
from services.kpi.meetings.views import MEETINGS
from services.kpi.views.units import UNITS
from shared.http.call import call_of
from shared.http.names import people_names
from shared.http.openapi import refuses
from shared.http.reading import Listed, Paged, Report
from shared.http.route import Router
from shared.records.asked import TreeAsked, UnitId
from shared.records.history import plain
from shared.records.pages import listed, page_of

router = Router(prefix="/v1", tags=["meetings"])

State = Annotated[
    Literal["open", "done", "dropped", "carried"] | None, Query(description="Default: all but those carried on.")
]


@router.get("/meetings", operation_id="meetings.list", response_model=Listed[MeetingRow], responses=refuses(422))
async def meetings(
    ask: Ask,
    page: Paged,
    kind: MeetingKind | None = None,
    status: MeetingStatus | None = None,
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    sort: Literal["-held_on", "held_on"] = "-held_on",
) -> Any:
    """Meetings as they stood: decisions, instructions, what is not done."""
    asking = await ask.of(MEETINGS, UNITS)
    items, after = await report.meetings(
        ask.pool,
        asking,
        ask.labels,
        which=report.Meetings(unit_id, kind, owner_id, status),
        sort=sort,
        page=page_of(page),
    )
    return listed(page, items, after)


@router.get("/meetings/{meeting_id}", operation_id="meetings.read", responses=refuses(404))
async def meeting(meeting_id: UUID, reading: Report, response: Response) -> MeetingShown:
    """One meeting: its tables as they were fixed, decisions, instructions as they stand, minutes, history."""

    def actions(meeting: Meeting) -> Iterable[str]:
        return (name for name, fact in ACTIONS.items() if meeting.can(getattr(events, fact)))

    found = await shown(reading, response, Meeting, meeting_id, actions=actions, seen=sees_meeting)
    record = reading.kit.repository(Meeting).replay(
        await reading.kit.store.load(reading.tenant_id, meeting_id, until_position=reading.known_at)
    )
    assert record is not None
    standing = record.standing_at(reading.as_of)
    steps = list(last_steps(standing))
    participants = standing.get("participants", ())
    names = await people_names(reading.kit, reading.tenant_id, {*participants, *(step.owner_id for step in steps)})
    language = call_of(reading.call.scope).language if reading.call is not None else "zh-CN"
    return MeetingShown(
        **{**dict(found), "people": {**found.people, **names}},
        tables=[
            TableShown(
                name=table.name,
                title=title(table.name, language),
                path=path(table.name, table.query, as_of=standing["tables_as_of"], known_at=standing["known_at"]),
            )
            for table in standing["tables"]
        ],
        decisions=plain(standing.get("decisions", ())),
        instructions=[
            InstructionShown(
                number=step.number,
                text=step.text,
                owner_id=step.owner_id,
                owner=names.get(step.owner_id),
                given_on=step.given_on,
                due_on=step.due_on,
                state=step.state,
                on=step.on,
                days_late=report.days_late(step.state, step.due_on, step.on, reading.day),
                times_carried=step.times_carried,
                result=step.result,
            )
            for step in steps
        ],
    )


@router.get(
    "/kpi/instructions",
    operation_id="kpi.instructions",
    response_model=InstructionsReport,
    responses=refuses(422),
)
async def instructions(
    ask: Ask,
    kind: MeetingKind | None = None,
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    state: State = None,
    late: Annotated[bool | None, Query(description="Not done, and the day is over.")] = None,
) -> Any:
    """What meetings told whom to do by when, and what is not done; the longest late first."""
    asking = await ask.of(MEETINGS, UNITS)
    which = report.Meetings(unit_id, kind, owner_id, None, state, late)
    return ask.records(asking, await report.instructions(ask.pool, asking, ask.labels, which=which))
