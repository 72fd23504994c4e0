"""The feed of facts: /v1/events, /v1/events/head. Reads the log, never a view."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from shared.event_store.command import StoredFact
from shared.http import cursors
from shared.http.call import call_of
from shared.http.context import Parts, Who
from shared.http.openapi import problem_response
from shared.http.problem import At, Problem
from shared.http.reading import MAX_POSITION
from shared.http.route import Router
from shared.http.tables import no_table
from shared.identity.principal import SEES_EVERYTHING

router = Router(prefix="/v1", tags=["events"])

QUESTION = "events"
"""A feed's cursor is a place in the log: good for any filter, of one tenant and one epoch."""
SPAN = 50_000
"""Positions a filtered read looks through at most."""

FILTERED = """
select position, stream_type, stream_id, version, type, schema_version, data, metadata, occurred_at, recorded_at
  from es.events
 where tenant_id = $1 and position > $2 and position <= $3
   and ($4::text[] is null or type = any($4)) and ($5::uuid is null or stream_id = $5)
 order by position limit $6
"""
OF_SUBJECT = """
select position, stream_type, stream_id, version, type, schema_version, data, metadata, occurred_at, recorded_at
  from es.events
 where tenant_id = $1 and stream_id = $5 and position > $2 and position <= $3
   and ($4::text[] is null or type = any($4))
 order by version limit $6
"""


class Event(BaseModel):
    """One fact. `subject` is the record it is about, `subject_version` its version after it."""

    position: int
    epoch: int
    type: str
    schema_version: int
    subject: UUID
    subject_type: str
    subject_version: int
    occurred_at: datetime
    recorded_at: datetime
    data: dict[str, Any]
    metadata: dict[str, Any]


class Events(BaseModel):
    """Facts in the order in which they were recorded. `next` is there even at the end: poll with it."""

    items: list[Event]
    next: str = Field(description="Give it as `after`. At the end it leads to an empty page, until more is recorded.")


class HeadShown(BaseModel):
    """Where the log ends. Keep position and hash: nobody can rewrite what is before without changing the hash."""

    position: int
    hash: str
    epoch: int
    recorded_at: datetime | None


Types = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=2_000,
        description="Only these types, separated by commas.",
        openapi_examples={"deals": {"value": "DealWon,DealLost"}},
    ),
]


@router.get(
    "/events",
    operation_id="events.read",
    response_model=Events,
    responses={409: problem_response(409), 410: problem_response(410)},
)
@no_table
async def read(
    request: Request,
    who: Who,
    parts: Parts,
    after: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=cursors.MAX_CHARS,
            description="A `next` of this feed, or a position.",
            json_schema_extra={
                "anyOf": [
                    {"type": "string", "pattern": "^[0-9]{1,18}$"},
                    {"type": "string", "pattern": "^[A-Za-z0-9_-]{24,2000}$"},
                ]
            },
        ),
    ] = None,
    types: Types = None,
    subject: Annotated[UUID | None, Query(description="Only facts of this record.")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """The facts after a place in the log, in order, without a gap."""
    if who.functions.isdisjoint(SEES_EVERYTHING):
        raise Problem(403, "feed_needs_function")
    head = await parts.store.head(who.tenant_id)
    key = parts.cursor_key
    position = 0
    if after is not None:
        if after.isascii() and after.isdigit():
            position = min(int(after), MAX_POSITION)
        else:
            place = cursors.read(key, who.tenant_id, QUESTION, after)
            if len(place) != 2 or not all(isinstance(value, int) for value in place):
                raise Problem(400, "cursor_invalid", errors=(At("/after", "cursor_invalid", where="query"),))
            epoch, position = place
            if epoch != head.epoch:
                raise Problem(
                    410,
                    "cursor_of_another_epoch",
                    params={"position": head.position},
                    extra={"epoch": head.epoch, "position": head.position},
                )
    if position > head.position:
        raise Problem(
            409,
            "not_recorded_yet",
            params={"position": head.position},
            extra={"position": head.position},
            errors=(At("/after", "not_recorded_yet", params={"position": head.position}, where="query"),),
        )
    rows: list[Any]
    if types is None and subject is None:
        rows = await parts.store.read(who.tenant_id, position, limit)
        last = rows[-1].position if rows else position
    else:
        chosen = None if types is None else [name.strip() for name in types.split(",") if name.strip()]
        upto = max(position, head.position if subject else min(head.position, position + SPAN))
        statement = FILTERED if subject is None else OF_SUBJECT
        rows = await parts.pool.fetch(statement, who.tenant_id, position, upto, chosen, subject, limit)
        last = rows[-1]["position"] if len(rows) == limit else upto
    items = [_event(row, head.epoch) for row in rows]
    call_of(request.scope).exported = len(items)
    following = cursors.sign(key, who.tenant_id, QUESTION, (head.epoch, last))
    return Response(rendered({"items": items, "next": following}), media_type="application/json")


@router.get("/events/head", operation_id="events.head")
async def head(who: Who, parts: Parts) -> HeadShown:
    """Where the log ends, with the hash that seals all before it."""
    found = await parts.store.head(who.tenant_id)
    return HeadShown(position=found.position, hash=found.hash.hex(), epoch=found.epoch, recorded_at=found.recorded_at)


def rendered(page: dict[str, Any]) -> bytes:
    """A page as JSON, whatever numbers its facts hold."""
    try:
        return orjson.dumps(page)
    except orjson.JSONEncodeError:  # a fact may hold numbers of more than 64 bits; the feed must not end there
        return json.dumps(page, ensure_ascii=False, default=_instant).encode()


def _instant(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _event(row: Any, epoch: int) -> dict[str, Any]:
    value = row if not isinstance(row, StoredFact) else _Fields(row)
    return {
        "position": value["position"],
        "epoch": epoch,
        "type": value["type"],
        "schema_version": value["schema_version"],
        "subject": str(value["stream_id"]),
        "subject_type": value["stream_type"],
        "subject_version": value["version"],
        "occurred_at": value["occurred_at"],
        "recorded_at": value["recorded_at"],
        "data": value["data"],
        "metadata": value["metadata"],
    }


class _Fields:
    """A stored fact read by name, as rows are."""

    __slots__ = ("_fact",)

    def __init__(self, fact: StoredFact) -> None:
        self._fact = fact

    def __getitem__(self, name: str) -> Any:
        return getattr(self._fact, name)
