"""`dakehu webhook-networks`: where a tenant's webhooks may go beside public addresses. The operator's alone to say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from services.tenants.standing import tenants
from shared.event_store import connections
from shared.event_store.store import EventStore
from shared.postgres.url import database_url
from shared.settings import Settings
from shared.webhooks.networks import allow, allowed_networks, forbid
from shared.webhooks.sending import Network

Say = Callable[[str], None]


async def webhook_networks(
    settings: Settings,
    tenant_id: UUID,
    say: Say,
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    ports: Iterable[int] = (),
    note: str | None = None,
) -> None:
    """Open and close networks, all or none of them, then say which are open.

    Raises ValueError: one is not a network, or never opened; there is no such tenant.
    """
    opened = [Network.of(cidr, *ports) for cidr in add]
    closed = [Network.of(cidr) for cidr in remove]
    address = await database_url(settings)
    async with await EventStore.open(address, writers=1, reads_as=connections.WORK) as store:
        if tenant_id not in {tenant.tenant_id for tenant in await tenants(store)}:
            raise ValueError(f"no tenant {tenant_id} was opened")
        async with store.pool.acquire() as connection, connection.transaction():
            for network in opened:
                if await allow(connection, tenant_id, network, note=note):
                    say(f"Opened {network.cidr}.")
            for network in closed:
                say(f"Closed {network.cidr}." if await forbid(connection, tenant_id, network) else "It was not open.")
        rows = await allowed_networks(store.pool, tenant_id)
    if not rows:
        say("Public addresses alone, by https, port 443.")
    for row in rows:
        where = ", ".join(map(str, sorted(row.network.ports))) or "every port"
        say(f"{row.network.cidr!s:<24} {where:<24} since {row.made_at:%Y-%m-%d}  {row.note or ''}".rstrip())
