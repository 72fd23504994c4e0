"""Health and metrics of a worker, on a port of its own. Serves three paths and decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress

import asyncpg
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.projections import View, status
from shared.telemetry import VIEW_LAG_EVENTS, VIEW_LAG_SECONDS, VIEW_PARKED

WATCH_SECONDS = 5.0
READ_SECONDS = 5.0


class Health:
    """`/livez`: the loop turns. `/readyz`: the database is there and work goes on. `/metrics`: lag and parking."""

    def __init__(self) -> None:
        self.ready = False

    @asynccontextmanager
    async def served(self, host: str, port: int | None) -> AsyncIterator[None]:
        """Serve while the block runs; not at all without a port."""
        if port is None:
            yield
            return
        async with await asyncio.start_server(self._answer, host, port):
            yield

    async def watch(self, pool: asyncpg.Pool, views: Collection[View], stop: asyncio.Event) -> None:
        """Keep the gauges of the views up to date."""
        while not stop.is_set():
            for view in await status(pool, views):
                VIEW_LAG_EVENTS.labels("work", view.name).set(view.lag_events)
                VIEW_LAG_SECONDS.labels("work", view.name).set(view.lag_seconds)
                VIEW_PARKED.labels("work", view.name).set(view.parked)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), WATCH_SECONDS)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), READ_SECONDS)
            path = head.split(b" ", 2)[1].split(b"?")[0] if head.count(b" ") > 1 else b""
            status_line, kind, body = self._page(path)
            writer.write(
                b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
                % (status_line, kind.encode(), len(body))
                + body
            )
            await writer.drain()
        writer.close()

    def _page(self, path: bytes) -> tuple[bytes, str, bytes]:
        match path:
            case b"/livez":
                return b"200 OK", "text/plain", b"live\n"
            case b"/readyz":
                return (
                    (b"200 OK", "text/plain", b"ready\n")
                    if self.ready
                    else (b"503 Service Unavailable", "text/plain", b"the database is away\n")
                )
            case b"/metrics":
                return b"200 OK", CONTENT_TYPE_LATEST, generate_latest()
        return b"404 Not Found", "text/plain", b"there are /livez, /readyz and /metrics\n"
