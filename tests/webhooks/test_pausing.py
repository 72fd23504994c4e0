"""Deliveries pause an endpoint on its record: once, in nobody's name, and never over what somebody decided."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.webhooks.by_system import DELIVERIES, FACTS, pause
from services.webhooks.endpoint import WebhookEndpoint
from services.webhooks.events import WebhookPause, WebhookStatus
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from tests.webhooks.steps import BEGAN, proven, told

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
LATER = BEGAN + timedelta(days=3)
LAST = "select type, metadata ->> 'actor' as actor from es.events where tenant_id = $1 order by position desc limit 1"


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with await EventStore.open(database_url, writers=1) as store:
        yield store


async def paused(store: EventStore, tenant_id: UUID, endpoint_id: UUID, by: WebhookPause) -> bool:
    with as_tenant(tenant_id):
        return await pause(store, tenant_id, endpoint_id, by, reason="410", at=LATER)


async def standing(store: EventStore, tenant_id: UUID, endpoint_id: UUID) -> dict[str, Any]:
    with as_tenant(tenant_id):
        stream = await Repository(store, WebhookEndpoint, facts=FACTS).load(tenant_id, endpoint_id)
    assert stream is not None
    return stream.standing


async def test_it_is_paused_once_in_nobodys_name(store: EventStore, pool: Pool) -> None:
    tenant_id, endpoint = uuid4(), proven()
    await store.open_tenant(tenant_id)
    await told(store, Repository(store, WebhookEndpoint, facts=FACTS), tenant_id, endpoint)
    assert await paused(store, tenant_id, endpoint.id, WebhookPause.GONE)
    said = await standing(store, tenant_id, endpoint.id)
    assert (said["status"], said["paused_by"]) == (WebhookStatus.PAUSED, WebhookPause.GONE)
    row = await pool.fetchrow(LAST, tenant_id)
    assert row is not None
    assert (row["type"], row["actor"]) == ("WebhookEndpointPaused", str(DELIVERIES))
    assert not await paused(store, tenant_id, endpoint.id, WebhookPause.FAILING)
    assert (await standing(store, tenant_id, endpoint.id))["paused_by"] is WebhookPause.GONE


async def test_what_a_person_decided_stays(store: EventStore) -> None:
    tenant_id, endpoint, gone = uuid4(), proven(), proven(id=UUID(int=8))
    endpoint.pause(WebhookPause.PERSON, reason=None, at=BEGAN)
    gone.remove(reason=None, at=BEGAN)
    await store.open_tenant(tenant_id)
    repository = Repository(store, WebhookEndpoint, facts=FACTS)
    for stream in (endpoint, gone):
        await told(store, repository, tenant_id, stream)
    for id in (endpoint.id, gone.id, uuid4()):
        assert not await paused(store, tenant_id, id, WebhookPause.FAILING)
    assert (await standing(store, tenant_id, endpoint.id))["paused_by"] is WebhookPause.PERSON
    assert (await standing(store, tenant_id, gone.id))["status"] is WebhookStatus.REMOVED
