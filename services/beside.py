"""What the worker does beside deliveries: tells notices, sets gauges, forgets old attempts. Composition root."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from random import random
from typing import Any

from services.webhooks.endpoints import open_endpoints
from shared.privacy.vault import Vault
from shared.settings import Settings
from shared.webhooks import beside
from shared.webhooks.networks import allowed
from shared.webhooks.posting import Poster
from shared.webhooks.telling import Teller
from shared.webhooks.vaulted import SealedSecrets


async def beside_deliveries(pool: Any, settings: Settings, stop: asyncio.Event) -> None:
    """Until `stop`. `pool` sees the rows of all tenants. Raises what the database raises."""
    sealed = SealedSecrets(pool, Vault(pool, Vault.master_key(settings)).keys)
    async with Poster(proxy=settings.webhook_proxy) as sender:
        teller = Teller(pool, sender, sealed, open_endpoints, allowed, lambda: datetime.now(UTC), random)
        await beside.beside(pool, teller, stop, attempt_days=settings.attempt_days)
