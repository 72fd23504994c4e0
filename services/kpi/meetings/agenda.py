"""What meetings put on an agenda: the weekly meeting every Monday, what somebody was told to do. Decides nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from services.kpi.agenda.item import Due, Item, Whose
from services.kpi.asking import Asking, Sql
from services.kpi.calendar.working_days import WorkingDays, working_days
from services.kpi.meetings.report import Meetings, shown, told
from services.kpi.meetings.views import MEETINGS
from shared.identity.approval import APPROVES

AHEAD: Final = timedelta(days=7)
"""What falls due within a week stands on the agenda (ours)."""
HELD = """
select m.unit_id, max(m.held_on) as held_on
  from {meetings} as m
 where {holds} and m.kind = 'weekly' and {shown}
 group by m.unit_id
"""


async def due(whose: Whose) -> Due:
    """The weekly meeting of the asker's unit, on the Monday of the rhythm; instructions, their own and late ones.

    A unit that has held weekly meetings and has not since that Monday is late; one that never has is not.
    """
    read = whose.read
    await read.wait(MEETINGS)
    asking = Asking(read.tenant_id, read.zone, read.as_of, whose.sight, known_at=read.known_at)
    mine, late = await _instructions(whose, asking)
    if not whose.functions.isdisjoint(APPROVES):
        calendar = await working_days(read.pool, read.tenant_id, known_at=read.known_at)
        sql = Sql(asking)
        text = sql.text(HELD, holds=sql.holds("m"), shown=shown(sql))
        rows: list[Any] = await read.pool.fetch(text, *sql.values)
        held = {row["unit_id"]: row["held_on"] for row in rows}
        monday = _monday(calendar, whose.day)
        own = held.get(whose.unit_id)
        if whose.unit_id is not None and (monday == whose.day if own is None else own < monday):
            mine.append(_meeting(whose, monday, whose.unit_id, whose.person_id))
        late += [
            _meeting(whose, monday, unit, None)
            for unit, last in held.items()
            if unit != whose.unit_id and last < monday < whose.day
        ]
    return Due(mine, late)


async def _instructions(whose: Whose, asking: Asking) -> tuple[list[Item], list[Item]]:
    mine: list[Item] = []
    late: list[Item] = []
    for row in await told(whose.read.pool, asking, Meetings(state="open")):
        item = Item(
            kind="meeting_instruction",
            title=row["text"],
            due_on=row["due_on"],
            days_late=max(0, (whose.day - row["due_on"]).days),
            person_id=row["owner_id"],
            unit_id=row["unit_id"],
            path=f"/v1/meetings/{row['meeting_id']}",
        )
        if row["owner_id"] == whose.person_id and row["due_on"] <= whose.day + AHEAD:
            mine.append(item)
        elif row["owner_id"] != whose.person_id and item.days_late and whose.sight.sees_person(row["owner_id"]):
            late.append(item)
    return mine, late


def _monday(calendar: WorkingDays, day: date) -> date:
    """The latest day of the Monday rhythm up to a day."""
    monday = day - timedelta(days=day.weekday())
    moved = calendar.monday(monday)
    return moved if moved <= day else calendar.monday(monday - timedelta(days=7))


def _meeting(whose: Whose, monday: date, unit_id: Any, person_id: Any) -> Item:
    return Item(
        kind="hold_weekly_meeting",
        title="周会：热点客户与指令"
        if whose.language.startswith("zh")
        else "Weekly meeting: hot customers, instructions",
        due_on=monday,
        days_late=max(0, (whose.day - monday).days),
        person_id=person_id,
        unit_id=unit_id,
        path="/v1/meetings?kind=weekly",
    )
