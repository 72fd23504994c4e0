"""Meetings and their instructions as they stood on a day: late is worked out here. Stores nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.kpi.asking import Asking, Labels, Reads, Row, Sql
from shared.records.paging import Order, Page, next_of, paged

SORTS: Mapping[str, Order] = {
    "-held_on": Order("m.held_on", "date", descending=True),
    "held_on": Order("m.held_on", "date"),
}

MEETINGS = """
select m.*, {sort_value} as sort_value
  from {meetings} as m
 where {holds} and {shown} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
# An instruction that was carried stands at the later meeting.
INSTRUCTIONS = """
select m.stream_id as meeting_id, m.title as meeting, m.held_on, m.unit_id,
       (i.step ->> 'number')::int as number, i.step ->> 'text' as text, (i.step ->> 'owner_id')::uuid as owner_id,
       (i.step ->> 'given_on')::date as given_on, (i.step ->> 'due_on')::date as due_on,
       i.step ->> 'state' as state, (i.step ->> 'on')::date as on_day,
       coalesce((i.step ->> 'times_carried')::int, 0) as times_carried, i.step ->> 'result' as result
  from {meetings} as m
 cross join lateral jsonb_array_elements(m.instructions) as i(step)
 where {holds} and {shown} and {wanted}
"""


@dataclass(frozen=True, slots=True)
class Meetings:
    """Which meetings, or instructions of meetings. `owner_id`: of meetings who chairs, of instructions who does it."""

    unit_id: UUID | None = None
    kind: str | None = None
    owner_id: UUID | None = None
    status: str | None = None
    state: str | None = None
    late: bool | None = None

    def predicate(self, sql: Sql, *, instructions: bool = False) -> str:
        said = ["true"]
        if self.unit_id is not None:
            said.append(sql.below("m.unit_id", self.unit_id))
        if self.kind is not None:
            said.append(f"m.kind = {sql(self.kind)}")
        if self.status is not None:
            said.append(f"m.status = {sql(self.status)}")
        if self.owner_id is not None:
            owner = "(i.step ->> 'owner_id')::uuid" if instructions else "m.owner_id"
            said.append(f"{owner} = {sql(self.owner_id)}")
        if instructions:
            if self.state is None:
                said.append("i.step ->> 'state' <> 'carried'")
            else:
                said.append(f"i.step ->> 'state' = {sql(self.state)}")
            if self.late is not None:
                late = f"i.step ->> 'state' = 'open' and (i.step ->> 'due_on')::date < {sql.named('day')}"
                said.append(f"({late}) = {sql(self.late)}")
        return " and ".join(said)


def shown(sql: Sql) -> str:
    """Of whom the asker sees meetings: unit, chair, taking part, an instruction."""
    if sql.asking.sight.everything:
        return "true"
    selves = sql(sorted(sql.asking.sight.selves))
    return f"({sql.counted('m', account='null::uuid')} or m.people && {selves}::uuid[])"


async def meetings(
    reads: Reads, asking: Asking, labels: Labels, *, which: Meetings, sort: str = "-held_on", page: Page | None = None
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of meetings, and after which the next goes on."""
    page = page or Page()
    sql = Sql(asking)
    statement = sql.text(
        MEETINGS,
        holds=sql.holds("m"),
        shown=shown(sql),
        wanted=which.predicate(sql),
        **paged(sql, SORTS, sort, page, "m.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    people = await labels.people(asking.tenant_id, {row["owner_id"] for row in found})
    return [_meeting(row, asking.day, units, people) for row in found], after


async def instructions(reads: Reads, asking: Asking, labels: Labels, *, which: Meetings) -> Row:
    """One row per instruction, the longest late first; each stands at the latest meeting it came to."""
    found = await told(reads, asking, which)
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    people = await labels.people(asking.tenant_id, {row["owner_id"] for row in found})
    rows = [_instruction(row, asking.day, units, people) for row in found]
    rows.sort(key=lambda row: (-row["days_late"], row["due_on"], str(row["meeting_id"]), row["number"]))
    return {"rows": rows}


async def told(reads: Reads, asking: Asking, which: Meetings) -> list[Any]:
    """The same without names, in no order."""
    sql = Sql(asking)
    wanted = which.predicate(sql, instructions=True)
    return await reads.fetch(sql.text(INSTRUCTIONS, holds=sql.holds("m"), shown=shown(sql), wanted=wanted), *sql.values)


def days_late(state: str, due_on: date, on: date, day: date) -> int:
    """Calendar days past due: when it was done, else on the day asked about; of what was dropped or carried 0."""
    match state:
        case "done":
            return max((on - due_on).days, 0)
        case "open":
            return max((day - due_on).days, 0)
        case _:
            return 0


def _meeting(row: Any, day: date, units: Mapping[UUID, str], people: Mapping[UUID, str]) -> Row:
    steps: Sequence[Any] = row["instructions"]
    undone = [step for step in steps if step["state"] == "open"]
    return {
        "id": row["stream_id"],
        **{name: row[name] for name in ("version", "kind", "title", "status", "held_on", "unit_id", "owner_id")},
        "unit": units.get(row["unit_id"]),
        "owner": people.get(row["owner_id"]),
        "participants": len(row["participants"]),
        "decisions": len(row["decisions"]),
        "instructions": len(steps),
        "undone": len(undone),
        "late": sum(date.fromisoformat(step["due_on"]) < day for step in undone),
        "minutes_on": row["minutes_on"],
        "closed_on": row["closed_on"],
    }


def _instruction(row: Any, day: date, units: Mapping[UUID, str], people: Mapping[UUID, str]) -> Row:
    plain = ("meeting_id", "meeting", "held_on", "number", "text", "unit_id", "owner_id", "given_on", "due_on", "state")
    return {
        **{name: row[name] for name in plain},
        "unit": units.get(row["unit_id"]),
        "owner": people.get(row["owner_id"]),
        "times_carried": row["times_carried"],
        "done_on": row["on_day"] if row["state"] == "done" else None,
        "days_late": days_late(row["state"], row["due_on"], row["on_day"], day),
        "result": row["result"],
    }
