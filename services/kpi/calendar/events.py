"""Facts of calendar: storage format and public language, for ever. See the service's `events.py`."""

from __future__ import annotations

from datetime import date

import msgspec

from shared.event_store.stream import FirstOrLaterFact

# -- values ------------------------------------------------------------------------------------------------


class DeclaredDay(msgspec.Struct, frozen=True):
    """A day of this tenant that is otherwise than announced. `is_working` null: as announced after all."""

    day: date
    is_working: bool | None
    occasion: str | None = None


class SalesMonthEnd(msgspec.Struct, frozen=True):
    """The last day of one sales month. `month`: its first calendar day."""

    month: date
    last_day: date


# -- facts -------------------------------------------------------------------------------------------------


class WorkingDaysDeclared(FirstOrLaterFact):
    """The tenant works, or does not, on these days, whatever was announced; of one day the latest counts.

    `whole_years`: years whose calendar the tenant knows to be as it stands now, and that are not provisional any more.

    sets: days, whole_years (additive: these)
    """

    days: tuple[DeclaredDay, ...]
    whole_years: tuple[int, ...] = ()


class SalesMonthPublished(FirstOrLaterFact):
    """On which day the manufacturer's sales month ends, from a month on. sets: policies (additive: this one)

    `last_day`: of the month (31: its last), null: the calendar month; `in_following_month`: of the month after it.
    `ends`: months that end on another day.
    """

    effective_from: date
    last_day: int | None
    in_following_month: bool = False
    ends: tuple[SalesMonthEnd, ...] = ()


CalendarFact = WorkingDaysDeclared | SalesMonthPublished
