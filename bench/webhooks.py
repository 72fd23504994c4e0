"""Deliveries of a real worker to a real receiver: how many a second, and how soon after the commit."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from bench.commands import prospects
from bench.figure import Figure, bounded, figure, median
from bench.ground import Ground, Place, free_port, say, serving
from bench.load import percentile
from services.webhooks.by_system import FACTS
from services.webhooks.commands import RegisterEndpoint, RemoveEndpoint
from services.webhooks.endpoint import WebhookEndpoint
from services.webhooks.events import WebhookPlace, WebhookProof
from shared.event_store.command import Command, RecordedFact, StreamAppend
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.identity.tokens import SAMPLE_PERSON, SAMPLE_TENANT
from shared.privacy.vault import Vault
from shared.webhooks.networks import allow
from shared.webhooks.schedule import FIRST_PACE
from shared.webhooks.secrets import new_key
from shared.webhooks.sending import Network
from shared.webhooks.vaulted import SealedSecrets

EVENTS_A_SECOND = 100
PATIENCE_SECONDS = 120.0
DELIVERED = "select delivered from delivery.flows where tenant_id = $1 and flow_id = $2"
TOOK = """
select count(*) - 1 as events, extract(epoch from max(at) - min(at))::float8 as seconds
  from delivery.attempts where tenant_id = $1 and endpoint_id = $2 and status = 204
"""
# `at` is when it was sent, `recorded_at` is taken before the commit.
AFTER = """
select (extract(epoch from a.at - e.recorded_at) * 1000 + a.took_ms)::float8 as ms
  from delivery.attempts a
  join es.events e on e.tenant_id = a.tenant_id and e.position = a.position
 where a.tenant_id = $1 and a.endpoint_id = $2 and a.status = 204
"""
EVENT = msgspec.json.encode(
    {"changes": {"level": "A"}, "standing": {"level": "A", "title": "项目", "lines": [{"units": 10}]}}
)


async def deliveries(ground: Ground, *, rounds: int, seconds: float, events: int) -> list[Figure]:
    """A backlog of `events` to one endpoint, beside a bare httpx loop; then events as they come."""
    place = await ground.place("webhooks")
    await prospects(place, events)
    port = free_port()
    receiver = ground.start(["-m", "bench.receiver", str(port)], log="receiver")
    url = f"http://127.0.0.1:{port}/"
    worker = ground.start(
        serving("work"),
        {"DATABASE_URL": place.database_url, "DAKEHU_DATA": str(place.data), "DAKEHU_LOG_LEVEL": "warning"},
        log="work",
    )
    ours, theirs, ratios, waits = [], [], [], []
    async with place.store(writers=1) as store:
        await allow(store.pool, SAMPLE_TENANT, Network.of("127.0.0.0/8"))
        body = await _body(store)
        for turn in range(rounds):
            ours.append(await _backlog(place, store, url, events))
            theirs.append(await _bare(url, body, seconds))
            ratios.append(ours[-1] / theirs[-1])
            say(f"webhooks, round {turn + 1}: {ours[-1]:.0f}/s beside {theirs[-1]:.0f}/s")
            waits.append(await _as_they_come(place, store, url, seconds))
            say(f"webhooks, round {turn + 1}: p50 {percentile(waits[-1], 0.5):.1f} ms after the commit")
    assert (worker.poll(), receiver.poll()) == (None, None), "a process ended"
    sizes = {"events": events, "rounds": rounds, "body_bytes": len(body)}
    conditions = {"processes": "worker, receiver and PostgreSQL on the same CPUs", "bare_httpx_tasks": int(FIRST_PACE)}
    value = {
        "p50_ms": median([percentile(run, 0.5) for run in waits]),
        "p99_ms": median([percentile(run, 0.99) for run in waits]),
    }
    return [
        figure("deliveries_per_second", median(ours), median(theirs), median(ratios), at_least=0.5, sizes=sizes,
               conditions=conditions),
        bounded("commit_to_2xx", value, {"p99_ms": 1_000.0}, sizes={"events_per_second": EVENTS_A_SECOND,
                "rounds": rounds, "seconds_a_run": seconds}, conditions=conditions),
    ]  # fmt: skip


async def _backlog(place: Place, store: EventStore, url: str, events: int) -> float:
    """Deliveries a second of all there is."""
    id = await _endpoint(place, store, url, types=["ProspectCaptured"], start=0)
    await _delivered(store, id, events)
    row = await store.pool.fetchrow(TOOK, SAMPLE_TENANT, id)
    await _remove(store, id)
    assert row is not None
    return float(row["events"] / row["seconds"])


async def _as_they_come(place: Place, store: EventStore, url: str, seconds: float) -> list[float]:
    """Milliseconds from the commit to the answer, of each event."""
    head = await store.head(SAMPLE_TENANT)
    id = await _endpoint(place, store, url, types=["ThingHappened"], start=head.position)
    await _delivered(store, id, 0)
    number, began = int(EVENTS_A_SECOND * seconds), time.monotonic()
    for n in range(number):
        await asyncio.sleep(max(0.0, began + n / EVENTS_A_SECOND - time.monotonic()))
        fact = RecordedFact("ThingHappened", 1, EVENT, datetime.now(UTC))
        append = StreamAppend("thing", uuid4(), 0, (fact,))
        await store.append(Command(SAMPLE_TENANT, SAMPLE_PERSON, None, None, 201, "ok", (append,)))
    await _delivered(store, id, number)
    rows = await store.pool.fetch(AFTER, SAMPLE_TENANT, id)
    await _remove(store, id)
    return [row["ms"] for row in rows]


async def _bare(url: str, body: bytes, seconds: float) -> float:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bare_posts", url, str(int(FIRST_PACE)), str(seconds),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate(body)
    return float(said)


async def _body(store: EventStore) -> bytes:
    """As long as what is delivered."""
    (fact,) = await store.read(SAMPLE_TENANT, (await store.head(SAMPLE_TENANT)).position - 1, 1)
    return msgspec.json.encode([fact.data, fact.metadata, " " * 500])


async def _endpoint(place: Place, store: EventStore, url: str, *, types: list[str], start: int) -> UUID:
    """One on record, proven."""
    command = RegisterEndpoint.model_validate({"name": "ERP", "url": url, "types": types})
    at, id = datetime.now(UTC), uuid4()
    endpoint = WebhookEndpoint.register(id, command, start=WebhookPlace(1, start), at=at)
    endpoint.prove(WebhookProof.PING, url, at=at)
    sealed = SealedSecrets(store.pool, Vault(store.pool, Vault.master_key(place.settings())).keys)
    await sealed.put(SAMPLE_TENANT, id, 1, "v1", new_key())
    await _tell(store, endpoint)
    return id


async def _remove(store: EventStore, id: UUID) -> None:
    endpoint: Any = await Repository(store, WebhookEndpoint, facts=FACTS, baselines=0).load(SAMPLE_TENANT, id)
    endpoint.remove(reason=RemoveEndpoint().reason, at=datetime.now(UTC))
    await _tell(store, endpoint)


async def _tell(store: EventStore, endpoint: WebhookEndpoint) -> None:
    append = Repository(store, WebhookEndpoint, facts=FACTS, baselines=0).appends(endpoint)
    outcome = await store.append(Command(SAMPLE_TENANT, SAMPLE_PERSON, None, None, 200, "ok", (append,)))
    assert outcome.kind == "ok", outcome


async def _delivered(store: EventStore, id: UUID, events: int) -> None:
    """Until the flow has delivered so many; with 0, until it is there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with suppress(asyncpg.UndefinedTableError):
            found = await store.pool.fetchval(DELIVERED, SAMPLE_TENANT, id)
            if found is not None and found >= events:
                return
        if time.monotonic() > deadline:
            raise RuntimeError("the worker does not deliver")
        await asyncio.sleep(0.05)
