"""When a fact of this service holds from, and what stood then. Reads no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from shared.event_store.stream import Refused, Stream


def holds_from(on: date | None, *, now: datetime, zone: ZoneInfo, opened_at: datetime | None = None) -> datetime:
    """The instant a fact of the day `on` holds from: now for today (or no day), else the day's first instant.

    A record opened in the course of that same day takes the fact from its opening on. Raises Refused 422
    `in_the_future`, `before_opening`.
    """
    today = now.astimezone(zone).date()
    if on is None or on == today:
        return now
    if on > today:
        raise Refused("in_the_future", f"{on} is after today", status=422, pointer="/on", on=on.isoformat())
    midnight = datetime.combine(on, time(), tzinfo=zone).astimezone(now.tzinfo)
    if opened_at is None or midnight >= opened_at:
        return midnight
    if opened_at.astimezone(zone).date() == on:
        return opened_at
    raise Refused(
        "before_opening", f"{on} is before the record was opened", status=422, pointer="/on", on=on.isoformat()
    )


def standing_at(stream: Stream, at: datetime) -> Mapping[str, Any]:
    """What stood at `at`, corrections included: what a late command must be compared with."""
    entries = stream.entries()
    if all(entry.occurred_at <= at for entry in entries):
        return stream.standing
    standing: dict[str, Any] = {}
    for entry in sorted(entries, key=lambda entry: (entry.occurred_at, entry.version)):
        if entry.occurred_at <= at:
            standing.update(entry.changes)
    return standing


def opened_at(stream: Stream) -> datetime:
    """When the record began, corrections included."""
    return stream.ledger[1].occurred_at
