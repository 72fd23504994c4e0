"""The feed as server-sent events: GET /v1/events/stream. The same envelope and the same cursors as GET /v1/events.

A stream is a place in the log and no queue: what a client does not read is not gathered for it. Streams share one look
at the end of the log (shared/feed/tail.py), and those that ask the same with the same sight one reading of it.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated
from uuid import UUID
from weakref import WeakKeyDictionary

from fastapi import Header, Query, Request
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from shared.feed.envelope import rendered
from shared.feed.reading import Page, Question, Shown, read
from shared.feed.recent import PORTION_BYTES, Recent
from shared.feed.tail import End
from shared.http import cursors
from shared.http.call import Call, call_of
from shared.http.context import Parts, Who
from shared.http.errors import is_away
from shared.http.feed import After
from shared.http.feed_places import cursor_of, position_of
from shared.http.feed_wishes import Wished
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
from shared.http.problem import Problem
from shared.http.route import Router
from shared.http.server import WIRE, Wire
from shared.identity.principal import Principal
from shared.telemetry import STREAMS_STALLED, logger

router = Router(prefix="/v1", tags=["events"])

PATH = "/v1/events/stream"
HEARTBEAT_SECONDS = 15.0
"""A line so often, whatever happens: what is between keeps the connection, and the client its place."""
CHECK_SECONDS = 5.0
"""Nothing is sent to a credential that was not looked at within this time."""
AGAIN_SECONDS = 1.0
"""After the database was away."""
STALLED_SECONDS = 30.0
"""A client that takes nothing for so long is disconnected: it comes back with its last id, and has missed nothing."""
KERNEL_BYTES = 64 * 1024
"""What the system may hold for one client; left to itself it lets that grow to megabytes."""
MOST_BEHIND = 50_000
"""Who is further behind pages first: a stream is for what happens, not for history."""
CHARGED_ROWS = 100
"""Events are counted against the quota of the day in lots of so many, and at every heartbeat."""


log = logger("streams")

Ask = Callable[[Principal], Awaitable[Question]]
"""What is asked of the feed, with what this principal sees now."""

EVENT = {
    "type": "object",
    "description": "One event of the stream; `data` is JSON.",
    "properties": {
        "event": {"type": "string", "enum": ["event", "place", "resync", "end"]},
        "id": {"type": "string", "description": "The cursor after it: send it back as Last-Event-ID, or as `after`."},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "retry": {"type": "integer"},
    },
    "required": ["event", "data"],
}


@router.get(
    "/events/stream",
    operation_id="events.stream",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "`event: event` with the envelope for each event; `event: place` at first, and when the "
            "place has moved past what is not yours; `event: resync` when you are too far behind: page from its "
            "cursor; `event: end` with a code when the credential no longer holds.",
            "content": {"text/event-stream": {"schema": EVENT}},
        },
        409: problem_response(409),
        410: problem_response(410),
        429: problem_response(429),
        503: problem_response(503),
    },
)
async def stream(
    request: Request,
    who: Who,
    parts: Parts,
    wish: Wished,
    after: After = None,
    seconds: Annotated[int, Query(ge=0, le=LONGEST_SECONDS, description="How long at most.")] = LONGEST_SECONDS,
    last_event_id: Annotated[
        str | None,
        Header(max_length=cursors.MAX_CHARS, description="The `id` of the last event, on coming back: before `after`."),
    ] = None,
) -> StreamingResponse:
    """Events as they are recorded, after a place or from now on."""
    require_room(who)
    head = await parts.store.head(who.tenant_id)
    position = head.position
    if last_event_id:
        position = position_of(parts, who.tenant_id, head, last_event_id, name="Last-Event-ID", where="header")
    elif after is not None:
        position = position_of(parts, who.tenant_id, head, after)
    ask = partial(wish.question, parts)
    return EventStream(call_of(request.scope), who, ask, head.epoch, position, seconds)


class Stalled(Exception):
    """The client has taken nothing for too long."""


class Over(Exception):
    """The stream ends with this said; None: as its time is over, or the client has gone."""

    def __init__(self, said: bytes | None = None) -> None:
        self.said = said


class EventStream(StreamingResponse):
    """An open stream: who reads, what, and how far they are."""

    def __init__(self, call: Call, who: Principal, ask: Ask, epoch: int, position: int, seconds: float) -> None:
        super().__init__((), media_type="text/event-stream", headers=HEADERS)
        self._call = call
        self._kit = call.kit
        self._who = who
        self._ask = ask
        self._epoch = epoch
        self._position = self._told = position
        self._seconds = seconds
        self._owed = 0
        self._gone: asyncio.Task[None]
        self._send: Send

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._send = send
        wire: Wire | None = scope.get("extensions", {}).get(WIRE, {}).get("wire")
        if wire is not None:
            wire.narrow(kernel=KERNEL_BYTES, process=PORTION_BYTES)
        self._gone = asyncio.create_task(_gone(receive), name="stream's client")
        try:
            require_room(self._who)  # who asked at the same moment may have taken it
            with counted(self._who):
                async with self._kit.tail.listening(self._who.tenant_id) as end:
                    question = await self._ask(self._who)  # what fails until here is answered as a problem
                    await self._put({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                    said = b""
                    try:
                        await self._run(end, question)
                    except Over as over:
                        said = over.said or self._place()
                await self._put({"type": "http.response.body", "body": said, "more_body": False})
        except Stalled:
            STREAMS_STALLED.labels(self._kit.service).inc()
            if wire is not None:
                wire.cut()
            await asyncio.wait((self._gone,), timeout=AGAIN_SECONDS)
        finally:
            self._gone.cancel()

    async def _run(self, end: End, question: Question) -> None:
        """Raises Over."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._seconds
        beats_at = loop.time() + HEARTBEAT_SECONDS
        checked = loop.time()
        await self._tell(b"retry: %d\n\n" % RETRY_MILLISECONDS + self._place(always=True))
        while True:
            now, news = loop.time(), end.news
            if self._kit.tail.ending or self._gone.done() or now >= ends_at:
                raise Over
            try:
                behind = self._behind(end)
                if now >= beats_at or (behind and now >= checked + CHECK_SECONDS):
                    self._who = await still(self._call, self._who, PATH)
                    question, checked = await self._ask(self._who), now
                if behind:
                    await self._catch_up(question, end.position)
                if now >= beats_at or self._owed >= CHARGED_ROWS:
                    await self._charge()
            except Problem as problem:
                if problem.status != 503:
                    raise Over(framed("end", {"code": problem.code})) from problem
                await asyncio.wait((self._gone,), timeout=AGAIN_SECONDS)
                continue
            except Exception as error:
                if not is_away(error):
                    raise
                log.info("feed not read", error=type(error).__name__)  # the place is kept; the next reading goes on
                await asyncio.wait((self._gone,), timeout=AGAIN_SECONDS)
                continue
            if now >= beats_at:
                beats_at = now + HEARTBEAT_SECONDS
                await self._tell(self._place() or b": alive\n\n")
            if self._position >= end.position:
                left = max(0.0, min(beats_at, ends_at) - loop.time())
                await asyncio.wait((self._gone, news), timeout=left, return_when=asyncio.FIRST_COMPLETED)
            else:
                await asyncio.sleep(0)

    def _behind(self, end: End) -> bool:
        """Whether there is more. Raises Over where it is not to be streamed."""
        if end.epoch != self._epoch:
            raise Over(framed("end", {"code": "cursor_of_another_epoch"}))
        if end.position - self._position > MOST_BEHIND:
            cursor = self._cursor()
            raise Over(framed("resync", {"cursor": cursor, "position": self._position, "head": end.position}, cursor))
        return end.position > self._position

    async def _catch_up(self, question: Question, head: int) -> None:
        portion = await _recent(self._kit).after(self._who.tenant_id, self._epoch, question, self._position, head)
        if portion.events:
            await self._tell(portion.body)
            self._told = portion.last
            self._owed += portion.events
        self._position = portion.upto

    async def _charge(self) -> None:
        """Count what was sent against the quota of the day. Raises Problem (429) when that is used up."""
        owed, self._owed = self._owed, 0
        if owed:
            known = len(self._call.headers)
            try:
                await self._kit.quotas.take(self._kit.pool, self._call, self._who, owed)
            finally:
                del self._call.headers[known:]  # they went out with the first byte

    def _cursor(self) -> str:
        return cursor_of(self._kit, self._who.tenant_id, self._epoch, self._position)

    def _place(self, *, always: bool = False) -> bytes:
        """Where the stream is, if the client does not know from its last event."""
        if self._told == self._position and not always:
            return b""
        self._told, cursor = self._position, self._cursor()
        return framed("place", {"cursor": cursor, "position": self._position}, cursor)

    async def _tell(self, said: bytes) -> None:
        await self._put({"type": "http.response.body", "body": said, "more_body": True})

    async def _put(self, message: Message) -> None:
        """Raises Stalled when what was sent before is still not taken."""
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await self._send(message)
        except TimeoutError:
            raise Stalled from None


async def _gone(receive: Receive) -> None:
    """Returns once the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


_recents: WeakKeyDictionary[Kit, Recent] = WeakKeyDictionary()


def _recent(kit: Kit) -> Recent:
    """What the streams of one service share."""
    found = _recents.get(kit)
    if found is None:
        away = weakref.proxy(kit)  # else it would keep itself
        found = _recents[kit] = Recent(partial(_page, away), partial(_rendered, away))
    return found


async def _page(
    kit: Kit, tenant_id: UUID, epoch: int, question: Question, *, after: int, upto: int, limit: int
) -> Page:
    return await read(
        kit.pool, tenant_id, epoch, question, kit.scopes, after=after, upto=upto, limit=limit, lanes=False
    )


def _rendered(kit: Kit, tenant_id: UUID, epoch: int, shown: Shown) -> bytes:
    cursor = cursor_of(kit, tenant_id, epoch, shown.position)
    return b"event: event\nid: %b\ndata: %b\n\n" % (cursor.encode(), rendered(shown.body))
