"""Lets a tenant's first people sign in: the operator trusts an identity provider for it.

Later ones the tenant trusts itself. Goes through the same rule and leaves the same fact as the tenant's own command.
"""

from __future__ import annotations

from uuid import UUID, uuid5

from services.accounts.identity_provider import TrustProvider
from services.tenants.standing import record
from shared.event_store.store import EventStore
from shared.event_store.stream import Refused
from shared.identity.issuers import note


async def trust(store: EventStore, tenant_id: UUID, command: TrustProvider, *, https_only: bool) -> bool:
    """Trust it; False when it was trusted as such. Harmless twice. Raises NoSuchTenant, Refused."""
    provider = command.provider(https_only=https_only)
    said = f"{provider.issuer} {provider.audience} {provider.tenant_value or ''}"
    provider_id = uuid5(tenant_id, f"identity_provider:{said}")
    if not await note(store.pool, tenant_id, provider_id, provider):
        raise Refused("issuer_of_others", "other tenants of this issuer are told apart by another claim, or by none")
    return await record(store, tenant_id, lambda tenant, at: tenant.trust(provider_id, provider, at=at))
