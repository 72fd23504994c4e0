"""Month closes, read from the log: for every closed month the position that fixes its official figures. Writes nothing.

The same figures for ever: a default close depends on the calendar as it was known when the month ended, and on what
the log held at the end of that working day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.kpi.asking import Asking, Reads
from services.kpi.calendar.working_days import declared_id, public_calendar, sales_month_id
from services.kpi.month import later
from services.kpi.months.closing import (
    Basis as Basis,
)
from services.kpi.months.closing import (
    Calendars,
    Clock,
    Said,
    Standing,
    months_between,
    standings,
)
from services.kpi.months.closing import (
    Close as Close,
)
from services.kpi.months.closing import (
    basis as basis,
)
from services.kpi.months.month import Month
from shared.days import day_of, end_of

EARLIEST = date(1990, 1, 1)
"""No month before this one is closed: what was imported has a past, but not that long a one."""

SAID = """
select distinct on (e.stream_id)
       (e.data ->> 'month')::date as month,
       case e.type when 'MonthClosed' then (e.data ->> 'position')::bigint end as position,
       e.occurred_at, (e.data ->> 'decided_by')::uuid as decided_by, e.data ->> 'reason' as reason
  from es.events e
 where e.tenant_id = $1 and e.stream_id = any($2::uuid[]) and ($3::bigint is null or e.position <= $3)
   and e.type in ('MonthClosed', 'MonthReopened')
 order by e.stream_id, e.version desc
"""
BEGAN = """
select (select e.recorded_at from es.events e where e.tenant_id = $1 and e.position = 1) as began,
       (select e.recorded_at from es.events e
         where e.tenant_id = $1 and ($2::bigint is null or e.position <= $2)
         order by e.position desc limit 1) as known
"""
# As `SAID` of the calendar, with when it was told.
DECLARED = """
select e.recorded_at, e.type, e.data
  from es.events e
 where e.tenant_id = $1 and e.stream_id = any($2::uuid[]) and ($3::bigint is null or e.position <= $3)
 order by e.position
"""
POSITIONS = """
select i.at, es.position_at($1, i.at) as position
  from unnest($2::timestamptz[]) as i(at)
"""


async def closes(reads: Reads, asking: Asking, *, now: datetime | None = None) -> Mapping[date, Close]:
    """The closed months by their first day, as known at the question's `known_at`, else now.

    `now`: the clock. Without it the instant of a question about the present counts, and for a question about the past
    or about what was known then only the default closes that the log itself proves passed.
    """
    found = await month_standings(reads, asking, now=now)
    return {standing.month: standing.close for standing in found if standing.close is not None}


async def month_standings(
    reads: Reads, asking: Asking, *, now: datetime | None = None, since: date | None = None
) -> Sequence[Standing]:
    """Every month from the log's first (or `since`) to that of today, the earliest first."""
    log = await reads.fetchrow(BEGAN, asking.tenant_id, asking.known_at)
    clock = Clock(_now(asking, now, log["known"]), log["began"], asking.zone)
    today = day_of(clock.now, asking.zone)
    began = min(today, today if clock.began is None else day_of(clock.began, asking.zone)).replace(day=1)
    calendars = await _calendars(reads, asking)
    told = await _told(reads, asking, months_between(EARLIEST, today))
    first = min(later(began, -1), since or today, *told)
    months = tuple(months_between(first, calendars.now.month_of(today)))
    instants = [end_of(calendars.closing_day(month), asking.zone) for month in months]
    passed = [at for at in instants if at < clock.now and clock.began is not None and at >= clock.began]
    rows = await reads.fetch(POSITIONS, asking.tenant_id, passed) if passed else ()
    positions = {row["at"]: row["position"] for row in rows}
    return tuple(standings(months, told, calendars, clock, positions))


async def _told(reads: Reads, asking: Asking, months: Iterable[date]) -> Mapping[date, Said]:
    ids = [Month.id_of(asking.tenant_id, month) for month in months]
    rows: Sequence[Any] = await reads.fetch(SAID, asking.tenant_id, ids, asking.known_at)
    return {
        row["month"]: Said(row["position"], row["occurred_at"], UUID(bytes=row["decided_by"].bytes), row["reason"])
        for row in rows
    }


def _now(asking: Asking, now: datetime | None, known: datetime | None) -> datetime:
    if asking.known_at is not None:
        return known or asking.at
    if now is not None:
        return now
    return asking.at if asking.latest or known is None else known


async def _calendars(reads: Reads, asking: Asking) -> Calendars:
    public = await public_calendar(reads)
    ids = [declared_id(asking.tenant_id), sales_month_id(asking.tenant_id)]
    rows: Sequence[Any] = await reads.fetch(DECLARED, asking.tenant_id, ids, asking.known_at)
    return Calendars(public, tuple((row["recorded_at"], row["type"], row["data"]) for row in rows), asking.zone)
