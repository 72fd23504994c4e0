"""Calendar days of a zone, and the instants they begin and end at. Reads no clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LAST_INSTANT = timedelta(microseconds=1)
"""Between two instants as they are stored."""


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """The calendar day of an instant."""
    return at.astimezone(zone).date()


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The last instant of a day: what `as_of=DAY` means."""
    return start_of(day + timedelta(days=1), zone) - LAST_INSTANT
