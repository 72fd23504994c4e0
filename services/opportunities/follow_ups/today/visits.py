"""Visits of a person's day: those planned, and the accounts whose monthly visit is due (domain file §3, cadence).

The account manager visits each account once a calendar month, on site. A visit (or taking the account over) counts for
its own month; the next is due by the last day of the month after: the rule of GET /v1/accounts/visits-due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.opportunities.follow_ups.today.own import late
from services.opportunities.follow_ups.today.sections import MOST, Found, Item, Part, Whose, one_of
from services.opportunities.reports.asking import Reads, Sql
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.visits.view import VISITS

PLANNED = """
select v.stream_id, v.account_id, v.owner_id, v.planned_on, v.purpose, count(*) over ()::int as count
  from {visits} as v
 where {holds} and v.status = 'planned' and v.planned_on <= {day} and v.participants @> array[{person}]
   and {shown}
 order by v.planned_on, v.stream_id
 limit {most}
"""
# Who reads the day of another sees of their visits what they would see in the table of visits.
OTHERS = """(case when cardinality(v.opportunity_ids) = 0 then {own}
       else exists (select from {table} as n
                     where n.tenant_id = $1 and n.stream_id = any(v.opportunity_ids) and n.to_at is null
                       and {seen}) end)"""
CADENCE = """
select c.*, count(*) over ()::int as count
  from (select a.stream_id, a.name, a.owner_id,
               (date_trunc('month', greatest((o.since at time zone {zone})::date, v.visited_on)::timestamp)
                + interval '2 months' - interval '1 day')::date as due_on,
               greatest((o.since at time zone {zone})::date, v.visited_on) as counts_from
          from {accounts} as a
         cross join lateral (
              select coalesce(max(b.to_at) filter (where b.owner_id is distinct from a.owner_id), min(b.from_at))
                         as since
                from {accounts} as b
               where b.tenant_id = $1 and b.stream_id = a.stream_id and b.from_at <= {at}) as o
          left join lateral (
              select max(v.visited_on) as visited_on
                from {visits} as v
               where {holds_v} and v.account_id = a.stream_id and v.way = 'on_site' and v.status = 'logged'
                 and v.day <= {day} and v.participants @> array[a.owner_id]
              offset 0) as v on true
         where {holds_a} and a.owner_id = {person}) as c
 where c.counts_from < date_trunc('month', {day}::timestamp)::date
 order by c.due_on, c.stream_id
 limit {most}
"""


async def planned(reads: Reads, whose: Whose) -> Mapping[str, Found]:
    """Section visits: those planned up to the day and not logged, led or taken part in."""
    sql = Sql(whose.asking)
    itself = whose.person_id in whose.asking.sight.selves or whose.asking.sight.everything
    statement = sql.text(
        PLANNED,
        holds=sql.holds("v"),
        person=f"{sql(whose.person_id)}::uuid",
        shown="true" if itself else OTHERS.format(table=STANDINGS.table, own=sql.counted("v"), seen=sql.counted("n")),
        most=f"{sql(MOST)}::int",
    )
    rows = await reads.fetch(statement, *sql.values)
    items = [
        Item(
            kind="planned_visit",
            id=row["stream_id"],
            path=f"/v1/visits/{row['stream_id']}",
            action="log",
            account_id=row["account_id"],
            owner_id=row["owner_id"],
            due_on=row["planned_on"],
            days_overdue=late(row["planned_on"], whose.asking.day),
            note=row["purpose"],
        )
        for row in rows
    ]
    return {"visits": one_of(rows, items)}


async def cadence(reads: Reads, whose: Whose) -> Mapping[str, Found]:
    """Section cadence: accounts they own without an on-site visit of theirs in the calendar month."""
    sql = Sql(whose.asking)
    statement = sql.text(
        CADENCE,
        holds_a=sql.holds("a"),
        holds_v=sql.holds("v"),
        person=f"{sql(whose.person_id)}::uuid",
        most=f"{sql(MOST)}::int",
    )
    rows = await reads.fetch(statement, *sql.values)
    day = whose.asking.day
    items = [
        Item(
            kind="cadence_visit",
            id=row["stream_id"],
            path=f"/v1/accounts/{row['stream_id']}",
            account_id=row["stream_id"],
            owner_id=row["owner_id"],
            due_on=row["due_on"],
            days_overdue=late(row["due_on"], day),
        )
        for row in rows
    ]
    return {"cadence": one_of(rows, items)}


PARTS: Sequence[Part] = (
    Part(("visits",), planned, (VISITS, STANDINGS)),
    Part(("cadence",), cadence, (ACCOUNTS, VISITS)),
)
