"""The feed of facts: /v1/events, /v1/events/head. Reads the log, never a view."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from shared.feed.envelope import rendered
from shared.feed.reading import Page, Question
from shared.feed.reading import read as read_page
from shared.http import cursors
from shared.http.call import call_of
from shared.http.context import Parts, Who
from shared.http.feed_places import cursor_of, position_of
from shared.http.feed_wishes import Wished, digest
from shared.http.open_streams import counted, require_room, still
from shared.http.openapi import problem_response
from shared.http.route import Router
from shared.http.tables import no_table

router = Router(prefix="/v1", tags=["events"])

PATH = "/v1/events"
MOST_WAIT_SECONDS = 30
FULL_SECONDS = 86_400
"""How long a page that can never change may be kept by who sees everything. What others see is today's sight."""


class Event(BaseModel):
    """One fact: CloudEvents' attributes, Standard Webhooks' `type`, `timestamp` and `data`, and its place in the log.

    `subject` is the record it is about, `subject_version` its version after it. Of type `left_scope`: the record has
    left what you see, or the units you asked for; drop your copy of it and of what belongs to it.
    """

    specversion: str = "1.0"
    id: str = Field(description="The same for ever, and in every transport.")
    source: str
    type: str
    subject: UUID
    time: datetime
    timestamp: datetime
    datacontenttype: str = "application/json"
    dataschema: str = Field(description="Where the JSON Schema of `data` is.")
    position: int
    epoch: int
    subject_type: str
    subject_version: int
    schema_version: int
    occurred_at: datetime
    recorded_at: datetime
    origin: str | None = Field(default=None, description="import: history taken in from a file; import_undo: back out.")
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


After = Annotated[
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
]
Wait = Annotated[
    int,
    Query(
        ge=0,
        le=MOST_WAIT_SECONDS,
        description="Seconds to wait at the end of the log for something you see. An empty page after them.",
    ),
]


@router.get(
    "/events",
    operation_id="events.read",
    response_model=Events,
    responses={
        304: {"description": "You have this page: `If-None-Match` is its ETag"},
        409: problem_response(409),
        410: problem_response(410),
        429: problem_response(429),
    },
)
@no_table
async def read(
    request: Request,
    who: Who,
    parts: Parts,
    wish: Wished,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    wait: Wait = 0,
) -> Response:
    """The facts after a place in the log that you see, in order, without a gap. A page may hold few and go on.

    A page that is followed by others never changes.
    """
    call = call_of(request.scope)
    if wait:
        require_room(who)
    head = await parts.store.head(who.tenant_id)
    place = 0 if after is None else position_of(parts, who.tenant_id, head, after)
    question = await wish.question(parts, who)
    tags = _Tags(who.tenant_id, head.epoch, place, limit, question)
    has = {tag.strip().removeprefix("W/") for tag in (call.header(b"if-none-match") or "").split(",")}
    if not wait:
        for end in (None, head.position):
            if (tag := tags.of(end)) in has:
                return Response(status_code=304, headers=_headers(tag, question, final=end is None))

    async def page(question: Question, after: int, upto: int) -> Page:
        return await read_page(
            parts.pool,
            who.tenant_id,
            head.epoch,
            question,
            parts.scopes,
            after=after,
            upto=upto,
            limit=limit,
            lanes=False,
        )

    found, end = await page(question, place, head.position), head.position
    if wait and not found.events:
        until = asyncio.get_running_loop().time() + wait
        require_room(who)  # who asked at the same moment may have taken it
        with counted(who):
            while not found.events:
                if found.upto >= end:
                    end = await parts.tail.beyond(who.tenant_id, found.upto, until=until)
                    if end <= found.upto:
                        break
                    question = await wish.question(parts, await still(call, who, PATH))
                found = await page(question, found.upto, end)
    items = [shown.body for shown in found.events]
    call.exported = len(items)
    final = not wait and (len(items) == limit or found.upto < end)
    headers = _headers(tags.of(None if final else end), question, final=final)
    body = rendered({"items": items, "next": cursor_of(parts, who.tenant_id, head.epoch, found.upto)})
    return Response(body, media_type="application/json", headers=headers)


class _Tags:
    """ETags of the pages after one place: of the one that is final, and of those that end at a head."""

    def __init__(self, tenant_id: UUID, epoch: int, place: int, limit: int, question: Question) -> None:
        self._said = f"{tenant_id} {epoch} {place} {limit} {digest(question)}"

    def of(self, head: int | None) -> str:
        said = f"{self._said} {'final' if head is None else head}"
        return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'


def _headers(tag: str, question: Question, *, final: bool) -> Mapping[str, str]:
    kept = f"private, max-age={FULL_SECONDS}, immutable" if final and question.sight.everything else "private, no-cache"
    return {"etag": tag, "cache-control": kept, "vary": "authorization, view-as"}


@router.get("/events/head", operation_id="events.head")
async def head(who: Who, parts: Parts) -> HeadShown:
    """Where the log ends, with the hash that seals all before it."""
    found = await parts.store.head(who.tenant_id)
    return HeadShown(position=found.position, hash=found.hash.hex(), epoch=found.epoch, recorded_at=found.recorded_at)
