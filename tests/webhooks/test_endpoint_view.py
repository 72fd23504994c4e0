"""What deliveries read of endpoints: the view says what the streams say, folded in any split, and as known then."""

from __future__ import annotations

import random
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.webhooks import events
from services.webhooks.endpoint import WebhookEndpoint
from services.webhooks.endpoints import endpoints_of, open_endpoints
from services.webhooks.events import WebhookStatus
from services.webhooks.views import ENDPOINTS
from shared.event_store import connections
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.testing.views import assert_live_equals_rebuild, fold_in_random_splits
from shared.webhooks.endpoint import Endpoint, Place, SecretKnown, Skip
from tests.webhooks.steps import lived, told

FACTS = registry(events)


def expected(tenant_id: UUID, stream: WebhookEndpoint) -> Endpoint:
    """The endpoint, from its stream, in plain Python."""
    said = stream.standing
    skip = said["skip"]
    return Endpoint(
        tenant_id=tenant_id,
        endpoint_id=stream.id,
        version=stream.version,
        name=said["name"],
        url=said["url"],
        status=said["status"].value,
        start=Place(said["start"].epoch, said["start"].position),
        unit_id=said["unit_id"],
        types=None if said["types"] is None else frozenset(said["types"]),
        changed=None if said["changed"] is None else frozenset(said["changed"]),
        imported=said["imported"],
        payload=said["payload"].value,
        fields=said["fields"],
        personal=said["personal"],
        schema_versions=said["schema_versions"],
        rate=said["rate"],
        ordered=said["ordered"].value,
        skip=None if skip is None else Skip(skip.version, Place(skip.epoch, skip.position)),
        paused_by=None if said["paused_by"] is None else said["paused_by"].value,
        changed_at=stream.latest,
        secrets=tuple(
            SecretKnown(number, secret.kind.value, secret.made_at, secret.expires_at)
            for number, secret in stream.secrets.items()
        ),
        headers=said["headers"],
        headers_version=said["headers_version"],
        notices=said["notices"],
    )


@pytest.mark.parametrize("seed", range(4))
async def test_any_split_of_the_log_gives_what_the_streams_say(
    database_url: str, pool: asyncpg.Pool, seed: int
) -> None:
    tenant_id, chance = uuid4(), random.Random(seed)
    streams = [lived(chance) for _ in range(6)]
    async with await EventStore.open(database_url, writers=1) as store:
        await store.open_tenant(tenant_id)
        repository = Repository(store, WebhookEndpoint, facts=FACTS)
        for stream in streams:
            await told(store, repository, tenant_id, stream)
    await fold_in_random_splits(pool, (ENDPOINTS,), tenant_id, seed=seed, steps=5)
    await assert_live_equals_rebuild(pool, (ENDPOINTS,), tenant_id)
    there = [stream for stream in streams if stream.status is not WebhookStatus.REMOVED]
    some = [stream.id for stream in streams[:3]]
    settings = connections.SESSION
    async with connections.pool(database_url, connections.WORK, settings=settings, least=1, most=1) as worker:
        found = {one.endpoint_id: one for one in await open_endpoints(worker) if one.tenant_id == tenant_id}
        assert found == {stream.id: expected(tenant_id, stream) for stream in there}
        assert {one.endpoint_id for one in await endpoints_of(worker, tenant_id, some)} == {*some} & found.keys()
        assert await endpoints_of(worker, uuid4(), some) == []
