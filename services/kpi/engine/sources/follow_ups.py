"""Follow-up duties that fell due and those done in time, by the rule of docs/follow-ups.md. Stores no due day.

A duty counts on its due day, or on the earlier day it was done, for owner and unit at the end of that day (or of the
run). Which cadence holds says the level policy in force on the day it opened.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from services.kpi.asking import Asking, Reads, Sql
from services.kpi.engine.definition import Dimension, Measure
from services.kpi.engine.question import Question
from services.kpi.engine.sources.follow_ups_views import FOLLOW_UP_RUNS, LEVEL_POLICIES, VISIT_CONTACTS
from services.kpi.engine.sources.rows import RowMeasure
from services.kpi.engine.sources.windowed import WindowedSource, day, first_day, instant, last_day
from shared.days import start_of

BY: tuple[Dimension, ...] = ("person", "unit", "branch", "region")
FELL_DUE = Measure("follow_ups", "fell_due", "duties", "due")
ON_TIME = Measure("follow_ups", "on_time", "duties", "due")

SHIPPED_ON: Final = date(2000, 1, 1)
SHIPPED: Final = {"N": 1, "H": 2, "A": 4, "B": 7, "C": 15, "O": 7}
"""Days between contacts of the shipped default policy, h7-a15-b30; of any other level those of the last, C."""
OTHERWISE: Final = SHIPPED["C"]

# One row per level that any of the tenant's own policies names: from which days on which cadence holds; and one row
# without a level, for all others. Of one day the policy published last.
LONGEST = """
select greatest(max((rule ->> 'follow_up_days')::int), max((p.policy ->> 'ordered_follow_up_days')::int),
                max((p.policy ->> 'new_follow_up_days')::int))
  from {level_policies} as p
 cross join lateral jsonb_array_elements(p.policy -> 'levels') as rule
 where p.tenant_id = $1 and (p.policy ->> 'default')::boolean
"""
CADENCES = """
published as (
    select distinct on (effective_from) effective_from, days, otherwise
      from (select {shipped_on} as effective_from, '-infinity'::timestamptz as published_at, 0 as version,
                   '{{shipped}}'::jsonb as days, {otherwise} as otherwise
            union all
            select p.effective_from, p.published_at, p.version,
                   jsonb_build_object('N', (p.policy -> 'new_follow_up_days'),
                                      'O', (p.policy -> 'ordered_follow_up_days'))
                   || (select jsonb_object_agg(rule ->> 'code', rule -> 'follow_up_days')
                         from jsonb_array_elements(p.policy -> 'levels') as rule),
                   (p.policy -> 'levels' -> -1 ->> 'follow_up_days')::int
              from {{level_policies}} as p
             where p.tenant_id = $1 and (p.policy ->> 'default')::boolean) as known
     order by effective_from, published_at desc, version desc
),
cadences as materialized (
    select l.level, array_agg(p.effective_from order by p.effective_from) as since,
           array_agg(coalesce((p.days ->> l.level)::int, p.otherwise) order by p.effective_from) as days
      from (select distinct jsonb_object_keys(days) as level from published union all select null) as l
     cross join published as p
     group by l.level
)"""
RELATION = """(
with {cadences},
runs as materialized (
    select r.stream_id, r.from_at, r.level, r.owner_id, r.unit_id, r.reached_at, r.owned_from, r.owner_ids, r.unit_ids,
           {since} as since, case when r.to_at <= {{at}} then {until} end as until
      from {{follow_up_runs}} as r
     where r.tenant_id = $1 and coalesce(r.to_at, 'infinity') >= {lo_at} and r.from_at <= {hi_at}
),
contacts as (
    select r.stream_id, r.from_at, v.visited_on as day
      from {{visit_contacts}} as v
      join runs as r on r.stream_id = v.opportunity_id and v.visited_on > r.since
       and (r.until is null or v.visited_on <= r.until)
     where v.tenant_id = $1 and v.from_at <= {{at}} and (v.to_at is null or v.to_at > {{at}})
       and v.visited_on between {lo} and {today}
    union
    select r.stream_id, r.from_at, c.day
      from runs as r
     cross join lateral unnest(r.reached_at) as made_at
     cross join lateral (select (made_at at time zone {{zone}})::date as day) as c
     where r.reached_at is not null and made_at <= {{at}} and c.day > r.since
       and (r.until is null or c.day <= r.until)
),
reached as materialized (
    select c.*, lead(c.day) over days as next_day, row_number() over days = 1 as first
      from contacts as c
    window days as (partition by c.stream_id, c.from_at order by c.day)
),
opened as (
    select r.*, r.since as opened_on, c.day as done_on
      from runs as r
      left join reached as c on c.stream_id = r.stream_id and c.from_at = r.from_at and c.first
     where r.since >= {lo}
    union all
    select r.*, c.day, c.next_day
      from runs as r
      join reached as c on c.stream_id = r.stream_id and c.from_at = r.from_at
     where c.day >= {lo}
),
due as (
    select o.stream_id, o.owner_id, o.unit_id, o.owned_from, o.owner_ids, o.unit_ids, o.opened_on, o.done_on, o.until,
           o.opened_on + (coalesce(c.days, n.days))[greatest(width_bucket(o.opened_on, n.since), 1)] as due_on
      from opened as o
      left join cadences as c on c.level = o.level
     cross join (select * from cadences where level is null) as n
     where o.until is null or o.opened_on < o.until
    offset 0  -- so that the day is worked out once, not wherever it is used
),
counted as (
    select d.*, least(d.done_on, d.due_on) as counted_on, coalesce(d.done_on <= d.due_on, false) as on_time
      from due as d
     where d.done_on <= d.due_on or (d.due_on <= {today} and (d.until is null or d.until > d.due_on))
    offset 0
)
select $1 as tenant_id, c.stream_id, (c.opened_on - date '2000-01-01') as number, t.at,
       case when w.n > 0 then c.owner_ids[w.n] else c.owner_id end as owner_id,
       case when w.n > 0 then c.unit_ids[w.n] else c.unit_id end as unit_id, null::uuid as account_id,
       null::text as channel, null::text as currency, null::jsonb as lines, c.on_time
  from counted as c
 cross join lateral (select ({days})[c.counted_on - {first} + 1] as at) as t
 cross join lateral (
       select case when c.owned_from is not null then width_bucket(
           least((c.counted_on + 1)::timestamp at time zone {{zone}} - interval '1 microsecond', {{at}}),
           c.owned_from) end as n) as w
 where t.at is not null)"""  # null: on no day asked for


async def _make(reads: Reads, question: Question) -> str:
    asking, first, last = question.asking, first_day(question), last_day(question)
    lo = first - timedelta(days=await _longest(reads, asking))
    cadences = CADENCES.format(shipped_on=day(SHIPPED_ON), otherwise=OTHERWISE)
    said = ", ".join(f'"{level}": {days}' for level, days in SHIPPED.items())
    days = [start_of(lo + timedelta(days=n), asking.zone) for n in range((asking.day - lo).days + 1)]
    return RELATION.format(
        cadences=cadences.replace("{shipped}", "{{" + said + "}}"),
        lo=day(lo),
        lo_at=instant(days[0]),
        hi_at=instant(min(start_of(last + timedelta(days=1), asking.zone), asking.at)),
        since=_day("r.from_at", days, asking),
        until=_day("r.to_at", days, asking),
        today=day(asking.day),
        first=day(first),
        days=_listed(days[(first - lo).days : (last - lo).days + 1]),
    )


def _day(instant_of: str, days: Sequence[datetime], asking: Asking) -> str:
    """The day an instant lies in, of these days given by their first instants; of one before them any such day.

    A conversion by the name of a zone costs ten times as much; by an offset, where no clock is changed, the least.
    """
    instants = [*days, start_of(asking.day + timedelta(days=1), asking.zone)]
    if all(after - before == timedelta(days=1) for before, after in itertools.pairwise(instants)):
        ahead = days[0].astimezone(asking.zone).utcoffset() or timedelta()
        return f"({instant_of} at time zone interval '{int(ahead.total_seconds())} seconds')::date"
    return f"{day(days[0].astimezone(asking.zone).date())} - 1 + width_bucket({instant_of}, {_listed(days)})"


def _listed(instants: Sequence[datetime]) -> str:
    return "'{{" + ", ".join(at.isoformat() for at in instants) + "}}'::timestamptz[]"


async def _longest(reads: Reads, asking: Asking) -> int:
    """The longest cadence there is, in days."""
    sql = Sql(asking)
    return max(await reads.fetchval(sql.text(LONGEST), *sql.values) or 0, *SHIPPED.values())


FOLLOW_UP_SOURCE = WindowedSource(
    name="follow_ups",
    kind="opportunity",
    make=_make,
    views=(FOLLOW_UP_RUNS, VISIT_CONTACTS, LEVEL_POLICIES),
    of={"fell_due": RowMeasure(FELL_DUE), "on_time": RowMeasure(ON_TIME, where="f.on_time")},
    there="follow_up_runs",
    dimensions=BY,
    bounded=True,
)
