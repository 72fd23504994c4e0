"""From a calendar day to the instant a fact counts from. `now` and the zone are arguments."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from shared.days import day_of, start_of
from shared.event_store.stream import Refused, Stream


def business_time(
    on: date | None, *, now: datetime, zone: ZoneInfo, after: Stream | None = None, pointer: str = "/on"
) -> datetime:
    """Today (or no day): now. A past day: its start, but not before what the stream already says of that day.

    Raises Refused `in_the_future` (422).
    """
    today = day_of(now, zone)
    if on is None or on == today:
        return now if after is None else _not_before(after, now, today, zone)
    if on > today:
        raise Refused("in_the_future", f"{on} is not yet", status=422, pointer=pointer, on=on.isoformat())
    start = start_of(on, zone)
    return start if after is None else _not_before(after, start, on, zone)


def _not_before(stream: Stream, at: datetime, day: date, zone: ZoneInfo) -> datetime:
    """The instant, or the latest the stream already says of that day."""
    if stream.latest is None or stream.latest <= at:
        return at
    later = (entry.occurred_at for entry in stream.entries() if entry.occurred_at > at)
    return max((other for other in later if day_of(other, zone) == day), default=at)
