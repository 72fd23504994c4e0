"""On which days China works, as announced year by year. Read by migrations alone: what runs asks the table.

Source: the `chinesecalendar` library, which holds the announcements of the State Council and knows no future year.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from chinese_calendar import get_holiday_detail
from chinese_calendar.constants import Holiday, holidays

ZH = {holiday.value: holiday.chinese for holiday in Holiday}


class PublicDay(NamedTuple):
    """One day; `zh` and `en` name the holiday that it is, or that it makes up for, null for days like all others."""

    day: date
    is_working: bool
    zh: str | None
    en: str | None


def known_years() -> tuple[int, ...]:
    """The years the installed library knows, first to last."""
    return tuple(sorted({day.year for day in holidays}))


def rows() -> Iterator[PublicDay]:
    """Every day of the years known, in order."""
    for year in known_years():
        day = date(year, 1, 1)
        while day.year == year:
            free, occasion = get_holiday_detail(day)
            yield PublicDay(day, not free, None if occasion is None else ZH[occasion], occasion)
            day += timedelta(days=1)
