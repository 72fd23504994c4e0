"""The log refuses to be changed; changed by force, it shows."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.event_store.command import BrokenLog, StoredFact
from shared.event_store.store import EventStore
from shared.event_store.verify import verify
from tests.event_store.conftest import append, command, fact

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
async def log(store: EventStore, tenant: UUID) -> EventStore:
    """Thirty events in three streams."""
    streams = [uuid4() for _ in range(3)]
    for n in range(30):
        await store.append(command(tenant, append(streams[n % 3], n // 3, fact("Sold", amount=f"{n}.50")), key=str(n)))
    return store


@pytest.fixture
async def intruder(store: EventStore) -> AsyncIterator[asyncpg.Connection[Any]]:
    """Someone with the rights of the database's owner and no respect for triggers."""
    connection = await asyncpg.connect(store.database_url)
    yield connection
    await connection.close()


async def test_a_whole_log_is_whole(log: EventStore, tenant: UUID) -> None:
    for chunk in (1, 7, 30, 1000):
        report = await verify(log, tenant, chunk=chunk)
        assert report.ok
        assert (report.head, report.events) == (30, 30)
    assert (await verify(log, uuid4())).events == 0


@pytest.mark.parametrize(
    "statement",
    ["update es.events set data = '{}'", "delete from es.events", "truncate es.events",
     "update es.events set version = 1 where false"],
)  # fmt: skip
async def test_the_log_is_append_only(log: EventStore, intruder: asyncpg.Connection[Any], statement: str) -> None:
    with pytest.raises(asyncpg.PostgresError, match="append-only") as refused:
        await intruder.execute(statement)
    assert refused.value.sqlstate == "DK001"


async def test_the_application_has_no_right_to_change_the_log(
    log: EventStore, tenant: UUID, intruder: asyncpg.Connection[Any]
) -> None:
    await intruder.execute(f"set role dakehu_app; set app.tenant = '{tenant}'")
    assert await intruder.fetchval("select count(*) from es.events where tenant_id = $1", tenant) == 30
    for statement in ("update es.events set data = '{}'", "delete from es.events", "truncate es.events",
                      "drop trigger append_only on es.events"):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await intruder.execute(statement)


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ('update es.events set data = data || \'{"amount": "1000"}\' where position = 12', {"chain"}),
        ("update es.events set metadata = '{}' where position = 12", {"chain"}),
        ("update es.events set occurred_at = occurred_at - interval '1 us' where position = 12", {"chain"}),
        ("update es.events set type = 'Bought' where position = 12", {"chain"}),
        ("update es.events set schema_version = 2 where position = 30", {"chain"}),
        ("update es.events set recorded_at = recorded_at - interval '1 day' where position = 12", {"chain"}),
        ("update es.events set hash = sha256('x') where position = 1", {"chain"}),
        ("delete from es.events where position = 12", {"hole", "chain", "versions", "answer"}),
        ("delete from es.events where position = 1", {"hole", "chain", "versions", "answer"}),
        ("update es.events set stream_type = 'other' where position = 12", {"chain", "versions"}),
        ("update es.events set version = 40 where position = 30", {"chain", "versions"}),
    ],
)
async def test_tampering_shows(
    log: EventStore, tenant: UUID, intruder: asyncpg.Connection[Any], change: str, kinds: set[str]
) -> None:
    await intruder.execute("set session_replication_role = replica")
    await intruder.execute(f"{change} and tenant_id = '{tenant}'")
    for chunk in (5, 1000):
        assert {fault.kind for fault in (await verify(log, tenant, chunk=chunk)).faults} == kinds


async def test_a_reader_of_a_log_with_a_hole_is_told(
    log: EventStore, tenant: UUID, intruder: asyncpg.Connection[Any]
) -> None:
    await intruder.execute("set session_replication_role = replica")
    await intruder.execute("delete from es.events where position = 12 and tenant_id = $1", tenant)
    assert len(await log.read(tenant, 0, 11)) == 11
    for after, limit in ((0, 12), (11, 1), (5, 100)):
        with pytest.raises(BrokenLog):
            await log.read(tenant, after, limit)


async def test_the_chain_can_be_recomputed_by_anyone(log: EventStore, tenant: UUID) -> None:
    texts = await log.pool.fetch(
        "select data::text as data, metadata::text as metadata from es.events where tenant_id = $1 order by position",
        tenant,
    )
    previous = hashlib.sha256(tenant.bytes).digest()
    for event, text in zip(await log.read(tenant, 0, 100), texts, strict=True):
        previous = _hash(previous, event, text["data"], text["metadata"])
        assert event.hash == previous


def _hash(previous: bytes, event: StoredFact, data: str, metadata: str) -> bytes:
    def micros(at: datetime) -> bytes:
        return ((at - EPOCH) // timedelta(microseconds=1)).to_bytes(8, "big", signed=True)

    return hashlib.sha256(
        previous
        + event.position.to_bytes(8, "big")
        + event.stream_id.bytes
        + event.version.to_bytes(4, "big")
        + micros(event.occurred_at)
        + micros(event.recorded_at)
        + event.schema_version.to_bytes(2, "big")
        + "\n".join((event.stream_type, event.type, data, metadata)).encode()
    ).digest()
