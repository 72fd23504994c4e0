"""Which months are closed, at which position: from what was said about them and from the calendar. Pure; no I/O.

A month closes by command, or by default at the end of the first working day after it. Where a close was taken back,
that month and those after it wait for a command. A month whose day of closing lies before the log began has no default
close: nothing was known then; it may be closed by command.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.kpi.calendar.working_days import DAY, PublicCalendar, WorkingDays, of_facts
from services.kpi.month import last_day, later
from shared.days import end_of

State = Literal["running", "due", "closed", "reopened", "waiting", "before_log"]
"""`due`: over, and closes by default today or on a working day soon; `waiting`: an earlier month was taken back."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the latest command on a month came to; `position` is null when it was taken back."""

    position: int | None
    at: datetime
    by: UUID
    reason: str | None


@dataclass(frozen=True, slots=True)
class Close:
    """A closed month: its official figures are those the log held up to `position`."""

    month: date
    position: int
    closed_at: datetime
    by: Literal["command", "default"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One month and how it stands. `closes_on`: the last day on which it may be closed before it closes by default."""

    month: date
    first_day: date
    last_day: date
    closes_on: date
    closes_at: datetime
    state: State
    close: Close | None = None
    said: Said | None = None


def months_between(first: date, last: date) -> Iterator[date]:
    """The first days of the months from one to another, both included."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = later(month)


class Calendars:
    """The calendar of a tenant as it is now, and as it was told by any time. `facts`: when, type, data, in order."""

    def __init__(
        self, public: PublicCalendar, facts: Sequence[tuple[datetime, str, Mapping[str, object]]], zone: ZoneInfo
    ) -> None:
        self._public = public
        self._facts = facts
        self._zone = zone
        self._known: dict[int, WorkingDays] = {}
        self.now = self._of(len(facts))

    def closing_day(self, month: date) -> date:
        """The first working day after a month, as was known when the month ended: no later word moves a close.

        A month that was only afterwards made to end later closes after that end.
        """
        ended = end_of(last_day(month), self._zone)
        then = self._of(sum(told_at <= ended for told_at, _, _ in self._facts))
        day = then.next_working(then.month_bounds(month)[1] + DAY)
        last = self.now.month_bounds(month)[1]
        return day if last < day else self.now.next_working(last + DAY)

    def _of(self, facts: int) -> WorkingDays:
        if facts not in self._known:
            self._known[facts] = of_facts(self._public, ((name, said) for _, name, said in self._facts[:facts]))
        return self._known[facts]


@dataclass(frozen=True, slots=True)
class Clock:
    """Now, or as of when something was known; and when the log began (null: it is empty)."""

    now: datetime
    began: datetime | None
    zone: ZoneInfo


def standings(
    months: Iterable[date],
    said: Mapping[date, Said],
    calendars: Calendars,
    clock: Clock,
    position_at: Mapping[datetime, int],
) -> Iterator[Standing]:
    """Every month in turn, the earliest first. `position_at`: of the instants at which months close by default."""
    waiting = False
    before: Close | None = None
    for month in months:
        starts, ends = calendars.now.month_bounds(month)
        closes_on = calendars.closing_day(month)
        closes_at = end_of(closes_on, clock.zone)
        state: State
        close: Close | None = None
        told = said.get(month)
        if told is not None and told.position is not None:
            state, close, waiting = "closed", Close(month, told.position, told.at, "command"), False
        elif end_of(ends, clock.zone) >= clock.now:
            state = "running"
        elif told is not None:
            state, waiting = "reopened", True
        elif clock.began is None or closes_at < clock.began:
            state = "before_log"
        elif waiting:
            state = "waiting"
        elif clock.now <= closes_at:
            state = "due"
        else:
            position, closed_at = position_at[closes_at], closes_at
            if before is not None:  # it waited for the month before, which was closed by a command
                position, closed_at = max(position, before.position), max(closed_at, before.closed_at)
            state, close = "closed", Close(month, position, closed_at, "default")
        before = close or before
        yield Standing(month, starts, ends, closes_on, closes_at, state, close, told)


@dataclass(frozen=True, slots=True)
class Basis:
    """As of which positions the official figures of a period are known; null: that month is not closed."""

    flows: int | None
    opening: int | None
    """Of the stock at the period's beginning: what was known at the close of the day before, so that the closing stock
    of a period is the opening stock of the next."""


def basis(closes: Mapping[date, Close], first_month: date, last_month: date) -> Basis:
    """The basis of a period: `last_month` is that of its last day, `first_month` that of the day before its first.

    Where the month before was never closed, as before the log began, the opening stock is taken as the period's
    own close knows it.
    """
    last = closes.get(last_month)
    if last is None:
        return Basis(None, None)
    first = closes.get(first_month)
    if first is None:
        return Basis(last.position, None if any(month <= first_month for month in closes) else last.position)
    return Basis(last.position, first.position)
