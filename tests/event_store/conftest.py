"""A store on the worker's database, and short words for commands."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.event_store.command import Claim, Command, RecordedFact, StreamAppend
from shared.event_store.connections import WORK
from shared.event_store.store import EventStore

NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
PRINCIPAL = UUID(int=7)


def fact(type: str = "ThingHappened", *, at: datetime = NOW, **data: Any) -> RecordedFact:
    return RecordedFact(type, 1, json.dumps(data).encode(), at)


def append(stream_id: UUID, expected: int, *facts: RecordedFact) -> StreamAppend:
    return StreamAppend("thing", stream_id, expected, facts or (fact(),))


def command(
    tenant_id: UUID,
    *appends: StreamAppend,
    key: str | None = None,
    fingerprint: bytes = b"first",
    claims: tuple[Claim, ...] = (),
    releases: tuple[Claim, ...] = (),
    status: int = 201,
    code: str = "ok",
    principal_id: UUID = PRINCIPAL,
) -> Command:
    metadata = json.dumps({"actor": str(principal_id), "correlation": str(uuid4()), "key": key}).encode()
    return Command(tenant_id, principal_id, key, fingerprint, status, code, appends, claims, releases, metadata)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with await EventStore.open(database_url, readers=4, reads_as=WORK) as store:
        yield store


@pytest.fixture
async def tenant(store: EventStore) -> UUID:
    """A tenant of this test alone, opened."""
    tenant_id = uuid4()
    await store.open_tenant(tenant_id)
    return tenant_id
