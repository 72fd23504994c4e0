"""The month-end hand-in list: who owes which reports and intelligence of a sales month, what came, what is missing.

Shape: one row per person who owed anything in the month. Daily reports are owed for each working day on which the
person was active in a function that owes them, up to the day asked about; the monthly one by the month's last working
day. Source: WorkReport and Intelligence facts, persons and duties as they stood. Reads no clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.kpi.asking import Asking, Reads, Sql
from services.kpi.calendar.working_days import WorkingDays
from services.kpi.reporting.duties import ReportingDuties
from shared.days import day_of, end_of, start_of
from shared.records.of_day import of_day

STAFF = """
select p.stream_id, p.from_at, p.to_at, p.functions, p.unit_id
  from {people} p
 where p.tenant_id = $1 and p.status = 'active' and p.from_at <= {until}
   and (p.to_at is null or p.to_at > {since}) and {sight} and {wanted}
 order by p.stream_id, p.from_at
"""
REPORTS = """
select r.owner_id, r.kind, r.period, r.handed_in_on
  from {work_reports} r
 where {holds} and (r.kind = 'daily' and r.period between {first}::date and {last}::date
                    or r.kind = 'monthly' and r.period = {month}::date)
"""
ITEMS = """
select i.owner_id, count(*) as items
  from {intelligence} i
 where {holds} and i.reported_on between {first}::date and {last}::date
 group by 1
"""


@dataclass(slots=True)
class HandIn:
    """What one person owed of a month, as of a day."""

    person_id: UUID
    unit_id: UUID
    daily_owed: list[date] = field(default_factory=list)
    daily: dict[date, date] = field(default_factory=dict)
    """By day reported on: the day it was handed in."""
    monthly_owed: bool = False
    monthly_due_on: date | None = None
    monthly: date | None = None
    """The day it was handed in."""
    items_owed: int = 0
    items: int = 0

    @property
    def daily_missing(self) -> list[date]:
        return [day for day in self.daily_owed if day not in self.daily]

    @property
    def daily_late(self) -> list[date]:
        """Days whose report was handed in on a later day."""
        return [day for day in self.daily_owed if day in self.daily and self.daily[day] > day]

    @property
    def monthly_missing(self) -> bool:
        return self.monthly_owed and self.monthly is None

    @property
    def items_missing(self) -> int:
        return max(0, self.items_owed - self.items)

    @property
    def complete(self) -> bool:
        return not self.daily_missing and not self.monthly_missing and not self.items_missing


async def hand_in(
    reads: Reads,
    asking: Asking,
    calendar: WorkingDays,
    duties: Sequence[ReportingDuties],
    month: date,
    *,
    unit_id: UUID | None = None,
    until: date | None = None,
) -> list[HandIn]:
    """One row per person in sight who owed anything in the sales month up to `until` (default the day asked about)."""
    first, last = calendar.month_bounds(month)
    until = min(until or asking.day, last)
    if until < first:
        return []
    sql = Sql(asking)
    statement = sql.text(
        STAFF,
        until=sql(min(end_of(until, asking.zone), asking.at)) + "::timestamptz",
        since=sql(start_of(first, asking.zone)) + "::timestamptz",
        sight=_in_sight(sql, asking),
        wanted="true" if unit_id is None else sql.below("p.unit_id", unit_id),
    )
    found: dict[UUID, HandIn] = {}
    month_end = calendar.last_working(month, 1)
    working = calendar.working_between(first, until)
    for row in await reads.fetch(statement, *sql.values):
        one = found.setdefault(row["stream_id"], HandIn(row["stream_id"], row["unit_id"]))
        one.unit_id = row["unit_id"]
        for day in _days_in(working, row["from_at"], row["to_at"], asking.zone):
            if of_day(duties, day).owes_daily(row["functions"]) and day not in one.daily_owed:
                one.daily_owed.append(day)
        if row["to_at"] is None or row["to_at"] > end_of(until, asking.zone):  # who is still there at the end
            rules = of_day(duties, until)
            one.monthly_owed = rules.owes_monthly(row["functions"])
            one.monthly_due_on = month_end[-1] if one.monthly_owed and month_end else None
            one.items_owed = rules.items_owed(row["functions"])
    await _handed_in(reads, asking, found, month, first, last)
    return [one for one in found.values() if one.daily_owed or one.monthly_owed or one.items_owed]


async def _handed_in(
    reads: Reads, asking: Asking, found: dict[UUID, HandIn], month: date, first: date, last: date
) -> None:
    sql = Sql(asking)
    statement = sql.text(REPORTS, holds=sql.holds("r"), first=sql(first), last=sql(last), month=sql(month))
    for row in await reads.fetch(statement, *sql.values):
        if (one := found.get(row["owner_id"])) is None:
            continue
        if row["kind"] == "daily":
            one.daily[row["period"]] = row["handed_in_on"]
        else:
            one.monthly = row["handed_in_on"]
    sql = Sql(asking)
    statement = sql.text(ITEMS, holds=sql.holds("i"), first=sql(first), last=sql(last))
    for row in await reads.fetch(statement, *sql.values):
        if (one := found.get(row["owner_id"])) is not None:
            one.items = row["items"]


def _in_sight(sql: Sql, asking: Asking) -> str:
    said, given = asking.sight.sql(len(sql.values) + 1, owner="p.stream_id", unit="p.unit_id")
    sql.values.extend(given)
    return said


def _days_in(working: Sequence[date], from_at: datetime, to_at: datetime | None, zone: ZoneInfo) -> Iterator[date]:
    """The working days that begin or pass within this standing: the day it begins counts, the day it ends does not."""
    since = day_of(from_at, zone)
    until = None if to_at is None else day_of(to_at, zone)
    return (day for day in working if since <= day and (until is None or day < until))
