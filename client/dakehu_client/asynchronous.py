"""The asynchronous client: the same calls, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, Literal, Self, TypeVar
from uuid import uuid4

import httpx

from dakehu_client import calling
from dakehu_client.answers import Answer, BatchSummary, Event, Page, RowOutcome, Snapshot
from dakehu_client.calling import Came, Send, Step, Wait
from dakehu_client.cursors import Cursor
from dakehu_client.errors import Busy, Unreachable
from dakehu_client.retrying import Retries
from dakehu_client.streams import SILENCE_SECONDS, Place

T = TypeVar("T")


class AsyncClient:
    """Speaks to one installation as one principal. For one event loop.

    `token`: an API key or a bearer token, or what gives one each time it is awaited (a login that expires).
    """

    def __init__(
        self,
        base_url: str,
        token: str | Callable[[], Awaitable[str]],
        *,
        retries: Retries | None = None,
        timeout: float = 30.0,
        language: Literal["zh-CN", "en"] = "en",
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._token = token
        self._retries = retries or Retries()
        self._sleep = sleep
        self._timeout = timeout
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=timeout, transport=transport, headers={"accept-language": language}
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    # -- calls -------------------------------------------------------------------------------------------

    async def get(self, path: str, **params: Any) -> Answer:
        """A read: `get("/v1/pipeline", as_of="2026-01-31", from_="2026-01-01")`."""
        return await self._run(calling.read(path, params, self._retries))

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        if_match: int | str | None = None,
        on_behalf_of: str | None = None,
    ) -> Answer:
        """A command, under one key however often it must be sent. Give `key` to make it safe beyond this process."""
        return await self._run(
            calling.command("POST", path, body, self._retries, key=key, if_match=if_match, on_behalf_of=on_behalf_of)
        )

    async def put(
        self, path: str, body: Any = None, *, key: str | None = None, on_behalf_of: str | None = None
    ) -> Answer:
        """The same for a PUT: `put("/v1/accounts/by-ref/erp/K-1007", {"name": "…"})`."""
        return await self._run(
            calling.command("PUT", path, body, self._retries, key=key, if_match=None, on_behalf_of=on_behalf_of)
        )

    async def items(self, path: str, **params: Any) -> AsyncIterator[Mapping[str, Any]]:
        """All items of a list in pages."""
        after: str | None = None
        while True:
            page = await self.get(path, **params, after=after)
            for item in page["items"]:
                yield item
            after = page["next"]
            if after is None:
                return

    async def inbound(
        self,
        noun: str,
        rows: Iterable[Mapping[str, Any]],
        *,
        key: str | None = None,
        on_refusal: Literal["hold", "continue"] = "hold",
    ) -> BatchSummary:
        """Tell facts of a noun (`orders`, `invoices` …), a thousand at a time. Sent again under the same `key` nothing
        is done twice."""
        outcomes: list[RowOutcome] = []
        for first, name, lines in calling.batches(rows, key or uuid4().hex):
            outcomes += await self._run(calling.batch(noun, first, name, lines, self._retries, on_refusal=on_refusal))
        return BatchSummary(outcomes)

    # -- the feed ----------------------------------------------------------------------------------------

    async def page(self, after: str | int | None = None, *, wait: int = 0, **wanted: Any) -> Page:
        """One page of the feed after a cursor or a position. `wanted`: types, subject, unit_id, changed, limit."""
        return await self._run(calling.page(after, wanted, self._retries, wait=wait))

    async def pages(self, cursor: Cursor, *, follow: bool = True, **wanted: Any) -> AsyncIterator[Page]:
        """Pages from the place kept; each is saved when the next is asked for. Ends at the end unless `follow`."""
        after = cursor.load()
        while True:
            page = await self.page(after, wait=calling.LONGEST_WAIT_SECONDS if follow else 0, **wanted)
            if page.events or page.cursor != after:
                yield page
                cursor.save(page.cursor)
            if not page.events and not follow and page.cursor == after:
                return
            after = page.cursor

    async def events(self, cursor: Cursor, *, follow: bool = True, **wanted: Any) -> AsyncIterator[Event]:
        """Every event once, and again those of the page that was not finished when the process ended."""
        async for page in self.pages(cursor, follow=follow, **wanted):
            for event in page.events:
                yield event

    async def stream(self, cursor: Cursor, **wanted: Any) -> AsyncIterator[Event]:
        """Events as they are recorded, by server-sent events; saved one by one when the next is asked for.

        Comes back by itself after a break, and pages when it is far behind. Raises StreamEnded, CursorGone.
        """
        place = Place(cursor.load())
        attempt = 0
        while True:
            place.opened()
            try:
                async for line in self._lines(place, wanted):
                    attempt = 0
                    before = place.cursor
                    for event in place.line(line):
                        yield event
                    if place.cursor is not None and place.cursor != before:
                        cursor.save(place.cursor)
            except (httpx.TransportError, Busy) as error:
                attempt += 1
                wait = self._retries.wait(attempt, error.retry_after if isinstance(error, Busy) else None)
                if wait is None:
                    if isinstance(error, Busy):
                        raise
                    raise Unreachable("the stream could not be opened again") from error
                await self._sleep(wait)
            else:
                if not place.behind:
                    await self._sleep(place.again_seconds)
            if place.behind:
                async for event in self.events(cursor, follow=False, **wanted):
                    yield event
                place = Place(cursor.load())

    async def snapshot(self, *, at_position: int | None = None, **wanted: Any) -> Snapshot:
        """How records stand (`subject_type`), all at one position, and the cursor from which the feed goes on."""
        records: list[Mapping[str, Any]] = []
        after: str | None = None
        while True:
            part, after = await self._run(
                calling.snapshot_page(after, {**wanted, "at_position": at_position}, self._retries)
            )
            records += part.records
            if after is None:
                return Snapshot(records, part.cursor)

    # -- carrying out ------------------------------------------------------------------------------------

    async def _headers(self) -> dict[str, str]:
        token = self._token if isinstance(self._token, str) else await self._token()
        return {"authorization": f"Bearer {token}"}

    async def _lines(self, place: Place, wanted: Mapping[str, Any]) -> AsyncIterator[str]:
        """The lines of one connection, until it ends."""
        headers = await self._headers() | ({} if place.cursor is None else {"last-event-id": place.cursor})
        timeout = httpx.Timeout(self._timeout, read=SILENCE_SECONDS)
        async with self._http.stream(
            "GET", "/v1/events/stream", params=place.params(calling.given(wanted)), headers=headers, timeout=timeout
        ) as response:
            if response.status_code != 200:
                await response.aread()
                raise calling.not_opened(response)
            async for line in response.aiter_lines():
                yield line

    async def _run(self, steps: Generator[Step, Came, T]) -> T:
        """Carry the steps of a call out."""
        came: Came = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration as done:
                value: T = done.value
                return value
            match step:
                case Send():
                    try:
                        came = await self._http.request(
                            step.method,
                            step.path,
                            params=dict(step.params),
                            headers={**step.headers, **await self._headers()},
                            content=step.content,
                            timeout=step.timeout or self._timeout,
                        )
                    except httpx.TransportError as error:
                        came = error
                case Wait():
                    await self._sleep(step.seconds)
                    came = None


__all__: Sequence[str] = ("AsyncClient",)
