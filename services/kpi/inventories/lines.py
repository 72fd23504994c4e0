"""The lines of a sheet, as they stood when it was fixed, with their findings. Knows no decision; stores nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from services.kpi.asking import Asking, Reads, Row, Sql
from services.kpi.inventories.events import InventoryPart
from services.kpi.inventories.levels import OVERDUE, Levels
from services.kpi.inventories.sheet import Sheet, scope

LOOKED_BACK_DAYS: Final = 400
"""Contacts are looked for so far back, and at least as far as the sheet asks."""
DAYS_A_MONTH: Final = 30.4375

FINDINGS: Final = ("unreachable", "no_contact", "overdue", "disagrees")

# Materialised: relations as known then are folded once, not once a row.
PROSPECTS = """
with here as materialized (
    select p.stream_id as id, p.title, p.account_id, p.owner_id, p.unit_id, p.level, p.review, p.expected_on,
           p.reachable, p.units, (p.captured_at at time zone {zone})::date as captured_on
      from {prospects} as p
     where {holds} and p.status = 'open' and {scope} and {which}
),
visits as materialized (
    select v.opportunity_id as id, max(v.visited_on) as day
      from {visit_contacts} as v
     where {visits_hold} and v.visited_on <= {day} and v.visited_on > {day} - {back}
     group by 1
),
runs as materialized (
    select r.stream_id as id, r.reached_at from {follow_up_runs} as r where r.tenant_id = $1 {runs_of}
),
calls as materialized (
    select r.id, max((made_at at time zone {zone})::date) as day
      from runs as r cross join unnest(r.reached_at) as made_at
     where made_at <= {at}
     group by 1
)
select h.*, greatest(v.day, c.day) as last_contact_on
  from here as h
  left join visits as v on v.id = h.id
  left join calls as c on c.id = h.id
 order by h.id
"""
OWNERS = """
with fleet as materialized (
    select f.account_id as id, sum(f.units)::int as units, min(f.at) as first_at, max(f.at) as last_at,
           sum(f.units * ({day} - (f.at at time zone {zone})::date)) as unit_days
      from {funnel} as f
     where f.tenant_id = $1 and f.step = 'delivered' and f.units > 0 and f.at <= {at} and f.account_id is not null
       and {which}
     group by 1
),
here as materialized (
    select f.*, a.name, a.owner_id, a.unit_id
      from fleet as f
      join {accounts} as a on a.stream_id = f.id and {holds}
     where {scope}
),
deals as materialized (
    select p.stream_id as id, p.account_id
      from {prospects} as p
     where {deals_hold} and p.account_id is not null
),
visits as materialized (
    select v.opportunity_id as id, v.visited_on as day
      from {visit_contacts} as v
     where {visits_hold} and v.visited_on <= {day} and v.visited_on > {day} - {back}
),
runs as materialized (
    select r.stream_id as id, r.reached_at from {follow_up_runs} as r where r.tenant_id = $1
),
contacts as materialized (
    select v.account_id, v.visited_on as day
      from {on_site_visits} as v
     where v.tenant_id = $1 and v.visited_on <= {day} and v.visited_on > {day} - {back}
    union all
    select d.account_id, v.day from visits as v join deals as d on d.id = v.id
    union all
    select d.account_id, (made_at at time zone {zone})::date
      from runs as r
      join deals as d on d.id = r.id
     cross join unnest(r.reached_at) as made_at
     where made_at <= {at}
)
select h.id, h.name as title, h.id as account_id, h.owner_id, h.unit_id, h.units,
       (h.first_at at time zone {zone})::date as first_delivered_on,
       (h.last_at at time zone {zone})::date as last_delivered_on,
       h.unit_days::float / h.units as age_days,
       c.day as last_contact_on
  from here as h
  left join (select account_id, max(day) as day from contacts group by 1) as c on c.account_id = h.id
 order by h.id
"""


async def prospects(
    reads: Reads, asking: Asking, sheet: Sheet, policy: Levels, *, ids: Collection[UUID] | None = None
) -> list[Row]:
    """A row per open prospect of the sheet (`ids`: of these alone), the nearest order first."""
    sql = Sql(asking)
    text = sql.text(
        PROSPECTS,
        holds=sql.holds("p"),
        scope=scope(sql, "p", sheet),
        which="true" if ids is None else f"p.stream_id = any({sql(list(ids))}::uuid[])",
        runs_of="" if ids is None else f"and r.stream_id = any({sql(list(ids))}::uuid[])",
        visits_hold=_latest("v"),
        back=_back(sql, sheet),
    )
    rows: Sequence[Any] = await reads.fetch(text, *sql.values)
    order = {code: place for place, code in enumerate(reversed(policy.codes))}
    found = [_prospect(dict(row), asking, sheet, policy) for row in rows]
    return sorted(found, key=lambda row: (order.get(row["level"], len(order)), row["id"].bytes))


async def owners(reads: Reads, asking: Asking, sheet: Sheet, *, ids: Collection[UUID] | None = None) -> list[Row]:
    """A row per account of the sheet that took delivery (`ids`: of these alone): fleet and age."""
    sql = Sql(asking)
    text = sql.text(
        OWNERS,
        holds=sql.holds("a"),
        deals_hold=_latest("p"),
        scope=scope(sql, "a", sheet, account="a.stream_id"),
        which="true" if ids is None else f"f.account_id = any({sql(list(ids))}::uuid[])",
        visits_hold=_latest("v"),
        back=_back(sql, sheet),
    )
    rows: Sequence[Any] = await reads.fetch(text, *sql.values)
    return [_owner(dict(row), asking, sheet) for row in rows]


def _latest(alias: str) -> str:
    return f"{alias}.tenant_id = $1 and {alias}.to_at is null"


def _back(sql: Sql, sheet: Sheet) -> str:
    return f"{sql(max(LOOKED_BACK_DAYS, sheet.no_contact_days + 1))}::int"


def _prospect(row: Row, asking: Asking, sheet: Sheet, policy: Levels) -> Row:
    day = asking.day
    computed = policy.computed(row["level"], row["expected_on"], day)
    since = (day - (row["last_contact_on"] or row["captured_on"])).days
    tells = {
        "unreachable": not row.pop("reachable"),
        "no_contact": since > sheet.no_contact_days,
        "overdue": computed == OVERDUE,
        "disagrees": computed not in (OVERDUE, row["level"]),
    }
    return {
        "part": InventoryPart.PROSPECTS,
        **row,
        "computed_level": computed,
        "days_without_contact": since,
        "findings": [name for name in FINDINGS if tells[name]],
    }


def _owner(row: Row, asking: Asking, sheet: Sheet) -> Row:
    since = (asking.day - (row["last_contact_on"] or row["last_delivered_on"])).days
    age = row.pop("age_days")
    return {
        "part": InventoryPart.OWNERS,
        **row,
        "age_months": round(age / DAYS_A_MONTH, 1),
        "days_without_contact": since,
        "findings": ["no_contact"] if since > sheet.no_contact_days else [],
    }
