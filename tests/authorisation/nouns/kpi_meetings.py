"""The matrix and its targets for meetings: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from services.kpi.events import MeetingKind
from services.kpi.meetings.commands import HoldMeeting, InstructInMeeting
from services.kpi.meetings.meeting import Meeting
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.row import BRANCH, Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

HELD = datetime(2025, 10, 6, 2, tzinfo=UTC)
LEADING = {who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL, who.OTHER_TENANT}


def _on(body: Any) -> Row:
    return Row(who.RECORD_CHANGE, "meeting", body)


ROWS: dict[str, Row] = {
    "meetings.list": listed(),
    "kpi.instructions": listed(),
    "meetings.read": Row(who.RECORD_READ, "meeting"),
    "meetings.hold": Row(
        who.reserved(LEADING, elsewhere="done"), body={"kind": "weekly", "title": "周会", "unit_id": BRANCH}
    ),
    "meetings.decide": _on({"text": "主推混动"}),
    "meetings.instruct": _on({"text": "约见", "owner_id": str(id_of("b00.b")), "due_on": "2030-01-01"}),
    "meetings.finish_instruction": _on({"number": 1}),
    "meetings.drop_instruction": _on({"number": 1, "reason": "取消"}),
    "meetings.write_minutes": _on({"minutes": "一、……"}),
    "meetings.close": _on({}),
    "meetings.correct": _on({"version": 1, "changes": {"title": "改名"}, "reason": "错"}),
    "meetings.void": _on({"version": 2, "reason": "错"}),
}


async def meeting(world: World) -> Target:
    """A fresh meeting of the first company at b00, chaired by b00.a, with an instruction to them."""
    made = Meeting.hold(
        HoldMeeting(kind=MeetingKind.OTHER, title="碰头会", unit_id=id_of("b00")),
        id=uuid4(),
        owner_id=id_of("b00.a"),
        day=date(2025, 10, 6),
        previous=None,
        known_at=1,
        as_of=HELD,
        at=HELD,
    )
    told = InstructInMeeting(text="约见", owner_id=id_of("b00.a"), due_on=date(2025, 10, 10))
    made.instruct(told, at=HELD, day=date(2025, 10, 6))
    await world.append(0, [made], actor="b00.a")
    return Target(str(made.id), made.version)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {"meeting": meeting}
