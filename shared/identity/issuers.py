"""The directory of issuers: for which tenants each may vouch. It only leads to the log, which says what is trusted."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID

from shared.identity.current_tenant import as_tenant

OTHERS = """
select exists (
    select from identity.issuers
     where issuer = $1 and audience = $2 and tenant_id <> $3 and (claim <> $4 or claim = '' or value = $5))
"""
NOTE = """
insert into identity.issuers as known (issuer, audience, claim, value, tenant_id, provider_id)
values ($1, $2, $3, $4, $5, $6)
on conflict (issuer, audience, value) do update set claim = excluded.claim, provider_id = excluded.provider_id
 where known.tenant_id = excluded.tenant_id
returning true
"""
FORGET = "delete from identity.issuers where tenant_id = $1 and provider_id = $2"


class Vouching(Protocol):
    """What of a provider says for which tenants its tokens are."""

    @property
    def issuer(self) -> str: ...

    @property
    def audience(self) -> str: ...

    @property
    def tenant_claim(self) -> str | None: ...

    @property
    def tenant_value(self) -> str | None: ...


async def note(pool: Any, tenant_id: UUID, provider_id: UUID, provider: Vouching) -> bool:
    """Note a provider before its fact is appended; without the fact the row opens nothing.

    False when another tenant's tokens could be meant: the same issuer and audience serve several tenants only if the
    same claim tells each of them apart.
    """
    issuer, audience = provider.issuer, provider.audience
    claim, value = provider.tenant_claim or "", provider.tenant_value or ""
    with as_tenant(tenant_id):
        if await pool.fetchval(OTHERS, issuer, audience, tenant_id, claim, value):
            return False
        return bool(await pool.fetchval(NOTE, issuer, audience, claim, value, tenant_id, provider_id))


async def forget(pool: Any, tenant_id: UUID, provider_id: UUID) -> None:
    """Forget a provider that is no longer trusted."""
    with as_tenant(tenant_id):
        await pool.execute(FORGET, tenant_id, provider_id)
