"""When a fact of this service holds from, and what stood then. Reads no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.days import day_of, start_of
from shared.event_store.stream import AnyFact, Refused, Stream


def holds_from(on: date | None, *, now: datetime, zone: ZoneInfo, stream: Stream | None = None) -> datetime:
    """The instant a fact of the day `on` holds from: now for today (or no day), else the day's first instant.

    Never before what the stream already says of that same day: told later, it holds after it. Raises Refused 422
    `in_the_future`, `before_opening`.
    """
    today = day_of(now, zone)
    day = on or today
    if day > today:
        raise Refused("in_the_future", f"{day} is after today", status=422, pointer="/on", on=day.isoformat())
    start = now if day == today else start_of(day, zone)
    if stream is None:
        return start
    if day < day_of(opened_at(stream), zone):
        raise Refused(
            "before_opening", f"{day} is before the record was opened", status=422, pointer="/on", on=day.isoformat()
        )
    same_day = (entry.occurred_at for entry in stream.entries() if day_of(entry.occurred_at, zone) == day)
    return max([start, *same_day])


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


def require_nothing_after(stream: Stream, at: datetime) -> None:
    """An end comes last. Raises Refused 409 `changed_later` when the record says something of a later time."""
    if any(entry.occurred_at > at for entry in stream.entries()):
        raise Refused("changed_later", "the record changed after that day: it cannot end on it", pointer="/on")


def require_life(stream: Stream, *, last: type[AnyFact], now: datetime) -> None:
    """After a correction: nothing before the first fact, nothing after the one that ends it, nothing still to come.

    Raises Refused 422 `before_opening`, `in_the_future`; 409 `changed_later`.
    """
    entries = stream.entries()
    if any(entry.occurred_at < opened_at(stream) for entry in entries):
        raise Refused("before_opening", "a fact is before the record was opened", status=422, pointer="/occurred_at")
    if any(entry.occurred_at > now for entry in entries):
        raise Refused(
            "in_the_future", "a fact cannot hold from later than now", status=422, pointer="/occurred_at", on=""
        )
    for end in entries:
        if end.type == last.__name__ and any(
            (entry.occurred_at, entry.version) > (end.occurred_at, end.version) for entry in entries
        ):
            raise Refused("changed_later", "the record says something after its end", pointer="/occurred_at")
