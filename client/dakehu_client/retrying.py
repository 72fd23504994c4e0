"""When a call is tried again, and after how long. No I/O, no clock: chance and time are arguments."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

PASSING = frozenset((429, 500, 502, 503, 504))
"""Statuses after which the same again may go well. Every command goes under a key: repeating it does nothing twice."""


@dataclass(frozen=True, slots=True)
class Retries:
    """`attempts` in all, waiting `first_seconds`, then twice as long, at most `longest_seconds`; jitter only adds.

    What the service says in `Retry-After` is a floor. One above `most_wait_seconds` is not waited for: `Busy`.
    """

    attempts: int = 6
    first_seconds: float = 0.5
    longest_seconds: float = 20.0
    most_wait_seconds: float = 120.0
    chance: Callable[[], float] = field(default=random.random, repr=False)

    def wait(self, attempt: int, retry_after: float | None = None) -> float | None:
        """Seconds before the next attempt after this one, counted from 1; None: no more."""
        if attempt >= self.attempts or (retry_after or 0.0) > self.most_wait_seconds:
            return None
        planned = min(self.first_seconds * 2.0 ** (attempt - 1), self.longest_seconds)
        return max(planned, retry_after or 0.0) * (1.0 + 0.2 * self.chance())


NEVER = Retries(attempts=1)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds said by `Retry-After`, as a number or a date; None when nothing, or nothing sensible, is said."""
    said = headers.get("retry-after", "").strip()
    if not said:
        return None
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())
