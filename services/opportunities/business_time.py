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
        return now if after is None else max([now, *_on_day(after, today, zone)])
    if on > today:
        raise Refused("in_the_future", f"{on} is not yet", status=422, pointer=pointer, on=on.isoformat())
    start = start_of(on, zone)
    return start if after is None else max([start, *_on_day(after, on, zone)])


def _on_day(stream: Stream, day: date, zone: ZoneInfo) -> list[datetime]:
    return [entry.occurred_at for entry in stream.entries() if day_of(entry.occurred_at, zone) == day]
