"""Every follow-up duty there was within some days, as SQL: opened, due, done or re-set. Read by report and list.

Days are those of the tenant's zone. An opportunity's **run** goes from the day its stock and level became what they are
(O for an order) to the day they became otherwise. Within a run a duty opens on its first day, and on each later day on
which somebody was reached; it is due so many days later as the policy in force on the day it opened says for the level.
It is **done** by the first later day somebody was reached, up to and including the last day of the run: a contact on
the day the level changes does the duty before it. When the run ends without one, the duty is **re-set**.

It counts on its due day if it was not done earlier, else on the day it was done; not at all when it was re-set on or
before its due day. It is on time when done on or before the due day, late when done after it, not done otherwise.
"""

from __future__ import annotations

from datetime import date, timedelta

from services.opportunities.follow_ups.duty import LEVEL
from services.opportunities.follow_ups.rules import Rules, days_after
from services.opportunities.reports.asking import Sql
from shared.days import end_of, start_of

DUTIES = """
runs as materialized (
    select s.stream_id, s.duty_at, {level} as level, (s.duty_at at time zone {zone})::date as since,
           case when bool_and(coalesce(s.to_at <= {at}, false))
                then (max(s.to_at) at time zone {zone})::date end as until
      from {standings} as s
     where s.tenant_id = $1 and s.stock is not null and tstzrange(s.from_at, s.to_at) && tstzrange({lo_at}, {at}, '[]')
       and {only}
     group by 1, 2, 3
),
reached as materialized (
    select m.stream_id as opportunity_id, (m.made_at at time zone {zone})::date as day
      from {contacts_made} as m
     where m.tenant_id = $1 and m.reached and m.made_at between {lo_at} and {at}
       and m.stream_id in (select stream_id from runs)
    union
    select c.opportunity_id, c.visited_on
      from {contacts} as c
     where {holds_c} and c.reached and c.visited_on between {lo} and {day}
       and c.opportunity_id in (select stream_id from runs)
),
days as (
    select r.stream_id, r.duty_at, r.level, r.until, r.since as day from runs as r
    union
    select r.stream_id, r.duty_at, r.level, r.until, c.day
      from runs as r
      join reached as c on c.opportunity_id = r.stream_id and c.day > r.since and (r.until is null or c.day <= r.until)
),
opened as (
    select stream_id, duty_at, level, until, day as opened_on,
           lead(day) over (partition by stream_id, duty_at order by day) as done_on
      from days
),
due as (
    select o.*, o.opened_on + {cadence} as due_on
      from opened as o
     where (o.until is null or o.opened_on < o.until) and o.opened_on >= {lo}
),
duties as (
    select d.stream_id, d.duty_at, d.level, d.opened_on, d.due_on, d.done_on, d.until,
           case when d.done_on <= d.due_on then d.done_on else d.due_on end as counted_on,
           case when d.done_on <= d.due_on then 'on_time' when d.done_on is not null then 'late' else 'not_done' end
               as outcome,
           coalesce(d.done_on, d.until, {day}) - d.due_on >= {escalate} as escalated
      from due as d
     where d.done_on <= d.due_on or (d.due_on <= {day} and (d.until is null or d.until > d.due_on))
)"""

# Owner and unit at the end of the day the duty counts, or when the run ended on that day.
CREDITED = """
join lateral (
    select n.* from {standings} as n
     where n.tenant_id = $1 and n.stream_id = d.stream_id and n.stock is not null and n.duty_at = d.duty_at
       and n.from_at <= least(((d.counted_on + 1)::timestamp at time zone {zone}) - interval '1 microsecond', {at})
     order by n.from_at desc
     limit 1
) as n on true
"""

CREDITED_ONCE = """s.stream_id in (
         select n.stream_id from {standings} as n
          where n.tenant_id = $1 and n.stock is not null
            and tstzrange(n.from_at, n.to_at) && tstzrange({from_at}, {until_at}, '[]') and {counted})"""


def duties(sql: Sql, rules: Rules, *, since: date, only: str = "true") -> str:
    """The CTEs up to `duties`: those that count, or are done, on or after `since`. `only`: which standings `s`."""
    lo = since - timedelta(days=rules.longest)
    return sql.text(
        DUTIES,
        level=LEVEL.format(s="s"),
        only=only,
        lo=f"{sql(lo)}::date",
        lo_at=f"{sql(start_of(lo, sql.asking.zone))}::timestamptz",
        holds_c=sql.holds("c"),
        cadence=days_after(sql, rules.cadence, level="o.level", day="o.opened_on"),
        escalate=days_after(sql, rules.escalation, level="d.level", day="d.due_on"),
    )


def credited(sql: Sql) -> str:
    """The join that gives a duty `d` the standing `n` at the end of the day it counts, the last of its run."""
    return sql.text(CREDITED)


def those_credited(sql: Sql, *, since: date, until: date, counted: str) -> str:
    """For `only`: opportunities that had a standing `n` in stock on one of these days for which `counted` holds."""
    return sql.text(
        CREDITED_ONCE,
        from_at=f"{sql(start_of(since, sql.asking.zone))}::timestamptz",
        until_at=f"{sql(end_of(until, sql.asking.zone))}::timestamptz",
        counted=counted,
    )
