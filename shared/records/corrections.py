"""Correcting and taking back facts of any record: the bodies, the instant a correction says. Decides no right."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, ConfigDict, Field

from shared.days import day_of, start_of
from shared.event_store.stream import Refused, Stream
from shared.http.context import CommandContext
from shared.records.business_time import business_time
from shared.records.fields import Command, Day, Number, Text


class CorrectFact(Command):
    """An earlier fact was recorded wrongly: these standing fields of it, or its day, were otherwise."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"version": 2, "changes": {"expected_on": "2025-04-02"}, "reason": "日期录入错误"}]
        }
    )

    version: Number = Field(description="Which fact of the record, counted from 1.")
    changes: Annotated[dict[str, Any], Field(max_length=50)] = Field(
        default_factory=dict, description="Only fields that fact set."
    )
    on: Day | None = Field(default=None, description="The day it really happened.")
    occurred_at: AwareDatetime | None = Field(
        default=None, ge=datetime(1900, 1, 1, tzinfo=UTC), description="The instant it really happened, with offset."
    )
    reason: Text


class VoidFact(Command):
    """An earlier fact, or a correction, never happened."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 3, "reason": "重复录入"}]})

    version: Number
    reason: Text


def corrected_time(command: CorrectFact, ctx: CommandContext, stream: Stream) -> datetime | None:
    """The instant a correction says, from a day or an instant. Raises Refused 422 `in_the_future`, `two_times`."""
    if command.occurred_at is not None:
        if command.on is not None:
            raise Refused("two_times", "give a day or an instant", status=422, pointer="/occurred_at")
        if command.occurred_at > ctx.now:
            raise Refused("in_the_future", "that is not yet", status=422, pointer="/occurred_at", on="")
        return command.occurred_at.astimezone(UTC)
    if command.on is None:
        return None
    zone = ctx.principal.zone
    entry = stream.ledger.get(command.version)
    if entry is not None and day_of(entry.occurred_at, zone) == command.on:
        return entry.occurred_at
    at = business_time(command.on, now=ctx.now, zone=zone)
    earlier = [
        known.occurred_at
        for known in stream.entries()
        if known.version < command.version and day_of(known.occurred_at, zone) == command.on
    ]
    return max([min(at, start_of(command.on, zone)), *earlier])
