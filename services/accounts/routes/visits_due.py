"""Who owes which account a visit (002): the account manager on site once a month, the regional manager once per
half-year. Computed when read from visits, owners and the organisation; nothing of it is stored."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from services.accounts.routes.in_sight import shown
from services.accounts.routes.unit_names import unit_names
from services.accounts.views.accounts import ACCOUNTS
from services.accounts.views.people import PEOPLE
from services.accounts.views.units import UNITS
from services.accounts.views.visits import VISITS
from shared.http.names import people_names
from shared.http.reading import Listed, Paged, Report
from shared.http.route import Router
from shared.projections.view import source

router = Router(prefix="/v1/accounts", tags=["accounts"])

# $2 the instant, $3 its day and $4 the tenant's zone. A visit (or taking over) counts for its own period; the next is
# due by the last day of the period after. Periods: calendar months, calendar half-years.
DUE = """
with recursive
accounts as (
    select a.stream_id as account_id, a.name, a.owner_id, a.unit_id,
           (a.owner_since at time zone $4)::date as owner_since, (a.opened_at at time zone $4)::date as opened_on
      from {accounts} a
     where a.tenant_id = $1 and a.from_at <= $2 and (a.to_at is null or a.to_at > $2) and {sight}
),
units as (
    select u.stream_id as unit_id, u.parent_id
      from {units} u
     where u.tenant_id = $1 and u.from_at <= $2 and (u.to_at is null or u.to_at > $2)
),
above as (
    select unit_id, unit_id as ancestor_id, 0 as distance from units
    union all
    select a.unit_id, u.parent_id, a.distance + 1
      from above a join units u on u.unit_id = a.ancestor_id
     where u.parent_id is not null and a.distance < 30
),
managers as (
    select p.stream_id as person_id, p.unit_id, p.status
      from {people} p
     where p.tenant_id = $1 and p.from_at <= $2 and (p.to_at is null or p.to_at > $2)
       and 'regional_manager' = any(p.functions)
),
regional as (
    select distinct on (a.unit_id) a.unit_id, m.person_id
      from above a join managers m on m.unit_id = a.ancestor_id
     where m.status = 'active'
     order by a.unit_id, a.distance, m.person_id
),
visits as (
    select v.account_id, v.visited_on, v.participants
      from {visits} v
     where v.tenant_id = $1 and v.visited_at <= $2
),
duties as (
    select a.account_id, a.name, a.unit_id, 'account_manager' as duty, a.owner_id as person_id,
           greatest(a.owner_since, a.opened_on) as since,
           (select max(v.visited_on) from visits v
             where v.account_id = a.account_id and a.owner_id = any(v.participants)) as last_visit_on,
           1 as months
      from accounts a
     where a.owner_id is not null
    union all
    select a.account_id, a.name, a.unit_id, 'regional_manager', r.person_id, a.opened_on,
           (select max(v.visited_on) from visits v
             where v.account_id = a.account_id
               and v.participants && (select coalesce(array_agg(m.person_id), '{{}}') from managers m)),
           6
      from accounts a left join regional r on r.unit_id = a.unit_id
     where a.unit_id is not null
),
periods as (
    select d.*, make_date((counted + 2) * months / 12, (counted + 2) * months % 12 + 1, 1) - 1 as due_on,
           make_date(present * months / 12, present * months % 12 + 1, 1) as present_from
      from duties d
      cross join lateral (select greatest(d.since, d.last_visit_on) as counts_from) s
      cross join lateral (
        select (extract(year from counts_from) * 12 + extract(month from counts_from) - 1)::int / months as counted,
               (extract(year from $3::date) * 12 + extract(month from $3::date) - 1)::int / months as present) n
),
due as (
    select p.*, case when p.last_visit_on >= p.present_from then 'done'
                     when p.due_on < $3 then 'overdue'
                     else 'due' end as status
      from periods p
)
select d.account_id, d.name, d.unit_id, d.duty, d.person_id, d.last_visit_on, d.due_on,
       greatest($3 - d.due_on, 0) as days_overdue, d.status
  from due d
 where {filters}
 order by d.due_on, d.account_id, d.duty
 limit {limit}
"""
Duty = Literal["account_manager", "regional_manager"]


class VisitDue(BaseModel):
    """One duty of cadence: who owes which account an on-site visit, and by when."""

    account_id: UUID
    account_name: str
    unit_id: UUID | None
    unit_name: str | None
    duty: Duty = Field(description="account_manager: once a month, by the owner; regional_manager: once per half-year.")
    person_id: UUID | None = Field(description="Null when no regional manager is in charge of the account's unit.")
    person_name: str | None
    last_visit_on: date | None = Field(description="The last on-site visit in which the person took part.")
    due_on: date
    days_overdue: int
    status: Literal["done", "due", "overdue"] = Field(description="done: visited in the present period.")


@router.get("/visits-due", operation_id="accounts.visits_due", response_model=Listed[VisitDue])
async def visits_due(
    read: Report,
    page: Paged,
    duty: Duty | None = None,
    status: Annotated[
        Literal["open", "overdue", "all"], Query(description="open: due or overdue; all: visited ones too.")
    ] = "open",
    person_id: UUID | None = None,
    unit_id: Annotated[UUID | None, Query(description="Accounts of this unit, without those below.")] = None,
) -> Listed[VisitDue]:
    """Visits that are owed on a day, the most overdue first."""
    await read.wait(ACCOUNTS, PEOPLE, UNITS, VISITS)
    given: list[Any] = [read.tenant_id, read.as_of, read.day, read.zone.key]

    def put(value: Any) -> str:
        given.append(value)
        return f"${len(given)}"

    known = None if read.known_at is None else put(read.known_at)
    seen, seen_by = shown(await read.sight(), len(given) + 1, "a", present=False)
    given.extend(seen_by)
    filters = ["true"] if status == "all" else ["d.status = 'overdue'" if status == "overdue" else "d.status <> 'done'"]
    for column, value in (("duty", duty), ("person_id", person_id), ("unit_id", unit_id)):
        if value is not None:
            filters.append(f"d.{column} = {put(value)}")
    place = page.after(date, UUID, str)
    if place is not None:
        due_on, account_id, of_duty = (put(value) for value in place)
        filters.append(f"(d.due_on, d.account_id, d.duty) > ({due_on}::date, {account_id}::uuid, {of_duty}::text)")
    relations = {
        name: source(view, known_at=known)
        for name, view in (("accounts", ACCOUNTS), ("units", UNITS), ("people", PEOPLE), ("visits", VISITS))
    }
    sql = DUE.format(sight=seen, filters=" and ".join(filters), limit=put(page.limit + 1), **relations)
    fetched = await read.pool.fetch(sql, *given)
    rows, following = page.of(fetched, lambda row: (row["due_on"].isoformat(), row["account_id"], row["duty"]))
    named = await people_names(read.kit, read.tenant_id, (row["person_id"] for row in rows))
    units = await unit_names(read.pool, read.tenant_id, (row["unit_id"] for row in rows), read.as_of)
    items = [
        VisitDue(
            unit_name=units.get(row["unit_id"]),
            account_name=row["name"],
            person_name=named.get(row["person_id"]),
            **{column: value for column, value in row.items() if column != "name"},
        )
        for row in rows
    ]
    return Listed(items=items, next=following)
