"""Networks an operator lets a tenant's endpoints be in. No tenant writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from shared.webhooks.addresses import NEVER
from shared.webhooks.sending import Network

ALLOWED = """
select network::text as cidr, ports, note, made_at from delivery.networks where tenant_id = $1 order by network
"""
ALLOW = """
insert into delivery.networks as n (tenant_id, network, ports, note) values ($1, $2::text::cidr, $3, $4)
on conflict (tenant_id, network) do update set ports = excluded.ports, note = coalesce(excluded.note, n.note)
 where n.ports <> excluded.ports or n.note is distinct from coalesce(excluded.note, n.note)
returning 1
"""
FORBID = "delete from delivery.networks where tenant_id = $1 and network = $2::text::cidr returning 1"

Asked: TypeAlias = "asyncpg.Pool | asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy"


@dataclass(frozen=True, slots=True)
class AllowedNetwork:
    """One row: what an operator opened, since when, and why."""

    network: Network
    note: str | None
    made_at: datetime


class CannotAllow(ValueError):
    """Nobody may be let there."""


async def allowed(on: Asked, tenant_id: UUID) -> frozenset[Network]:
    """Where this tenant's endpoints may be beside public addresses."""
    return frozenset(row.network for row in await allowed_networks(on, tenant_id))


async def allowed_networks(on: Asked, tenant_id: UUID) -> list[AllowedNetwork]:
    """The same as rows, for whoever is shown them."""
    return [
        AllowedNetwork(Network.of(row["cidr"], *row["ports"]), row["note"], row["made_at"])
        for row in await on.fetch(ALLOWED, tenant_id)
    ]


async def allow(on: Asked, tenant_id: UUID, network: Network, *, note: str | None = None) -> bool:
    """Open a network; False: it was open so already. Raises CannotAllow: the machine's own credentials live there.

    For the roles that work for all tenants: the application may not.
    """
    cidr = network.cidr
    if any(cidr.version == block.version and cidr.subnet_of(block) for block in NEVER):  # type: ignore[arg-type]
        raise CannotAllow(f"{cidr} is never sent to: link-local, metadata, multicast or reserved")
    if any(not 0 < port < 65_536 for port in network.ports):
        raise CannotAllow("a port is between 1 and 65535")
    return await on.fetchval(ALLOW, tenant_id, str(cidr), sorted(network.ports), note) is not None


async def forbid(on: Asked, tenant_id: UUID, network: Network) -> bool:
    """Close a network; False: it was not open. What is sent half a minute later is refused."""
    return await on.fetchval(FORBID, tenant_id, str(network.cidr)) is not None
