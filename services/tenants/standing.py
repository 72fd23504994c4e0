"""Which tenants there are and how they stand; suspends and resumes them by facts of their streams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from services.accounts.tenant import Tenant
from services.tenants.opening import FACTS, OPERATOR
from shared.event_store.command import Command
from shared.event_store.repository import Repository
from shared.event_store.store import EventStore

MOST_TRIES = 5

LIST = """
select h.tenant_id, first.data->>'name' as name, first.data->>'zone' as zone, first.occurred_at as opened_at,
       coalesce(last.data->'standing'->>'status', 'open') as status, head.position, head.recorded_at
  from es.heads h
  left join es.events first on first.tenant_id = h.tenant_id and first.stream_id = h.tenant_id and first.version = 1
  left join lateral (
    select e.data from es.events e
     where e.tenant_id = h.tenant_id and e.stream_id = h.tenant_id order by e.version desc limit 1) last on true
  left join lateral (
    select e.position, e.recorded_at from es.events e
     where e.tenant_id = h.tenant_id order by e.position desc limit 1) head on true
 order by first.occurred_at nulls last, h.tenant_id
"""


class NoSuchTenant(Exception):
    """No tenant of this id was opened."""


@dataclass(frozen=True, slots=True)
class TenantStands:
    """One tenant. `name` is None when its opening was cut short: open it again, or delete it."""

    tenant_id: UUID
    name: str | None
    zone: str | None
    opened_at: datetime | None
    status: str
    position: int
    last_at: datetime | None


async def tenants(store: EventStore) -> list[TenantStands]:
    """All of them, the oldest first."""
    return [
        TenantStands(
            UUID(bytes=row["tenant_id"].bytes),
            row["name"],
            row["zone"],
            row["opened_at"],
            row["status"],
            row["position"] or 0,
            row["recorded_at"],
        )
        for row in await store.all_tenants.fetch(LIST)
    ]


async def suspend(store: EventStore, tenant_id: UUID, reason: str) -> bool:
    """Refuse every request of the tenant from now on; False when it was suspended. Raises NoSuchTenant."""
    return await record(store, tenant_id, lambda tenant, at: tenant.suspend(reason, at=at))


async def resume(store: EventStore, tenant_id: UUID) -> bool:
    """Let the tenant in again; False when it was open. Raises NoSuchTenant."""
    return await record(store, tenant_id, lambda tenant, at: tenant.resume(at=at))


async def record(store: EventStore, tenant_id: UUID, act: Callable[[Tenant, datetime], None]) -> bool:
    """What `act` records on the tenant's stream; False when that is nothing. Raises NoSuchTenant, Refused."""
    for _ in range(MOST_TRIES):
        repository = Repository(store, Tenant, facts=FACTS)
        tenant = await repository.load(tenant_id, tenant_id)
        if tenant is None:
            raise NoSuchTenant(f"no tenant {tenant_id} was opened")
        at = await store.all_tenants.fetchval("select clock_timestamp()")  # one clock, whoever types the command
        act(tenant, at)
        appends = repository.appends(tenant)
        if not appends.facts:
            return False
        metadata = msgspec.json.encode({"actor": OPERATOR, "correlation": tenant_id})
        outcome = await store.append(Command(tenant_id, OPERATOR, None, None, 200, "ok", (appends,), metadata=metadata))
        if outcome.kind == "ok":
            return True
    raise RuntimeError("the tenant's stream is being changed by others: try again")
