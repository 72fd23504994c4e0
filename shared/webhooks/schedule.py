"""What an answer means, when to try again, how fast to go. Pure: the clock and chance are arguments.

Jitter only ever adds: nobody is asked again sooner than they wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum

from shared.webhooks.sending import OURS, Answer

SCHEDULE_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""After each failed attempt of an event; the example of Standard Webhooks: ten attempts in 75 h 35 min."""
LEAST_TRIED = timedelta(days=3)
"""Attempts by which a broken receiver was probed cost an event none of this time."""
PERMANENT_ATTEMPTS = 3
"""So often is tried what the receiver says it will never take."""
RETRY_AFTER_MOST = 86_400.0
JITTER = 0.2
HOLD_SECONDS = 5.0
"""The whole flow waits so long when a receiver is overloaded and does not say how long."""
OWN_FAULT_SECONDS = 20.0
"""And so long when the fault is ours."""

FIRST_PACE, MOST_PACE, LEAST_PACE = 16.0, 64.0, 1.0
FAILING_AFTER = 10
"""Failures in a row, whatever the events: then it is the receiver, and it is probed with one event at a time."""
FAILING_SOONER = 3
FAILING_FOR = timedelta(hours=1)
"""Or so many when the first is so long ago."""
PROBE_SECONDS = (5, 10, 20, 40, 80, 160, 300)
GIVE_UP = timedelta(days=5)
"""A receiver that failed all this time is paused; nothing is dropped."""

OVERLOADED = frozenset((429, 502, 503, 504))
ASKS_TO_WAIT = frozenset((429, 503))
PASSING = frozenset((408, 409, 425, 429))
"""Of 4xx those that may be otherwise next time."""
GONE = 410

Chance = Callable[[], float]
"""A number in [0, 1)."""


class Verdict(Enum):
    """What came of one attempt."""

    DELIVERED = "delivered"
    LATER = "later"
    NEVER = "never"  # the receiver says it will not take this event
    GONE = "gone"  # nor any other
    OURS = "ours"  # it never got there, and that is our fault


def verdict(answer: Answer) -> Verdict:
    """2xx alone is success; a redirect is none."""
    if answer.ok:
        return Verdict.DELIVERED
    if answer.fault in OURS:
        return Verdict.OURS
    if answer.status == GONE:
        return Verdict.GONE
    if answer.status is not None and 400 <= answer.status < 500 and answer.status not in PASSING:
        return Verdict.NEVER
    return Verdict.LATER


def asked_to_wait(answer: Answer, now: datetime) -> float:
    """`Retry-After` in seconds, at most a day; 0 for none, the past, and what cannot be read."""
    given = (answer.retry_after or "").strip()
    if not given:
        return 0.0
    try:
        seconds = float(given) if given.isascii() and given.replace(".", "", 1).isdigit() else None
        if seconds is None:
            at = parsedate_to_datetime(given)
            seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, OverflowError, TypeError):
        return 0.0
    return min(RETRY_AFTER_MOST, max(0.0, seconds))


def delay(attempts: int, asked: float, chance: Chance) -> timedelta:
    """Until the next attempt of an event that failed so often; `asked` seconds at least."""
    step = SCHEDULE_SECONDS[min(attempts, len(SCHEDULE_SECONDS)) - 1]
    return timedelta(seconds=max(step, asked) * (1 + JITTER * chance()))


def probe_delay(failures: int, asked: float, chance: Chance) -> timedelta:
    """Until a receiver that fails is tried with the next one event."""
    step = PROBE_SECONDS[max(0, min(failures - FAILING_AFTER, len(PROBE_SECONDS) - 1))]
    return timedelta(seconds=max(step, asked) * (1 + JITTER * chance()))


def hold(answer: Answer, asked: float, chance: Chance) -> timedelta | None:
    """How long the whole flow waits after such an answer; None: not at all."""
    if answer.fault in OURS:
        return timedelta(seconds=OWN_FAULT_SECONDS * (1 + JITTER * chance()))
    if answer.status in ASKS_TO_WAIT:
        return timedelta(seconds=max(HOLD_SECONDS, asked) * (1 + JITTER * chance()))
    return None


def parks(verdict: Verdict, attempts: int, tried_for: timedelta) -> bool:
    """Whether an event is given up until somebody looks at it: its lane is parked."""
    if verdict is Verdict.NEVER:
        return attempts >= PERMANENT_ATTEMPTS
    return attempts > len(SCHEDULE_SECONDS) and tried_for >= LEAST_TRIED


def fails(failures: int, failing_for: timedelta) -> bool:
    """Whether it is the receiver that is broken, and not one event."""
    return failures >= FAILING_AFTER or (failures >= FAILING_SOONER and failing_for >= FAILING_FOR)


def pace(before: float, answer: Answer) -> float:
    """Events under way at a time from now on: a little more with each success, half when the receiver is overloaded."""
    if answer.ok:
        return min(MOST_PACE, before + 1 / before)
    if answer.status in OVERLOADED or answer.fault == "timeout":
        return max(LEAST_PACE, before / 2)
    return before
