"""The organisation of today as it gives sight and approval, from a service's own copies of it. Decides no command.

One round trip a question. The copies are two views of a service: units (`stream_id, parent_id, kind, to_at`) and people
(`stream_id, unit_id, reports_to_unit_id, reports_to_person_id, functions, status, deputies, to_at`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from shared.identity.principal import SEES_SUBTREE, Principal
from shared.identity.sight import Seat
from shared.projections.view import View

# selves: the person, and those whose deputy they are on the day, as they stand. below: each one's units. line: who
# reports to these units or persons, directly or through others.
SEATS = """
with recursive selves as (
    select $2::uuid as self, $3::uuid as unit_id, $4::text[] as functions
    union all
    select p.stream_id, p.unit_id, p.functions
      from {people} p
     where p.tenant_id = $1 and p.to_at is null and p.deputies <> '{{}}' and p.status = 'active' and p.stream_id <> $2
       and $6::date between (p.deputies -> $2::text ->> 'since')::date and (p.deputies -> $2::text ->> 'until')::date
       and not exists (select from {people} d
                        where d.tenant_id = $1 and d.stream_id = $2 and d.to_at is null and d.status = 'left')
),
below as (
    select self, unit_id from selves where functions && $5::text[] and unit_id is not null
    union
    select b.self, u.stream_id
      from below b join {units} u on u.parent_id = b.unit_id and u.tenant_id = $1 and u.to_at is null
),
line as (
    select b.self, p.stream_id
      from below b join {people} p on p.reports_to_unit_id = b.unit_id and p.tenant_id = $1 and p.to_at is null
    union
    select s.self, p.stream_id
      from (select self, self as person_id from selves) s
      join {people} p on p.reports_to_person_id = s.person_id and p.tenant_id = $1 and p.to_at is null
),
through as (
    select self, stream_id from line
    union
    select t.self, p.stream_id
      from through t
      join {people} p on p.reports_to_person_id = t.stream_id and p.tenant_id = $1 and p.to_at is null
),
staff as (
    select self, stream_id from through
    union
    select b.self, p.stream_id
      from below b join {people} p on p.unit_id = b.unit_id and p.tenant_id = $1 and p.to_at is null
)
select s.self, s.unit_id, s.functions,
       array(select b.unit_id from below b where b.self = s.self) as unit_ids,
       array(select t.stream_id from staff t where t.self = s.self) as staff
  from selves s
"""

# up: the persons above somebody, one after another. path: the units the last of them reports to, up to the root.
LINE = """
with recursive up as (
    select p.reports_to_person_id as person_id, p.reports_to_unit_id as unit_id, 1 as distance
      from {people} p
     where p.tenant_id = $1 and p.stream_id = $2 and p.to_at is null
    union all
    select p.reports_to_person_id, p.reports_to_unit_id, up.distance + 1
      from up join {people} p on p.stream_id = up.person_id and p.tenant_id = $1 and p.to_at is null
     where up.distance < {longest}
),
path as (
    select unit_id from up where unit_id is not null
    union
    select u.parent_id
      from path join {units} u on u.stream_id = path.unit_id and u.tenant_id = $1 and u.to_at is null
     where u.parent_id is not null
)
select array(select person_id from up where person_id is not null) as persons, array(select unit_id from path) as units
"""
# A unit of today and all below it.
BELOW = """
with recursive below as (
    select $2::uuid as unit_id
    union
    select u.stream_id
      from below b join {units} u on u.parent_id = b.unit_id and u.tenant_id = $1 and u.to_at is null
)
select unit_id from below
"""
DEPUTIES = """(select coalesce(jsonb_object_agg(substr(k, {start}), v), '{{}}')
          from jsonb_each(standing) as f(k, v) where starts_with(k, '{prefix}') and v <> 'null')"""
PEOPLE_INDEXES = (
    "create index on {table} (tenant_id, unit_id) where to_at is null",
    "create index on {table} (tenant_id, reports_to_unit_id) where to_at is null",
    "create index on {table} (tenant_id, reports_to_person_id) where to_at is null",
    "create index on {table} (tenant_id) where to_at is null and deputies <> '{{}}'",
)
"""What a view of people needs for these questions, one index for each way to somebody."""
LONGEST_LINE = 30
"""Persons above one another; a longer line is a circle told from two sides."""


def deputies_sql(prefix: str) -> str:
    """For folds of people: {deputy id: {since, until}} from the fields of `standing` whose names begin so."""
    return DEPUTIES.format(start=len(prefix) + 1, prefix=prefix)


@dataclass(frozen=True, slots=True)
class Line:
    """Who stands above somebody in the reporting line: persons, then the unit the last reports to and those above."""

    of: UUID
    persons: frozenset[UUID]
    units: frozenset[UUID]


class Organisation:
    """A service's copies of units and people: the views without which it can tell nobody what they see."""

    def __init__(self, *, units: View, people: View) -> None:
        self.views = (units, people)
        self._seats = SEATS.format(units=units.table, people=people.table)
        self._below = BELOW.format(units=units.table)
        self._line = LINE.format(units=units.table, people=people.table, longest=LONGEST_LINE)

    async def seats(self, pool: Any, principal: Principal, day: date) -> Sequence[Seat]:
        """The principal's seat (functions and unit as the principal has them) and those they stand in for that day."""
        rows = await pool.fetch(
            self._seats,
            principal.tenant_id,
            principal.person_id,
            principal.unit_id,
            sorted(principal.functions),
            sorted(SEES_SUBTREE),
            day,
        )
        return [
            Seat(
                person_id=_plain(row["self"]),
                functions=frozenset(row["functions"]),
                unit_id=None if row["unit_id"] is None else _plain(row["unit_id"]),
                unit_ids=frozenset(map(_plain, row["unit_ids"])),
                staff=frozenset(map(_plain, row["staff"])),
            )
            for row in rows
        ]

    async def below(self, pool: Any, tenant_id: UUID, unit_id: UUID) -> frozenset[UUID]:
        """The unit and those below it today; itself alone when there is no such unit."""
        return frozenset(_plain(row["unit_id"]) for row in await pool.fetch(self._below, tenant_id, unit_id))

    async def line(self, pool: Any, tenant_id: UUID, person_id: UUID) -> Line:
        """The reporting line of a person as it stands; nobody is above who is not on record."""
        row = await pool.fetchrow(self._line, tenant_id, person_id)
        return Line(person_id, frozenset(map(_plain, row["persons"])), frozenset(map(_plain, row["units"])))


def _plain(id: UUID) -> UUID:
    """A UUID of Python's own class: asyncpg's compares slowly."""
    return UUID(bytes=id.bytes)
