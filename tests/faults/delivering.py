"""Real workers that deliver, on a database of the test's own; each may be killed, stopped, thawed. The test folds."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from services.webhooks.by_system import FACTS
from services.webhooks.endpoint import WebhookEndpoint
from services.webhooks.events import WebhookProof
from services.webhooks.views import ENDPOINTS
from shared.event_store.connections import WORK
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.privacy.vault import Vault
from shared.projections.follow import catch_up
from shared.projections.tables import prepare
from shared.settings import Settings
from shared.testing.database import pool_of_all
from shared.webhooks.networks import allow
from shared.webhooks.secrets import new_key
from shared.webhooks.vaulted import SealedSecrets
from tests.deliveries.flowing import Log
from tests.stack import ROOT
from tests.webhooks.receivers import LOOPBACK
from tests.webhooks.steps import registered, told

KEY = re.compile(r"\bkey=(\d+)")


@dataclass(eq=False)
class Worker:
    """One process. What it said names the key by which it holds flows."""

    process: asyncio.subprocess.Process
    output: Path

    @property
    def key(self) -> int | None:
        found = KEY.search(self.output.read_text())
        return None if found is None else int(found.group(1))

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    async def kill(self) -> None:
        self.signal(signal.SIGKILL)
        await self.process.wait()


@dataclass
class Workers:
    """`log` is the company's; `pool` sees everything."""

    url: str
    data: Path
    log: Log
    pool: asyncpg.Pool[Any]
    running: list[Worker] = field(default_factory=list)

    async def start(self) -> None:
        environment = os.environ | {"DATABASE_URL": self.url, "DAKEHU_DATA": str(self.data), "NO_COLOR": "1"}
        path = self.data / f"worker-{uuid4()}.log"
        with path.open("wb") as output:
            command = (sys.executable, "-m", "services.work", "deliveries")
            process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env=environment, stdout=output, stderr=output
            )
        self.running.append(Worker(process, path))

    async def kill(self, worker: Worker) -> None:
        self.running.remove(worker)
        await worker.kill()

    async def endpoint(self, **said: Any) -> UUID:
        """One on record, proven."""
        store, tenant_id = self.log.store, self.log.tenant_id
        stream = registered(datetime.now(UTC), id=uuid4(), **said)
        stream.prove(WebhookProof.PING, stream.standing["url"], at=datetime.now(UTC))
        vault = Vault(self.pool, Vault.master_key(Settings(data=self.data)))
        await SealedSecrets(self.pool, vault.keys).put(tenant_id, stream.id, 1, "v1", new_key())
        self.log.last += len(stream.pending_events)
        await told(store, Repository(store, WebhookEndpoint, facts=FACTS, baselines=0), tenant_id, stream)
        await catch_up(self.pool, (ENDPOINTS,))
        return stream.id

    async def holder(self, flow_id: UUID) -> Worker | None:
        """Who delivers a flow."""
        key = await self.pool.fetchval("select holder from delivery.flows where flow_id = $1", flow_id)
        return next((worker for worker in self.running if key is not None and worker.key == key), None)


@asynccontextmanager
async def workers(url: str, data: Path) -> AsyncIterator[Workers]:
    """None runs yet; all are gone at the end."""
    async with pool_of_all(url, most=4) as pool, await EventStore.open(url, writers=1, reads_as=WORK) as store:
        tenant_id = uuid4()
        await store.open_tenant(tenant_id)
        await prepare(pool, (ENDPOINTS,))
        for network in LOOPBACK:
            await allow(pool, tenant_id, network)
        these = Workers(url, data, Log(store, tenant_id), pool)
        try:
            yield these
        finally:
            for worker in these.running:
                await worker.kill()
