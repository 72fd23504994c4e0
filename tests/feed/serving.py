"""An app on a real port within the test's loop, as `dakehu` serves it; and its event streams, read line by line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

from shared.http.server import BoundedHead
from tests.stack import free_ports

STREAM = "/v1/events/stream"


class _Server(uvicorn.Server):
    def capture_signals(self) -> Any:
        return nullcontext()


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Its address. Its lifespan is the caller's to run."""
    [port] = free_ports(1)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, http=BoundedHead, lifespan="off", log_config=None, timeout_graceful_shutdown=2
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            assert not serving.done()
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


class Stream:
    """An open stream; `next` gives its next event."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self, seconds: float = 20) -> dict[str, Any]:
        """`event`, `id` and `data`; `over` at the end. Comments are passed over."""
        said: dict[str, Any] = {}
        async with asyncio.timeout(seconds):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if not line and "event" in said:
                    return said
                if line and name:
                    said[name] = json.loads(value) if name == "data" else value
        return {"event": "over"}

    async def events(self, count: int) -> list[dict[str, Any]]:
        """The envelopes of the next events."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            said = await self.next()
            assert said["event"] in ("event", "place"), said
            if said["event"] == "event":
                found.append(said["data"])
        return found


@asynccontextmanager
async def opened(http: httpx.AsyncClient, headers: Mapping[str, str], **query: str) -> AsyncIterator[Stream]:
    async with http.stream("GET", STREAM, headers=dict(headers), params=query) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer)
