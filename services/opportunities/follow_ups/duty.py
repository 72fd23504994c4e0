"""The follow-up duty of every opportunity in stock at an instant, as SQL. Read by the list, the hot table and today.

A duty opens on the day the stock or level became what it is, or of the last contact since that reached somebody, and
is due so many days later as the policy in force on that day says for the level (an order is O). It is not stored.

The next contact planned is the one said last: on the opportunity, or as the next step of the last visit. A contact
that reached somebody after the day it was said, or on the planned day, has done it.
"""

from __future__ import annotations

from services.opportunities.follow_ups.rules import Rules, days_after
from services.opportunities.reports.asking import Sql

LEVEL = "case when {s}.stock = 'ordered' then 'O' else coalesce({s}.level, 'N') end"
"""The level whose cadence holds: declared, N before the first judgement, O from the order on."""

# Joins to a standing `s` in stock; `d` then has the columns below. Written as laterals: each opportunity is looked at
# by itself, by the index of its visits.
DUTY = """
cross join lateral (
    select {level} as level, (s.duty_at at time zone {zone})::date as since,
           (s.contacted_at at time zone {zone})::date as contacted_on,
           (s.follow_up_said_at at time zone {zone})::date as said_on
) as k
left join lateral (
    select max(c.visited_on) filter (where c.reached) as reached_on, max(c.visited_on) as visited_on,
           count(*)::int as visits,
           (array_agg(c.next_on order by c.visited_on desc, c.from_at desc, c.stream_id desc))[1] as next_on
      from {contacts} as c
     where {holds_c} and c.opportunity_id = s.stream_id and c.visited_on <= {day}
    offset 0
) as v on true
cross join lateral (
    select greatest(k.contacted_on, v.reached_on) as last_contact_on,
           greatest(k.since, k.contacted_on, v.reached_on) as opened_on,
           case when v.reached_on is null or v.reached_on < least(k.said_on + 1, s.follow_up_on)
                then s.follow_up_on end as planned_here,
           case when k.contacted_on is null or k.contacted_on < least(v.visited_on + 1, v.next_on)
                then v.next_on end as planned_there
) as o
cross join lateral (
    select {cadence} as cadence_days,
           case when planned_there is null or planned_here is not null and k.said_on >= v.visited_on
                then planned_here else planned_there end as planned_on
) as p
cross join lateral (
    select k.level, o.opened_on, o.last_contact_on, p.cadence_days, o.opened_on + p.cadence_days as due_on,
           p.planned_on,
           case when p.planned_on = o.planned_here then s.follow_up_way end as planned_way,
           coalesce(p.planned_on < {day}, false) as plan_missed
) as q
cross join lateral (
    select q.*, greatest({day} - q.due_on, 0) as days_overdue, {escalate} as escalate_after,
           case when q.due_on < {day} then 'overdue' when q.due_on = {day} then 'due'
                when q.planned_on is not null then 'planned' else 'upcoming' end as state
) as d
"""


def duty(sql: Sql, rules: Rules) -> str:
    """The joins that give a standing `s` in stock its duty `d`.

    Columns: level, opened_on, last_contact_on, cadence_days, due_on, planned_on, planned_way, plan_missed,
    days_overdue, escalate_after (days; null: never), state.
    """
    level = LEVEL.format(s="s")
    return sql.text(
        DUTY,
        level=level,
        holds_c=sql.holds("c"),
        cadence=days_after(sql, rules.cadence, level="k.level", day="o.opened_on"),
        escalate=days_after(sql, rules.escalation, level="q.level", day="q.due_on"),
    )


ESCALATED = "d.days_overdue >= d.escalate_after"
"""Whether a duty is the head's, too: overdue by so many days or more; never where the policy says null."""
