"""The weeks of a month: Monday to Sunday, cut at its bounds; a piece under three days joins its neighbour. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

SHORTEST: Final = 3
"""Days a piece of a week has at least, to be a week of its own (domain: lead plan, weekly review)."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Week:
    """Both days included; counted from 1 within the month."""

    number: int
    first: date
    last: date

    def has(self, day: date) -> bool:
        return self.first <= day <= self.last


def weeks(first: date, last: date) -> tuple[Week, ...]:
    """The weeks from the first to the last day of a month."""
    pieces: list[tuple[date, date]] = []
    start = first
    while start <= last:
        end = min(start + timedelta(days=6 - start.weekday()), last)
        pieces.append((start, end))
        start = end + DAY
    if len(pieces) > 1 and _days(pieces[0]) < SHORTEST:
        pieces[:2] = [(pieces[0][0], pieces[1][1])]
    if len(pieces) > 1 and _days(pieces[-1]) < SHORTEST:
        pieces[-2:] = [(pieces[-2][0], pieces[-1][1])]
    return tuple(Week(number, *piece) for number, piece in enumerate(pieces, 1))


def working_days_of(week: Week, is_working: Callable[[date], bool]) -> int:
    """How many days of a week are worked."""
    return sum(is_working(week.first + n * DAY) for n in range((week.last - week.first).days + 1))


def shared_out(total: int, days: Sequence[int]) -> list[int]:
    """A target over weeks in proportion to their working days; the parts sum to it, the largest remainders round up."""
    whole = sum(days)
    if not whole:
        days, whole = [1] * len(days), len(days)
    parts = [total * one // whole for one in days]
    order = sorted(range(len(days)), key=lambda index: (-(total * days[index] % whole), index))
    for index in order[: total - sum(parts)]:
        parts[index] += 1
    return parts


def _days(piece: tuple[date, date]) -> int:
    return (piece[1] - piece[0]).days + 1
