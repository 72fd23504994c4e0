"""Deliveries in the test's own process: a log with records, endpoints given by hand, real receivers on the loopback."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from shared.event_store import connections
from shared.event_store.command import Command, RecordedFact, StreamAppend
from shared.event_store.store import EventStore
from shared.feed.scopes import COMPANY
from shared.identity.sight import Sight
from shared.webhooks.endpoint import Endpoint, Place
from shared.webhooks.engine import Engine
from shared.webhooks.posting import Poster
from shared.webhooks.secrets import Secret, new_key
from shared.webhooks.sending import Networks, Sends
from shared.webhooks.surroundings import Surroundings
from shared.webhooks.vaulted import Signing
from tests.webhooks.receivers import LOOPBACK

NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
PATIENCE_SECONDS = 30.0
AT_ONCE = 500


@dataclass
class Clock:
    """Goes on by itself, and further when told."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@dataclass
class Log:
    """One tenant's log, written by hand: streams of a made-up type."""

    store: EventStore
    tenant_id: UUID
    versions: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))
    positions: dict[UUID, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Of each stream."""
    last: int = 0

    async def add(self, *streams: UUID, type: str = "ThingHappened", **data: Any) -> int:
        """One event for each, in order; the last position."""
        body = json.dumps({"changes": data, "standing": data}).encode()
        metadata = json.dumps({"actor": str(self.tenant_id), "correlation": str(uuid4())}).encode()
        commands = []
        for stream in streams:
            append = StreamAppend("thing", stream, self.versions[stream], (RecordedFact(type, 1, body, NOW),))
            commands.append(
                Command(self.tenant_id, self.tenant_id, None, None, 201, "ok", (append,), metadata=metadata)
            )
            self.versions[stream] += 1
            self.last += 1
            self.positions[stream].append(self.last)
        for first in range(0, len(commands), AT_ONCE):
            outcomes = await self.store.append_all(commands[first : first + AT_ONCE])
            assert {outcome.kind for outcome in outcomes} == {"ok"}, outcomes
        return self.last


@dataclass
class Registry:
    """Endpoints as the test says."""

    endpoints: dict[UUID, Endpoint] = field(default_factory=dict)
    signing: dict[UUID, Signing] = field(default_factory=dict)
    paused: list[tuple[UUID, str]] = field(default_factory=list)
    sights: dict[UUID, Sight] = field(default_factory=dict)

    def add(self, tenant_id: UUID, url: str, **said: Any) -> Endpoint:
        usual: dict[str, Any] = {"name": "ERP", "status": "open", "start": Place(1, 0), "version": 1}
        endpoint = Endpoint(tenant_id=tenant_id, endpoint_id=uuid4(), url=url, **usual | said)
        self.endpoints[endpoint.endpoint_id] = endpoint
        secret = Secret(endpoint.endpoint_id, 1, "v1", new_key(), NOW)
        self.signing[endpoint.endpoint_id] = Signing((secret,), {})
        return endpoint

    def change(self, endpoint_id: UUID, **said: Any) -> Endpoint:
        before = self.endpoints[endpoint_id]
        self.endpoints[endpoint_id] = replace(before, version=before.version + 1, **said)
        return self.endpoints[endpoint_id]

    async def load(self) -> list[Endpoint]:
        return list(self.endpoints.values())

    async def signed(self, endpoint: Endpoint) -> Signing | None:
        return self.signing.get(endpoint.endpoint_id)

    async def sight(self, endpoint: Endpoint) -> Sight:
        return self.sights.get(endpoint.endpoint_id, Sight(everything=True))

    async def allowed(self, tenant_id: UUID) -> Networks:
        return LOOPBACK

    async def pause(self, endpoint: Endpoint, reason: str) -> int:
        self.paused.append((endpoint.endpoint_id, reason))
        return self.change(endpoint.endpoint_id, status="paused", paused_by=reason).version


@asynccontextmanager
async def log_of(database_url: str) -> AsyncIterator[Log]:
    async with await EventStore.open(database_url, writers=1, reads_as=connections.WORK) as store:
        tenant_id = uuid4()
        await store.open_tenant(tenant_id)
        yield Log(store, tenant_id)


@asynccontextmanager
async def working(
    database_url: str, registry: Registry, *, sender: Sends | None = None, **around: Any
) -> AsyncIterator[asyncpg.Pool]:
    """A worker that delivers as long as the block runs; its pool."""
    usual: dict[str, Any] = {"clock": Clock(), "chance": lambda: 0.0, "scopes": {"thing": COMPANY}}
    pool = await connections.pool(
        database_url, connections.WORK, settings=connections.READER | {"statement_timeout": "60000"}, least=1, most=6
    )
    presence = await asyncpg.connect(database_url, server_settings={"role": connections.WORK})
    key = random.randrange(1, 2**31)
    await presence.execute("select pg_advisory_lock(7310, $1)", key)
    stop = asyncio.Event()
    async with Poster() as poster:
        surroundings = Surroundings(
            load=registry.load,
            signing=registry.signed,
            sight=registry.sight,
            allowed=registry.allowed,
            pause=registry.pause,
            sender=sender or poster,
            **usual | around,
        )
        work = asyncio.create_task(Engine(pool, key, surroundings).run(stop))
        try:
            yield pool
            assert not work.done(), work.result()
        finally:
            stop.set()
            try:
                await asyncio.wait_for(work, PATIENCE_SECONDS)
            finally:
                await presence.close()
                pool.terminate()


async def until(true: Callable[[], bool] | Callable[[], Any], what: str = "it") -> None:
    """Until it is true; a coroutine function is awaited."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = true()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_SECONDS} s"
        await asyncio.sleep(0.02)
