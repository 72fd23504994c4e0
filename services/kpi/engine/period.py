"""Periods of figures: days, weeks, months, quarters, years and twelve rolling months. Pure; reads no clock.

Months are those of the tenant: of the calendar, or its published sales months (`Months`). A quarter and a year are
three and twelve of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from shared.days import start_of

Grain = Literal["day", "week", "month", "quarter", "year", "rolling_12"]
WEEK = timedelta(days=7)
YEAR_OF_WEEKS = timedelta(weeks=52)
LEAP_DAY = (2, 29)


class Months(Protocol):
    """The tenant's months. A month is named by its first calendar day."""

    def month_bounds(self, month: date) -> tuple[date, date]:
        """First and last day."""
        ...

    def month_of(self, day: date) -> date:
        """The month a day belongs to."""
        ...


class CalendarMonths:
    """Months as the calendar has them."""

    def month_bounds(self, month: date) -> tuple[date, date]:
        return month, shifted(month, 1) - timedelta(days=1)

    def month_of(self, day: date) -> date:
        return day.replace(day=1)


CALENDAR = CalendarMonths()


def shifted(month: date, by: int) -> date:
    """The month so many months later."""
    number = month.year * 12 + month.month - 1 + by
    return date(number // 12, number % 12 + 1, 1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """From the first to the last day, both included. `anchor`: the day or (last) month it is reckoned from."""

    first: date
    last: date
    key: str
    grain: Grain
    anchor: date

    def start(self, zone: ZoneInfo) -> datetime:
        """Its first instant."""
        return start_of(self.first, zone)

    def end(self, zone: ZoneInfo) -> datetime:
        """The first instant after it."""
        return start_of(self.last + timedelta(days=1), zone)


def period_of(day: date, grain: Grain, months: Months = CALENDAR) -> Period:
    """The period a day belongs to; for `rolling_12` the one that ends with the day's month."""
    match grain:
        case "day":
            return Period(day, day, day.isoformat(), grain, day)
        case "week":
            monday = day - timedelta(days=day.weekday())
            year, week, _ = monday.isocalendar()
            return Period(monday, monday + timedelta(days=6), f"{year:04}-W{week:02}", grain, monday)
        case _:
            return _of_months(months.month_of(day), grain, months)


def _of_months(month: date, grain: Grain, months: Months) -> Period:
    match grain:
        case "quarter":
            begin = month.replace(month=(month.month - 1) // 3 * 3 + 1)
            key, anchor, last = f"{begin.year:04}-Q{begin.month // 3 + 1}", begin, shifted(begin, 2)
        case "year":
            begin = month.replace(month=1)
            key, anchor, last = f"{begin.year:04}", begin, shifted(begin, 11)
        case "rolling_12":
            begin, key, anchor, last = shifted(month, -11), f"{month:%Y-%m}", month, month
        case _:
            begin, key, anchor, last = month, f"{month:%Y-%m}", month, month
    return Period(months.month_bounds(begin)[0], months.month_bounds(last)[1], key, grain, anchor)


def following(period: Period, months: Months = CALENDAR) -> Period:
    """The period that begins where this ends; of `rolling_12` the one a month later."""
    if period.grain == "rolling_12":
        return _of_months(shifted(period.anchor, 1), "rolling_12", months)
    return period_of(period.last + timedelta(days=1), period.grain, months)


def previous(period: Period, months: Months = CALENDAR) -> Period:
    """The period that ends where this begins: of `rolling_12` the twelve months before."""
    return period_of(period.first - timedelta(days=1), period.grain, months)


def year_before(period: Period, months: Months = CALENDAR) -> Period:
    """The same period of last year; of a week the one 52 weeks before, of 29 February the 28th."""
    day = period.anchor
    match period.grain:
        case "day":
            back = day.replace(year=day.year - 1, day=28) if (day.month, day.day) == LEAP_DAY else day
            return period_of(back if back.year < day.year else day.replace(year=day.year - 1), "day")
        case "week":
            return period_of(day - YEAR_OF_WEEKS, "week")
        case grain:
            return _of_months(shifted(day, -12), grain, months)


def periods_between(first: date, last: date, grain: Grain, months: Months = CALENDAR, *, most: int) -> Sequence[Period]:
    """Every period with a day from the first to the last, whole, in order; one more than `most` when there are more."""
    found = [period_of(first, grain, months)]
    while len(found) <= most:
        after = following(found[-1], months)
        if (after.anchor > months.month_of(last)) if grain == "rolling_12" else (after.first > last):
            break
        found.append(after)
    return found


def months_in(period: Period, months: Months = CALENDAR) -> Sequence[date]:
    """The months that lie in a period, whole."""
    found: list[date] = []
    month = months.month_of(period.first)
    while True:
        begin, end = months.month_bounds(month)
        if end > period.last:
            return found
        if begin >= period.first:
            found.append(month)
        month = shifted(month, 1)
