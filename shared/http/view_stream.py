"""Hints that views have changed, as server-sent events: GET /v1/views/stream. Sends no record and no id of one.

A board that is open reads its view again when told. Streams share one look at the database (projections/changes.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

from fastapi import Header, Query, Request
from starlette.responses import StreamingResponse

from shared.http.call import Call, call_of
from shared.http.context import Parts, Who
from shared.http.kit import Kit
from shared.http.open_streams import (
    HEADERS,
    LONGEST_SECONDS,
    RETRY_MILLISECONDS,
    counted,
    framed,
    require_room,
    still,
)
from shared.http.openapi import problem_response
from shared.http.problem import At, Problem
from shared.http.reading import MAX_POSITION
from shared.http.route import Router
from shared.identity.principal import Principal
from shared.projections.changes import Tenant

router = Router(prefix="/v1/views", tags=["operations"])

PATH = "/v1/views/stream"

HEARTBEAT_SECONDS = 15.0
"""A comment so often: what is between keeps the connection. The credential is looked at again just as often."""
TICK_SECONDS = 1.0
"""How soon a stream notices that the process is to end."""

Views = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=2_000,
        description="Only these views, by comma; all by default. Their names are those of GET /v1/views.",
        openapi_examples={"board": {"value": "opportunities.standings,opportunities.visits"}},
    ),
]


EVENT = {
    "type": "object",
    "description": "One event of the stream; `data` is JSON.",
    "properties": {
        "event": {"type": "string", "enum": ["views", "view", "end"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "id": {"type": "string", "description": "The position: send it back as Last-Event-ID."},
        "retry": {"type": "integer"},
    },
    "required": ["event", "data"],
}


@router.get(
    "/stream",
    operation_id="views.stream",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "`event: views` once, with where all views are; `event: view` for each that has changed; "
            "`event: end` with a code when the credential no longer holds.",
            "content": {"text/event-stream": {"schema": EVENT}},
        },
        429: problem_response(429),
        503: problem_response(503),
    },
)
async def stream(
    request: Request,
    who: Who,
    parts: Parts,
    views: Views = None,
    seconds: Annotated[int, Query(ge=0, le=LONGEST_SECONDS, description="How long at most.")] = LONGEST_SECONDS,
    last_event_id: Annotated[
        int | None, Header(ge=0, le=MAX_POSITION, description="The `id` of the last event, on coming back.")
    ] = None,
) -> StreamingResponse:
    """A hint whenever a view has changed: its name and position, within a second, several changes as one."""
    watcher = parts.watcher
    wanted = watcher.names if views is None else {name.strip() for name in views.split(",")}
    if unknown := sorted(wanted - watcher.names):
        said = {"views": ", ".join(unknown)[:200]}
        raise Problem(422, "unknown_view", errors=(At("/views", "unknown_view", params=said, where="query"),))
    require_room(who)
    told = _events(call_of(request.scope), parts, who, frozenset(wanted), seconds, last_event_id)
    return StreamingResponse(told, media_type="text/event-stream", headers=HEADERS)


async def _events(
    call: Call, kit: Kit, who: Principal, wanted: frozenset[str], seconds: int, last: int | None
) -> AsyncIterator[bytes]:
    """The stream, until its time is over, the process is to end, or the credential no longer holds."""
    loop = asyncio.get_running_loop()
    ends_at, beats_at = loop.time() + seconds, loop.time() + HEARTBEAT_SECONDS
    with counted(who):
        async with kit.watcher.listening(who.tenant_id) as tenant:
            yield b"retry: %d\n\n" % RETRY_MILLISECONDS
            sent = dict(tenant.changed)
            seen = {"views": {name: tenant.seen.get(name, 0) for name in sorted(wanted)}}
            yield framed("views", seen, max(tenant.seen.values(), default=0))
            if last is not None:
                for name in sorted(_missed(tenant, wanted, last)):
                    yield _hint(tenant, name)
            while not (kit.stopping or kit.watcher.closed) and loop.time() < ends_at:
                news = tenant.news
                for name in sorted(wanted & tenant.changed.keys()):
                    if sent.get(name) != tenant.changed[name]:
                        sent[name] = tenant.changed[name]
                        yield _hint(tenant, name)
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), min(TICK_SECONDS, max(0.0, ends_at - loop.time())))
                if loop.time() >= beats_at:
                    beats_at = loop.time() + HEARTBEAT_SECONDS
                    if (code := await _no_longer(call, who)) is not None:
                        yield framed("end", {"code": code})
                        return
                    yield b": alive\n\n"


def _missed(tenant: Tenant, wanted: frozenset[str], last: int) -> set[str]:
    """What may have changed since that position: all that moved, when it is from before this process looked."""
    if last < (tenant.begun or 0):
        return {name for name in wanted if tenant.seen.get(name, 0) > last}
    return {name for name in wanted if tenant.changed.get(name, 0) > last}


def _hint(tenant: Tenant, name: str) -> bytes:
    position = tenant.changed.get(name, tenant.seen.get(name, 0))
    return framed("view", {"view": name, "position": position}, position)


async def _no_longer(call: Call, who: Principal) -> str | None:
    """Why this stream must end: the code of the problem the same request would now be answered with."""
    try:
        await still(call, who, PATH)
    except Problem as problem:
        return None if problem.status == 503 else problem.code
    return None
