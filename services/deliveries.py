"""What the worker's deliveries stand on: the registry of endpoints, the organisation, the vault, the way out.

Composition root: it knows all services, and no rule.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.accounts.views.people import PEOPLE
from services.accounts.views.units import UNITS
from services.feed.scopes import SCOPES
from services.webhooks.by_system import FACTS, pause
from services.webhooks.endpoint import WebhookEndpoint
from services.webhooks.endpoints import endpoint_of, open_endpoints
from services.webhooks.events import WebhookPause, WebhookStatus
from services.webhooks.views import ENDPOINTS
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from shared.identity.organisation import Organisation
from shared.identity.sight import Sight
from shared.privacy.vault import Vault
from shared.settings import Settings
from shared.webhooks.endpoint import Endpoint
from shared.webhooks.engine import Engine
from shared.webhooks.networks import allowed
from shared.webhooks.payload import Persons
from shared.webhooks.persons import persons
from shared.webhooks.posting import Poster
from shared.webhooks.sending import Networks
from shared.webhooks.surroundings import Surroundings
from shared.webhooks.vaulted import SealedSecrets

# Removed ones as long as there is something left of them.
REMOVED = f"""
select v.* from {ENDPOINTS.table} v
  join delivery.flows f on f.tenant_id = v.tenant_id and f.flow_id = v.stream_id and f.state in ('running', 'paused')
 where v.to_at is null and v.status = 'removed'
"""  # noqa: S608 - constants only
REASONS = {"gone": "the receiver answered 410", "failing": "nothing got through for days"}


class Deliveries:
    """`pool` sees the rows of all tenants; `store` those of the tenant that is asked for."""

    def __init__(self, pool: Any, store: EventStore, settings: Settings) -> None:
        self._pool = pool
        self._store = store
        self._organisation = Organisation(units=UNITS, people=PEOPLE)
        self._vault = Vault(pool, Vault.master_key(settings))
        self._sealed = SealedSecrets(pool, self._vault.keys)

    def around(self, sender: Poster) -> Surroundings:
        return Surroundings(
            load=self._load,
            signing=self._sealed.of,
            sight=self._sight,
            allowed=self._allowed,
            pause=self._pause,
            sender=sender,
            scopes=SCOPES,
            clock=lambda: datetime.now(UTC),
            persons=self._persons,
        )

    async def _load(self) -> list[Endpoint]:
        removed = [endpoint_of(row) for row in await self._pool.fetch(REMOVED)]
        return [*await open_endpoints(self._pool), *removed]

    async def _sight(self, endpoint: Endpoint) -> Sight:
        if endpoint.unit_id is None:
            return Sight(everything=True)
        units = await self._organisation.below(self._pool, endpoint.tenant_id, endpoint.unit_id)
        return Sight(everything=False, unit_ids=units)

    async def _allowed(self, tenant_id: UUID) -> Networks:
        return await allowed(self._pool, tenant_id)

    async def _persons(self, endpoint: Endpoint, event: Mapping[str, Any]) -> Persons:
        return await persons(self._pool, self._vault, endpoint, event)

    async def _pause(self, endpoint: Endpoint, by: str) -> int | None:
        with as_tenant(endpoint.tenant_id):
            await pause(
                self._store,
                endpoint.tenant_id,
                endpoint.endpoint_id,
                WebhookPause(by),
                reason=REASONS[by],
                at=datetime.now(UTC),
            )
            repository = Repository(self._store, WebhookEndpoint, facts=FACTS, baselines=0)
            stands: WebhookEndpoint | None = await repository.load(endpoint.tenant_id, endpoint.endpoint_id)
        return None if stands is None or stands.status is WebhookStatus.OPEN else stands.version


@asynccontextmanager
async def engine(pool: Any, store: EventStore, settings: Settings, key: int) -> AsyncIterator[Engine]:
    """What delivers, and its way out as long as the block runs."""
    async with Poster(proxy=settings.webhook_proxy) as sender:
        yield Engine(pool, key, Deliveries(pool, store, settings).around(sender))
