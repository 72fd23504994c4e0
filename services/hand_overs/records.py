"""What stands with a person: accounts, teams, open opportunities, planned visits. Reads views; moves nothing.

The views must have seen what they are asked about: wait for `VIEWS` first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from services.accounts.views.accounts import ACCOUNTS
from services.accounts.views.people import PEOPLE
from services.opportunities.views.contacts import CONTACTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.visits.view import VISITS
from shared.projections.view import View

VIEWS: tuple[View, ...] = (ACCOUNTS, PEOPLE, STANDINGS, VISITS, CONTACTS)

ACCOUNT, TEAM, OPPORTUNITY, VISIT, PERSON = "account", "support_team", "opportunity", "visit", "person"
KINDS = (ACCOUNT, TEAM, OPPORTUNITY, VISIT, PERSON)
"""Kinds of items: responsible for an account, member of its support team, owner of an opportunity, leading or taking
part in a planned visit; and the person, who leaves."""

ACCOUNTS_OF = f"""
select a.stream_id as id, a.name, a.owner_id, a.unit_id, a.team, a.owner_id is not distinct from $2 as owns,
       $2 = any(a.team) as supports
  from {ACCOUNTS.table} a
 where a.tenant_id = $1 and a.to_at is null and (a.owner_id = $2 or $2 = any(a.team))
 order by a.opened_at, a.stream_id
"""  # noqa: S608 - constants only

# Whatever may still need somebody: open, ordered and not wholly delivered, frozen, lost from sight.
ALIVE = "(s.stock is not null or s.status in ('frozen', 'lost_contact'))"
OPPORTUNITIES_OF = f"""
select s.stream_id as id, s.title as name, s.status, s.review, s.owner_id, s.unit_id, s.account_id,
       a.name as account, coalesce(a.team, '{{}}') as team
  from {STANDINGS.table} s
  left join {ACCOUNTS.table} a on a.tenant_id = s.tenant_id and a.stream_id = s.account_id and a.to_at is null
 where s.tenant_id = $1 and s.to_at is null and s.owner_id = $2 and {ALIVE}
 order by s.captured_at, s.stream_id
"""  # noqa: S608
VISITS_OF = f"""
select v.stream_id as id, v.owner_id, v.unit_id, v.account_id, v.opportunity_ids, v.participants, v.planned_on,
       a.name as account, a.owner_id as account_owner_id, a.unit_id as account_unit_id, coalesce(a.team, '{{}}') as team
  from {VISITS.table} v
  left join {ACCOUNTS.table} a on a.tenant_id = v.tenant_id and a.stream_id = v.account_id and a.to_at is null
 where v.tenant_id = $1 and v.to_at is null and v.status = 'planned' and (v.owner_id = $2 or $2 = any(v.participants))
 order by v.planned_on, v.stream_id
"""  # noqa: S608

# The next step promised at the last visit: of an opportunity, or of an account when the visit named none.
NEXT_OF_OPPORTUNITIES = f"""
select distinct on (c.opportunity_id) c.opportunity_id as id, c.next_on
  from {CONTACTS.table} c
 where c.tenant_id = $1 and c.to_at is null and c.opportunity_id = any($2::uuid[])
 order by c.opportunity_id, c.visited_on desc, c.from_at desc, c.stream_id
"""  # noqa: S608
NEXT_OF_ACCOUNTS = f"""
select distinct on (v.account_id) v.account_id as id, v.next_on
  from {VISITS.table} v
 where v.tenant_id = $1 and v.to_at is null and v.status = 'logged' and v.account_id = any($2::uuid[])
   and v.opportunity_ids = '{{}}'
 order by v.account_id, v.visited_on desc, v.from_at desc, v.stream_id
"""  # noqa: S608

STAYS = f"""
select 'opportunity' as kind, case when s.status = 'ordered' then 'delivered' else s.status end as status,
       count(*) as items
  from {STANDINGS.table} s
 where s.tenant_id = $1 and s.to_at is null and s.owner_id = $2 and not {ALIVE}
 group by 2
union all
select 'visit', 'logged', count(*)
  from {VISITS.table} v
 where v.tenant_id = $1 and v.to_at is null and v.status = 'logged' and (v.owner_id = $2 or $2 = any(v.participants))
having count(*) > 0
order by 1, 2
"""  # noqa: S608
REPORTING = f"""
select count(*) from {PEOPLE.table} p
 where p.tenant_id = $1 and p.to_at is null and p.status = 'active' and p.reports_to_person_id = $2
"""  # noqa: S608
STANDS_IN = f"""
select count(*) from {PEOPLE.table} p
 where p.tenant_id = $1 and p.to_at is null and p.status = 'active'
   and $3::date between (p.deputies -> $2::text ->> 'since')::date and (p.deputies -> $2::text ->> 'until')::date
"""  # noqa: S608
ACCOUNT_STANDING = f"""
select a.owner_id, a.unit_id, a.team
  from {ACCOUNTS.table} a where a.tenant_id = $1 and a.to_at is null and a.stream_id = $2
"""  # noqa: S608
OPPORTUNITY_STANDING = f"""
select s.owner_id, s.unit_id, coalesce(a.team, '{{}}') as team
  from {STANDINGS.table} s
  left join {ACCOUNTS.table} a on a.tenant_id = s.tenant_id and a.stream_id = s.account_id and a.to_at is null
 where s.tenant_id = $1 and s.to_at is null and s.stream_id = $2
"""  # noqa: S608
NAMES = f"""
select a.stream_id as id, a.name, a.stream_id as account_id, a.owner_id, a.unit_id, a.team
  from {ACCOUNTS.table} a where a.tenant_id = $1 and a.to_at is null and a.stream_id = any($2::uuid[])
union all
select s.stream_id, s.title, s.account_id, s.owner_id, s.unit_id, coalesce(a.team, '{{}}')
  from {STANDINGS.table} s
  left join {ACCOUNTS.table} a on a.tenant_id = s.tenant_id and a.stream_id = s.account_id and a.to_at is null
 where s.tenant_id = $1 and s.to_at is null and s.stream_id = any($2::uuid[])
union all
select v.stream_id, a.name, v.account_id, a.owner_id, a.unit_id, a.team
  from {VISITS.table} v
  join {ACCOUNTS.table} a on a.tenant_id = v.tenant_id and a.stream_id = v.account_id and a.to_at is null
 where v.tenant_id = $1 and v.to_at is null and v.stream_id = any($2::uuid[])
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Record:
    """Something that stands with the person. `team`: who sees it beside its owner and unit.

    `account_owner_id` and `account_unit_id` of a visit's account: its name is for who sees it.
    """

    kind: str
    id: UUID
    name: str | None
    owner_id: UUID | None
    unit_id: UUID | None
    account_id: UUID | None
    account: str | None
    team: tuple[UUID, ...] = ()
    status: str | None = None
    under_review: bool = False
    opportunity_ids: tuple[UUID, ...] = ()
    planned_on: date | None = None
    next_on: date | None = None
    account_owner_id: UUID | None = None
    account_unit_id: UUID | None = None


async def records_of(pool: Any, tenant_id: UUID, person_id: UUID) -> list[Record]:
    """All that stands with the person and can be handed over, accounts first."""
    found: list[Record] = []
    for row in await pool.fetch(ACCOUNTS_OF, tenant_id, person_id):
        team = tuple(UUID(bytes=member.bytes) for member in row["team"])
        account = Record(ACCOUNT, _id(row["id"]), row["name"], _or(row["owner_id"]), _or(row["unit_id"]),
                         _id(row["id"]), row["name"], team)  # fmt: skip
        found += [account] if row["owns"] else []
        found += [replace(account, kind=TEAM)] if row["supports"] else []
    for row in await pool.fetch(OPPORTUNITIES_OF, tenant_id, person_id):
        found.append(
            Record(
                OPPORTUNITY,
                _id(row["id"]),
                row["name"],
                _or(row["owner_id"]),
                _or(row["unit_id"]),
                _or(row["account_id"]),
                row["account"],
                _ids(row["team"]),
                status=row["status"],
                under_review=row["review"] is not None,
            )
        )
    for row in await pool.fetch(VISITS_OF, tenant_id, person_id):
        found.append(
            Record(
                VISIT,
                _id(row["id"]),
                None,
                _or(row["owner_id"]),
                _or(row["unit_id"]),
                _or(row["account_id"]),
                row["account"],
                (*_ids(row["team"]), *_ids(row["participants"])),
                opportunity_ids=_ids(row["opportunity_ids"]),
                planned_on=row["planned_on"],
                account_owner_id=_or(row["account_owner_id"]),
                account_unit_id=_or(row["account_unit_id"]),
            )
        )
    return found


async def with_next_steps(pool: Any, tenant_id: UUID, records: list[Record]) -> list[Record]:
    """The same, with the day of the next step promised at the last visit: it goes along."""
    next_on: dict[tuple[str, UUID], date | None] = {}
    for kind, statement in ((OPPORTUNITY, NEXT_OF_OPPORTUNITIES), (ACCOUNT, NEXT_OF_ACCOUNTS)):
        ids = [record.id for record in records if record.kind == kind]
        for row in await pool.fetch(statement, tenant_id, ids) if ids else ():
            next_on[kind, _id(row["id"])] = row["next_on"]
    return [
        replace(record, next_on=next_on[record.kind, record.id]) if (record.kind, record.id) in next_on else record
        for record in records
    ]


async def names_of(pool: Any, tenant_id: UUID, ids: list[UUID]) -> Mapping[UUID, Any]:
    """By record: name, account_id, owner_id, unit_id and team now; of a visit they are its account's."""
    rows = await pool.fetch(NAMES, tenant_id, ids) if ids else ()
    return {_id(row["id"]): row for row in rows}


def _id(value: Any) -> UUID:
    return UUID(bytes=value.bytes)


def _or(value: Any) -> UUID | None:
    return None if value is None else _id(value)


def _ids(values: Any) -> tuple[UUID, ...]:
    return tuple(_id(value) for value in values or ())
