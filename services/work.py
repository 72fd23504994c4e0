"""The worker: folds the views of all services, runs their operations, delivers events to webhooks.

`python -m services.work [views] [operations] [deliveries]`: all, or only some, in processes of their own. Any number
may run. Losing the database is not an end: it comes back, and the work goes on where it stood. Composition root: it
finds `services.<service>.views.VIEWS` and `services.<service>.operations.OPERATIONS`; it knows no business.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

import asyncpg
import structlog

import services
from services.beside import beside_deliveries
from services.deliveries import engine
from shared.event_store import connections, hints
from shared.event_store.store import EventStore
from shared.http.exports import FILE as TABLE
from shared.http.exports import HOLDS
from shared.http.exports import KIND as EXPORT
from shared.identity.current_tenant import as_tenant
from shared.jobs import Handler, Resources, Runner
from shared.jobs.kept import forget_kept
from shared.jobs.operations import CHANNEL as OPERATIONS_CHANNEL
from shared.postgres.embedded import EmbeddedPostgresFailed
from shared.postgres.url import database_url
from shared.privacy.contents import Contents
from shared.privacy.vault import Vault
from shared.projections import Follower, View
from shared.projections.leases import RENEW_SECONDS, Leases
from shared.projections.tables import prepare_each
from shared.settings import Settings, settings
from shared.webhooks.engine import Engine
from shared.work_health import Health

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.25
IDLE_POLL_SECONDS = 1.0
IDLE_AFTER_SECONDS = 10.0
OPERATIONS_POLL_SECONDS = 1.0
RECONNECT_SECONDS = 0.5
FORGET_SECONDS = 3_600.0
"""How often idempotency keys that are past their days are looked for."""
HEADS_SECONDS = 86_400.0
"""How often the head of each log is told."""
OPERATIONS_AT_ONCE = 2
FOLDS_AT_ONCE = 2
DELIVERY_CONNECTIONS = 6
BESIDE_CONNECTIONS = 2
PARTS = ("views", "operations", "deliveries")
STATEMENT_TIMEOUT_MS = 60_000

SESSION = connections.SESSION | {"application_name": "dakehu work", "statement_timeout": str(STATEMENT_TIMEOUT_MS)}
PRESENCE = SESSION | {"role": connections.WORK}

AWAY = (
    OSError,
    TimeoutError,
    EmbeddedPostgresFailed,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # lost between two messages of one statement
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, crashed, starting
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby that is not yet promoted
    asyncpg.InvalidCatalogNameError,  # nobody has made the database yet
    asyncpg.InvalidSchemaNameError,  # nobody has migrated it yet
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedObjectError,
)
"""The database is not there, or not ready: wait and connect again."""

CROWDED = (asyncpg.TransactionRollbackError, asyncpg.LockNotAvailableError)
"""Another transaction was in the way: try again on the same connections."""


def views() -> list[View]:
    """Every service's views."""
    return [view for module in _of_each_service("views") for view in module.VIEWS]


def operations() -> dict[str, Handler]:
    """Every service's kinds of operation."""
    return {kind: handler for module in _of_each_service("operations") for kind, handler in module.OPERATIONS.items()}


def _of_each_service(name: str) -> list[Any]:
    packages = [f"services.{found.name}" for found in iter_modules(services.__path__) if found.ispkg]
    return [import_module(f"{package}.{name}") for package in packages if find_spec(f"{package}.{name}")]


class Worker:
    """One process's work, until `stop` is set."""

    def __init__(
        self,
        views: Collection[View],
        handlers: Mapping[str, Handler],
        settings: Settings,
        *,
        deliveries: bool = False,
    ) -> None:
        self.views = views
        self.handlers = handlers
        self.settings = settings
        self.deliveries = deliveries
        self.stop = asyncio.Event()
        self.health = Health()
        self._news = asyncio.Event()
        self._orders = asyncio.Event()
        self._tokens: dict[tuple[str, int, int], int] = {}
        self._engine: Engine | None = None

    async def run(self) -> None:
        """Work; when the database goes away, come back with it."""
        async with self.health.served(self.settings.host, self.settings.work_port):
            while not self.stop.is_set():
                try:
                    await self._session()
                except* AWAY as errors:
                    self.health.ready = False
                    log.warning("database_away", error=str(errors.exceptions[0]))
                    await _first(self.stop.wait(), timeout=RECONNECT_SECONDS)

    async def _session(self) -> None:
        url = await database_url(self.settings)
        async with AsyncExitStack() as stack:
            pool = await stack.enter_async_context(_pool(url, FOLDS_AT_ONCE + OPERATIONS_AT_ONCE + 2))
            presence = await asyncpg.connect(url, server_settings=PRESENCE, timeout=connections.CONNECT_TIMEOUT_S)
            stack.push_async_callback(_close, presence)
            sound = await prepare_each(pool, self.views)
            leases = Leases(presence, sound, f"{socket.gethostname()}:{os.getpid()}")
            await leases.open()
            await presence.add_listener(hints.CHANNEL, lambda *_: self._hear())
            await presence.add_listener(OPERATIONS_CHANNEL, lambda *_: self._orders.set())
            works = self.handlers or self.deliveries
            store = await stack.enter_async_context(await EventStore.open(url, writers=1)) if works else None
            resources = Resources(store, self.settings) if store else None
            runner = Runner(pool, self.handlers, resources=resources)
            async with asyncio.TaskGroup() as group:
                if sound:
                    self._tokens = await leases.renew()
                    group.create_task(self._keep_leases(leases))
                    group.create_task(self._follow(Follower(pool, sound, concurrency=FOLDS_AT_ONCE)))
                    group.create_task(self.health.watch(pool, sound, self.stop))
                if store is not None and self.handlers:
                    group.create_task(self._forget(store))
                    group.create_task(self._tell_heads(store))
                if store is not None and self.deliveries:
                    group.create_task(self._deliver(url, store, leases.key))
                    group.create_task(self._beside(url))
                runs = [group.create_task(self._operate(runner, leases.key)) for _ in range(OPERATIONS_AT_ONCE)]
                log.info(
                    "working",
                    views=len(sound),
                    operations=sorted(self.handlers),
                    deliveries=self.deliveries,
                    key=leases.key,
                )
                self.health.ready = True
                await self.stop.wait()
                self.health.ready = False
                for run in runs:  # an operation cut short goes on from its checkpoint, in another worker
                    run.cancel()
            await leases.close()

    async def _keep_leases(self, leases: Leases) -> None:
        while not self.stop.is_set():
            await _first(self.stop.wait(), timeout=RENEW_SECONDS)
            with suppress(*CROWDED):
                self._tokens = await leases.renew()

    async def _forget(self, store: EventStore) -> None:
        """Forget idempotency keys when their days are over, else they would outgrow the log of a busy tenant; files
        that were exported a day ago; and bytes of attachments that came to nothing."""
        contents = Contents(store.pool, Vault(store.pool, Vault.master_key(self.settings)))
        while not self.stop.is_set():
            with suppress(*CROWDED):
                if forgotten := await store.forget_commands(datetime.now(UTC) - timedelta(self.settings.key_days)):
                    log.info("keys_forgotten", count=forgotten)
                for tenant in await store.tenants():
                    with as_tenant(tenant):
                        await forget_kept(store.pool, tenant, EXPORT, TABLE, datetime.now(UTC) - HOLDS)
                        await contents.sweep(tenant)
            await _first(self.stop.wait(), timeout=FORGET_SECONDS)

    async def _tell_heads(self, store: EventStore) -> None:
        """Each day a line with the head of each tenant's log: kept elsewhere, it shows a chain that was rewritten."""
        while not self.stop.is_set():
            with suppress(*CROWDED):
                for tenant in await store.tenants():
                    with as_tenant(tenant):
                        head = await store.head(tenant)
                    log.info("log_head", tenant=str(tenant), position=head.position, hash=head.hash.hex())
            await _first(self.stop.wait(), timeout=HEADS_SECONDS)

    async def _follow(self, follower: Follower) -> None:
        """Fold whenever there is news; the poll is the truth, the hint only makes it early."""
        loop = asyncio.get_running_loop()
        busy = loop.time()
        while not self.stop.is_set():
            self._news.clear()
            try:
                moved = await follower.run_once(self._tokens)
            except* CROWDED as errors:
                log.info("fold_crowded_out", error=str(errors.exceptions[0]))
                moved = False
            if moved:
                busy = loop.time()
                continue
            pause = POLL_SECONDS if loop.time() - busy < IDLE_AFTER_SECONDS else IDLE_POLL_SECONDS
            await _first(self._news.wait(), self.stop.wait(), timeout=pause)

    def _hear(self) -> None:
        self._news.set()
        if self._engine is not None:
            self._engine.hint()

    async def _deliver(self, url: str, store: EventStore, key: int) -> None:
        """Deliver this worker's share, over connections of its own: no fold waits for a receiver's events."""
        async with _pool(url, DELIVERY_CONNECTIONS) as pool, engine(pool, store, self.settings, key) as self._engine:
            while not self.stop.is_set():
                try:
                    await self._engine.run(self.stop)
                except* CROWDED as errors:
                    log.info("delivery_crowded_out", error=str(errors.exceptions[0]))

    async def _beside(self, url: str) -> None:
        """Notices, gauges and old attempts, over connections of their own."""
        async with _pool(url, BESIDE_CONNECTIONS) as pool:
            while not self.stop.is_set():
                try:
                    await beside_deliveries(pool, self.settings, self.stop)
                except* CROWDED as errors:
                    log.info("beside_deliveries_crowded_out", error=str(errors.exceptions[0]))

    async def _operate(self, runner: Runner, key: int) -> None:
        while not self.stop.is_set():
            self._orders.clear()
            if not await runner.run_one(key):
                await _first(self._orders.wait(), self.stop.wait(), timeout=OPERATIONS_POLL_SECONDS)


async def _first(*waits: Any, timeout: float) -> None:
    """Until one of them is done, or the time is over."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


@asynccontextmanager
async def _pool(url: str, size: int) -> AsyncIterator[asyncpg.Pool]:
    pool = await connections.pool(url, connections.WORK, settings=SESSION, least=1, most=size)
    try:
        yield pool
    finally:
        pool.terminate()  # nothing is under way here unless the database is gone; then a farewell would hang


async def _close(connection: asyncpg.Connection[Any]) -> None:
    connection.terminate()


async def run(parts: Collection[str] = PARTS) -> None:
    """Work until SIGTERM or SIGINT."""
    worker = Worker(
        views() if "views" in parts else [],
        operations() if "operations" in parts else {},
        settings(),
        deliveries="deliveries" in parts,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop.set)
    await worker.run()


def main() -> None:
    parts = sys.argv[1:] or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        usage = " ".join(f"[{part}]" for part in PARTS)
        raise SystemExit(f"usage: python -m services.work {usage}; not {' '.join(sorted(unknown))}")
    asyncio.run(run(parts))


if __name__ == "__main__":
    main()
