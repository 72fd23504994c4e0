"""On which days a tenant works, and from which day to which its months run. Reads no clock; decides no right.

Shape: `WorkingDays` is pure and answers for any day; `working_days` fills it from the announced days (a table all
tenants share) and from what the tenant declared and published (facts), as known now or at a position.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID, uuid5

import msgspec

from services.kpi.calendar.events import DeclaredDay, SalesMonthEnd
from services.kpi.month import last_day, later
from shared.records.asking import Reads
from shared.records.of_day import of_day

DAY = timedelta(days=1)
WEEK = 7 * DAY
MONDAY, SATURDAY = 0, 5
FIXED = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Month and day of the holidays that follow the sun, by the rule of 2024 (全国年节及纪念日放假办法).

The others follow the moon, and which weekends are worked on instead is announced each November for the year after:
until then a year is provisional.
"""

DECLARED_STREAM = "working_calendar"
SALES_MONTH_STREAM = "sales_month"

PUBLIC = """
select d.day, d.is_working, d.zh, d.en
  from es.calendar_days d
 where d.is_working <> (extract(isodow from d.day) < 6) or d.zh is not null
"""
YEARS = "select distinct extract(year from day)::int as year from es.calendar_days"
# Rules are never corrected: published anew. The log itself is asked, so that a command sees what was just published.
SAID = """
select e.type, e.data
  from es.events e
 where e.tenant_id = $1 and e.stream_id = any($2::uuid[]) and ($3::bigint is null or e.position <= $3)
 order by e.position
"""


# -- what is known -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Special:
    """A day that is not like others of its weekday, or has a name."""

    is_working: bool
    zh: str | None = None
    en: str | None = None


@dataclass(frozen=True, slots=True)
class PublicCalendar:
    """The announced days: the years they are known of, and those that differ from Monday to Friday or have a name."""

    years: frozenset[int]
    special: Mapping[date, Special]


class SalesMonthRule(msgspec.Struct, frozen=True):
    """On which day months end, from a month on. See `SalesMonthPublished`."""

    effective_from: date
    last_day: int | None
    in_following_month: bool = False
    ends: tuple[SalesMonthEnd, ...] = ()


CALENDAR_MONTHS = SalesMonthRule(date(2000, 1, 1), None)
"""Where nothing is published, a month is the calendar month."""


# -- what follows ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The working calendar of one tenant, as known at one time. A month is named by its first calendar day."""

    public: PublicCalendar
    declared: Mapping[date, DeclaredDay] = field(default_factory=dict)
    whole_years: frozenset[int] = frozenset()
    sales_months: Sequence[SalesMonthRule] = (CALENDAR_MONTHS,)

    # -- days ----------------------------------------------------------------------------------------------

    def is_working(self, day: date) -> bool:
        """As the tenant declared, else as announced, else (provisional) Monday to Friday without fixed holidays."""
        if (own := self.declared.get(day)) is not None and own.is_working is not None:
            return own.is_working
        if (special := self.public.special.get(day)) is not None:
            return special.is_working
        if day.weekday() >= SATURDAY:
            return False
        return day.year in self.public.years or (day.month, day.day) not in FIXED

    def is_provisional(self, year: int) -> bool:
        """Whether the year was not announced when this was written, nor declared whole by the tenant."""
        return year not in self.public.years and year not in self.whole_years

    def occasion(self, day: date, language: str = "zh") -> str | None:
        """The holiday a day is, or makes up for, in `zh` or `en`; null when it has no name."""
        if (own := self.declared.get(day)) is not None and own.occasion is not None:
            return own.occasion
        special = self.public.special.get(day)
        return None if special is None else special.zh if language.startswith("zh") else special.en

    def is_declared(self, day: date) -> bool:
        """Whether the tenant itself says how this day is."""
        own = self.declared.get(day)
        return own is not None and own.is_working is not None

    def next_working(self, day: date) -> date:
        """That day, or the next one worked on."""
        return next(other for other in _days(day) if self.is_working(other))

    def working_between(self, first: date, last: date) -> tuple[date, ...]:
        """The working days of a range, both ends included."""
        return tuple(day for day in _range(first, last) if self.is_working(day))

    # -- months --------------------------------------------------------------------------------------------

    def month_bounds(self, month: date) -> tuple[date, date]:
        """First and last day of a sales month. Months follow one another without a gap."""
        month = month.replace(day=1)
        return self._end(later(month, -1)) + DAY, self._end(month)

    def month_of(self, day: date) -> date:
        """The sales month a day belongs to, as its first calendar day."""
        month = later(day.replace(day=1), -2)
        while self._end(month) < day:
            month = later(month)
        return month

    def last_working(self, month: date, n: int) -> tuple[date, ...]:
        """The last `n` working days of a sales month, in order; fewer when it has no more."""
        return self.working_between(*self.month_bounds(month))[-n:]

    def first_working(self, month: date) -> date:
        """The first working day from the first day of a sales month on."""
        return self.next_working(self.month_bounds(month)[0])

    def mondays(self, month: date) -> tuple[date, ...]:
        """The days of the Monday rhythm that fall into a sales month.

        Each Monday, or the next working day when it is a holiday; once, where that is the day of another Monday too.
        """
        first, last = self.month_bounds(month)
        return tuple(sorted({day for day in map(self.monday, _mondays(first, last)) if first <= day <= last}))

    def monday(self, monday: date) -> date:
        """When the rhythm of this Monday takes place: that day or the next working one."""
        return self.next_working(monday)

    def _end(self, month: date) -> date:
        rule = of_day(self.sales_months, month)
        for other in rule.ends:
            if other.month == month:
                return other.last_day
        if rule.last_day is None:
            return last_day(month)
        within = later(month) if rule.in_following_month else month
        return min(within + (rule.last_day - 1) * DAY, last_day(within))


def _days(day: date) -> Iterator[date]:
    while True:
        yield day
        day += DAY


def _range(first: date, last: date) -> Iterator[date]:
    return (first + index * DAY for index in range((last - first).days + 1))


def _mondays(first: date, last: date) -> Iterator[date]:
    """Those of the range and the one before it: all Mondays of one break move to the same day, the last will do."""
    return (day for day in _range(first - WEEK, last) if day.weekday() == MONDAY)


# -- where it comes from -----------------------------------------------------------------------------------


_public: list[PublicCalendar] = []


async def public_calendar(reads: Reads) -> PublicCalendar:
    """The announced days; read once a process, since only a migration changes them."""
    if not _public:
        years = frozenset(row["year"] for row in await reads.fetch(YEARS))
        special = {row["day"]: Special(row["is_working"], row["zh"], row["en"]) for row in await reads.fetch(PUBLIC)}
        found = PublicCalendar(years, special)
        if not years:
            return found  # before the migration that fills the table
        _public.append(found)
    return _public[0]


async def working_days(reads: Reads, tenant_id: UUID, *, known_at: int | None = None) -> WorkingDays:
    """The tenant's calendar, as the log tells it now, or told it at a position. `reads`: a pool (`kit.pool`)."""
    public = await public_calendar(reads)
    ids = [declared_id(tenant_id), sales_month_id(tenant_id)]
    return of_facts(public, ((row["type"], row["data"]) for row in await reads.fetch(SAID, tenant_id, ids, known_at)))


def of_facts(public: PublicCalendar, facts: Iterable[tuple[str, Mapping[str, object]]]) -> WorkingDays:
    """The calendar from the announced days and the tenant's facts (type and data), in the order told."""
    declared: dict[date, DeclaredDay] = {}
    whole: set[int] = set()
    rules = [CALENDAR_MONTHS]
    for name, said in facts:
        match name:
            case "WorkingDaysDeclared":
                days = msgspec.convert(said["days"], tuple[DeclaredDay, ...])
                declared.update((day.day, day) for day in days)
                whole.update(msgspec.convert(said.get("whole_years", ()), tuple[int, ...]))
            case "SalesMonthPublished":
                rules.append(msgspec.convert(said, SalesMonthRule))
            case _:
                pass  # of newer code
    return WorkingDays(public, declared, frozenset(whole), tuple(rules))


def declared_id(tenant_id: UUID) -> UUID:
    """The stream of the days a tenant declared."""
    return uuid5(tenant_id, DECLARED_STREAM)


def sales_month_id(tenant_id: UUID) -> UUID:
    """The stream of the sales months a tenant published."""
    return uuid5(tenant_id, SALES_MONTH_STREAM)
