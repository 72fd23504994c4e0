"""One endpoint on a log of its own, a worker, and a receiver that answers as the test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from shared.webhooks.endpoint import Endpoint
from tests.deliveries.flowing import Clock, Log, Registry, log_of, until, working
from tests.webhooks.receivers import Receiver, Request, receiver, says

Event = dict[str, Any]
Answer = Callable[[Event], int | tuple[int, dict[str, str]]]
"""What the receiver says to an event: a status, and headers if need be."""


def taken(event: Event) -> int:
    return 204


@dataclass
class Scene:
    log: Log
    registry: Registry
    clock: Clock
    theirs: Receiver
    answer: Answer
    endpoint: Endpoint
    events: list[Event] = field(default_factory=list)
    """Those that were answered with 2xx, as they came."""
    pool: asyncpg.Pool[Any] = None  # type: ignore[assignment]

    @property
    def id(self) -> UUID:
        return self.endpoint.endpoint_id

    @property
    def positions(self) -> list[int]:
        return [event["position"] for event in self.events]

    @property
    def requests(self) -> Sequence[Request]:
        return self.theirs.requests

    async def flow(self) -> Any:
        return await self.pool.fetchrow("select * from delivery.flows where flow_id = $1", self.id)

    async def told(self) -> list[str]:
        """The notices, in order."""
        rows = await self.pool.fetch("select kind from delivery.notices where endpoint_id = $1 order by at", self.id)
        return [row["kind"] for row in rows]

    async def tried(self, position: int) -> list[tuple[int, int | None]]:
        """Number and status of each attempt."""
        rows = await self.pool.fetch(
            "select number, status from delivery.attempts where endpoint_id = $1 and position = $2 order by at, number",
            self.id,
            position,
        )
        return [(row["number"], row["status"]) for row in rows]

    async def arrive(self, *positions: int) -> None:
        """Until just these have arrived."""
        await until(lambda: len(self.events) >= len(positions), f"{positions}, not {self.positions}")
        assert sorted(self.positions) == sorted(positions)

    async def asked(self, count: int) -> None:
        """Until so many requests came, and no more follows at once."""
        await until(lambda: len(self.requests) >= count, f"{count} requests")
        await self.quiet()
        assert len(self.requests) == count

    async def quiet(self) -> None:
        """A few looks of the worker later."""
        await asyncio.sleep(0.6)


@asynccontextmanager
async def scene(database_url: str, answer: Answer = taken, **said: Any) -> AsyncIterator[Scene]:
    """Nobody works yet: `async with at_work(scene)`."""
    here: Scene

    async def answers(request: Request, writer: asyncio.StreamWriter) -> None:
        event = json.loads(request.body)
        found = here.answer(event)
        status, headers = found if isinstance(found, tuple) else (found, {})
        if 200 <= status < 300:
            here.events.append(event)
        await says(status, b"", tuple(headers.items()))(request, writer)

    registry, clock = Registry(), Clock()
    async with log_of(database_url) as log, receiver(answers) as theirs:
        here = Scene(log, registry, clock, theirs, answer, registry.add(log.tenant_id, theirs.url, **said))
        yield here


@asynccontextmanager
async def at_work(here: Scene, **around: Any) -> AsyncIterator[None]:
    """A worker delivers as long as the block runs."""
    usual: dict[str, Any] = {"clock": here.clock}
    async with working(here.log.store.database_url, here.registry, **usual | around) as pool:
        here.pool = pool
        yield
