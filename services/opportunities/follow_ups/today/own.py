"""Follow-ups, instructions and what came back, of a person's own opportunities; what was escalated to a head."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.opportunities.follow_ups.duty import ESCALATED, duty
from services.opportunities.follow_ups.listing import standing_now
from services.opportunities.follow_ups.today.sections import MOST, Found, Item, Part, Whose, one_of
from services.opportunities.follow_ups.views import FOLLOW_UP_POLICIES
from services.opportunities.policies.views.level_policies import LEVEL_POLICIES
from services.opportunities.reports.asking import Reads, Sql
from services.opportunities.views.contacts import CONTACTS
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.identity.approval import APPROVES

RECORD = "/v1/opportunities/{id}"

# What is overdue or due; what is planned for the day or was planned before it, and is not due yet.
FOLLOW_UPS = """
select * from (
    select f.*, count(*) over (partition by f.section)::int as count,
           row_number() over (partition by f.section order by f.day, f.stream_id) as place
      from (select s.stream_id, s.title, s.account_id, s.owner_id, d.level, d.days_overdue, d.planned_way,
                   case when d.state in ('overdue', 'due') then d.state else 'planned' end as section,
                   case when d.state in ('overdue', 'due') then d.due_on else d.planned_on end as day
              from {standings} as s {duty}
             where {standing_now} and s.owner_id = {person} and {shown}
               and (d.due_on <= {day} or d.planned_on <= {day})) as f
) as g
 where place <= {most}
 order by section, place
"""
INSTRUCTIONS = """
select s.stream_id, s.title, s.account_id, s.owner_id, s.level, s.instruction ->> 'text' as text,
       (s.instruction ->> 'due_on')::date as due_on, count(*) over ()::int as count
  from {standings} as s
 where {holds} and s.instruction is not null and s.owner_id = {person} and {shown}
 order by due_on, s.stream_id
 limit {most}
"""

# People whose head somebody is: who report to that person, or to a unit that is headed from there; a unit without a
# head is headed from the one above, and a head reports to whoever heads the unit above.
HEADED = """
headed as (
    select {unit}::uuid as unit_id
    union
    select u.stream_id
      from headed as h
      join {units} as u on u.parent_id = h.unit_id and u.tenant_id = $1 and u.to_at is null
     where not exists (select from {people} as q
                        where q.tenant_id = $1 and q.unit_id = u.stream_id and q.to_at is null and q.status <> 'left'
                          and q.functions && {approves}::text[])
),
direct as (
    select p.stream_id
      from {people} as p
     where p.tenant_id = $1 and p.to_at is null and p.stream_id <> {person}
       and (p.reports_to_person_id = {person}
            or (p.reports_to_person_id is null and coalesce(p.reports_to_unit_id, p.unit_id) in
                (select unit_id from headed
                 union all
                 select u.stream_id from {units} as u
                  where u.tenant_id = $1 and u.to_at is null and u.parent_id in (select unit_id from headed)
                    and p.functions && {approves}::text[])))
)"""
ESCALATIONS = """
with recursive {headed}
select s.stream_id, s.title, s.account_id, s.owner_id, d.level, d.due_on, d.days_overdue, count(*) over ()::int as count
  from {standings} as s {duty}
 where {standing_now} and s.owner_id = any(array(select stream_id from direct)) and {escalated} and {shown}
 order by d.due_on, s.stream_id
 limit {most}
"""


async def follow_ups(reads: Reads, whose: Whose) -> Mapping[str, Found]:
    """Sections overdue, due, planned."""
    sql = Sql(whose.asking)
    statement = sql.text(
        FOLLOW_UPS,
        duty=duty(sql, whose.rules),
        standing_now=standing_now(sql, None),
        person=f"{sql(whose.person_id)}::uuid",
        shown=sql.shown("s"),
        most=f"{sql(MOST)}::int",
    )
    by: dict[str, list[Any]] = defaultdict(list)
    for row in await reads.fetch(statement, *sql.values):
        by[row["section"]].append(row)
    return {section: one_of(rows, [_follow_up(row) for row in rows]) for section, rows in by.items()}


async def instructions(reads: Reads, whose: Whose) -> Mapping[str, Found]:
    """Section instructions: what the head asked for, not done yet; overdue first."""
    sql = Sql(whose.asking)
    statement = sql.text(
        INSTRUCTIONS,
        holds=sql.holds("s"),
        person=f"{sql(whose.person_id)}::uuid",
        shown=sql.shown("s"),
        most=f"{sql(MOST)}::int",
    )
    rows = await reads.fetch(statement, *sql.values)
    day = whose.asking.day
    items = [
        Item(
            kind="instruction",
            action="complete-instruction",
            due_on=row["due_on"],
            days_overdue=late(row["due_on"], day),
            note=row["text"],
            **of_opportunity(row),
        )
        for row in rows
    ]
    return {"instructions": one_of(rows, items)}


async def escalated(reads: Reads, whose: Whose) -> Mapping[str, Found]:
    """Section escalated: follow-ups of those who report to this head, overdue as long as the policy says."""
    heads = not whose.functions.isdisjoint(APPROVES)
    sql = Sql(whose.asking)
    person = f"{sql(whose.person_id)}::uuid"
    headed = sql.text(
        HEADED,
        unit=sql(whose.unit_id if heads else None),
        approves=sql(sorted(APPROVES)),
        person=person,
    )
    statement = sql.text(
        ESCALATIONS,
        headed=headed,
        duty=duty(sql, whose.rules),
        standing_now=standing_now(sql, None),
        escalated=ESCALATED,
        shown=sql.shown("s"),
        most=f"{sql(MOST)}::int",
    )
    rows = await reads.fetch(statement, *sql.values)
    items = [
        Item(
            kind="escalation",
            action="instruct",
            due_on=row["due_on"],
            days_overdue=row["days_overdue"],
            **of_opportunity(row),
        )
        for row in rows
    ]
    return {"escalated": one_of(rows, items)}


def of_opportunity(row: Any) -> dict[str, Any]:
    """What an item about an opportunity says of it."""
    return {
        "id": row["stream_id"],
        "path": RECORD.format(id=row["stream_id"]),
        "opportunity_id": row["stream_id"],
        "title": row["title"],
        "account_id": row["account_id"],
        "owner_id": row["owner_id"],
        "level": row["level"],
    }


def late(due_on: date | None, day: date) -> int:
    """Days after the due day."""
    return 0 if due_on is None else max((day - due_on).days, 0)


def _follow_up(row: Any) -> Item:
    planned = row["section"] == "planned"
    return Item(
        kind="planned_follow_up" if planned else "follow_up",
        action="contact",
        due_on=row["day"],
        days_overdue=row["days_overdue"],
        note=row["planned_way"] if planned else None,
        **of_opportunity(row),
    )


DUTY = (STANDINGS, CONTACTS, LEVEL_POLICIES, FOLLOW_UP_POLICIES)
PARTS: Sequence[Part] = (
    Part(("overdue", "due", "planned"), follow_ups, DUTY),
    Part(("instructions",), instructions, (STANDINGS,)),
    Part(("escalated",), escalated, (*DUTY, PEOPLE, UNITS)),
)
