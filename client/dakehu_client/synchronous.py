"""The synchronous client."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
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


class Client:
    """Speaks to one installation as one principal. Safe to share between threads, as httpx is.

    `token`: an API key or a bearer token, or what gives one each time it is asked (a login that expires).
    """

    def __init__(
        self,
        base_url: str,
        token: str | Callable[[], str],
        *,
        retries: Retries | None = None,
        timeout: float = 30.0,
        language: Literal["zh-CN", "en"] = "en",
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._token = token if callable(token) else lambda: token
        self._retries = retries or Retries()
        self._sleep = sleep
        self._timeout = timeout
        self._http = httpx.Client(
            base_url=base_url, timeout=timeout, transport=transport, headers={"accept-language": language}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # -- calls -------------------------------------------------------------------------------------------

    def get(self, path: str, **params: Any) -> Answer:
        """A read: `get("/v1/pipeline", as_of="2026-01-31", from_="2026-01-01")`."""
        return self._run(calling.read(path, params, self._retries))

    def post(
        self,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        if_match: int | str | None = None,
        on_behalf_of: str | None = None,
    ) -> Answer:
        """A command, under one key however often it must be sent. Give `key` to make it safe beyond this process."""
        return self._run(
            calling.command("POST", path, body, self._retries, key=key, if_match=if_match, on_behalf_of=on_behalf_of)
        )

    def put(self, path: str, body: Any = None, *, key: str | None = None, on_behalf_of: str | None = None) -> Answer:
        """The same for a PUT: `put("/v1/accounts/by-ref/erp/K-1007", {"name": "…"})`."""
        return self._run(
            calling.command("PUT", path, body, self._retries, key=key, if_match=None, on_behalf_of=on_behalf_of)
        )

    def items(self, path: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        """All items of a list in pages."""
        after: str | None = None
        while True:
            page = self.get(path, **params, after=after)
            yield from page["items"]
            after = page["next"]
            if after is None:
                return

    def inbound(
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
            outcomes += self._run(calling.batch(noun, first, name, lines, self._retries, on_refusal=on_refusal))
        return BatchSummary(outcomes)

    # -- the feed ----------------------------------------------------------------------------------------

    def page(self, after: str | int | None = None, *, wait: int = 0, **wanted: Any) -> Page:
        """One page of the feed after a cursor or a position. `wanted`: types, subject, unit_id, changed, limit."""
        return self._run(calling.page(after, wanted, self._retries, wait=wait))

    def pages(self, cursor: Cursor, *, follow: bool = True, **wanted: Any) -> Iterator[Page]:
        """Pages from the place kept; each is saved when the next is asked for. Ends at the end unless `follow`."""
        after = cursor.load()
        while True:
            page = self.page(after, wait=calling.LONGEST_WAIT_SECONDS if follow else 0, **wanted)
            if page.events or page.cursor != after:
                yield page
                cursor.save(page.cursor)
            if not page.events and not follow and page.cursor == after:
                return
            after = page.cursor

    def events(self, cursor: Cursor, *, follow: bool = True, **wanted: Any) -> Iterator[Event]:
        """Every event once, and again those of the page that was not finished when the process ended."""
        for page in self.pages(cursor, follow=follow, **wanted):
            yield from page.events

    def stream(self, cursor: Cursor, **wanted: Any) -> Iterator[Event]:
        """Events as they are recorded, by server-sent events; saved one by one when the next is asked for.

        Comes back by itself after a break, and pages when it is far behind. Raises StreamEnded, CursorGone.
        """
        place = Place(cursor.load())
        attempt = 0
        while True:
            place.opened()
            try:
                for line in self._lines(place, wanted):
                    attempt = 0
                    before = place.cursor
                    yield from place.line(line)
                    if place.cursor is not None and place.cursor != before:
                        cursor.save(place.cursor)
            except (httpx.TransportError, Busy) as error:
                attempt += 1
                wait = self._retries.wait(attempt, error.retry_after if isinstance(error, Busy) else None)
                if wait is None:
                    if isinstance(error, Busy):
                        raise
                    raise Unreachable("the stream could not be opened again") from error
                self._sleep(wait)
            else:
                if not place.behind:
                    self._sleep(place.again_seconds)
            if place.behind:
                yield from self.events(cursor, follow=False, **wanted)
                place = Place(cursor.load())

    def snapshot(self, *, at_position: int | None = None, **wanted: Any) -> Snapshot:
        """How records stand (`subject_type`), all at one position, and the cursor from which the feed goes on."""
        records: list[Mapping[str, Any]] = []
        after: str | None = None
        while True:
            part, after = self._run(calling.snapshot_page(after, {**wanted, "at_position": at_position}, self._retries))
            records += part.records
            if after is None:
                return Snapshot(records, part.cursor)

    # -- carrying out ------------------------------------------------------------------------------------

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token()}"}

    def _lines(self, place: Place, wanted: Mapping[str, Any]) -> Iterator[str]:
        """The lines of one connection, until it ends."""
        headers = self._headers() | ({} if place.cursor is None else {"last-event-id": place.cursor})
        timeout = httpx.Timeout(self._timeout, read=SILENCE_SECONDS)
        with self._http.stream(
            "GET", "/v1/events/stream", params=place.params(calling.given(wanted)), headers=headers, timeout=timeout
        ) as response:
            if response.status_code != 200:
                response.read()
                raise calling.not_opened(response)
            yield from response.iter_lines()

    def _run(self, steps: Generator[Step, Came, T]) -> T:
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
                        came = self._http.request(
                            step.method,
                            step.path,
                            params=dict(step.params),
                            headers={**step.headers, **self._headers()},
                            content=step.content,
                            timeout=step.timeout or self._timeout,
                        )
                    except httpx.TransportError as error:
                        came = error
                case Wait():
                    self._sleep(step.seconds)
                    came = None


__all__: Sequence[str] = ("Client",)
