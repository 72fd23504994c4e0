"""What deliveries themselves put on an endpoint's record: that they stopped, and why. The rules are the endpoint's."""

from __future__ import annotations

from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from services.webhooks import events
from services.webhooks.endpoint import WebhookEndpoint
from services.webhooks.events import WebhookPause
from shared.event_store.command import Command
from shared.event_store.facts import registry
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore

DELIVERIES = uuid5(NAMESPACE_URL, "dakehu:deliveries")
"""Who acts in the facts that deliveries record: nobody of the tenant."""
FACTS = registry(events)
METADATA = msgspec.json.encode({"actor": str(DELIVERIES), "machine": True})


async def pause(
    store: EventStore, tenant_id: UUID, endpoint_id: UUID, by: WebhookPause, *, reason: str | None, at: datetime
) -> bool:
    """Pause an endpoint for the system. False when it was not open any more, or somebody changed it meanwhile."""
    repository = Repository(store, WebhookEndpoint, facts=FACTS, baselines=0)
    endpoint: WebhookEndpoint | None = await repository.load(tenant_id, endpoint_id)
    if endpoint is None or endpoint.read_only is not None:
        return False
    endpoint.pause(by, reason=reason, at=at)
    if not endpoint.pending_events:
        return False
    append = repository.appends(endpoint)
    outcome = await store.append(Command(tenant_id, DELIVERIES, None, None, 200, "ok", (append,), metadata=METADATA))
    return outcome.kind == "ok"
