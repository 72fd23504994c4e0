"""What signing in asks of the database: whom an issuer vouches for, how a person, a key or a tenant stands in the log.

The directory tables only say in which tenant to look; what holds is the standing of a stream in that tenant's log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.identity.api_keys import Directed
from shared.identity.current_tenant import as_tenant
from shared.identity.oidc import MAX_TEXT, Provider, audiences
from shared.identity.principal import FUNCTIONS
from shared.identity.standing_fields import KEY_FIELD, PERSON_REF, PROVIDER_FIELD
from shared.identity.tokens import InvalidToken
from shared.names import external_key

MAX_VALUES = 100
"""Values of a token that are tried as the one that says the tenant."""

VOUCHED = """
select tenant_id, provider_id from identity.issuers
 where issuer = $1 and audience = any($2::text[]) and value = any($3::text[])
 limit 20
"""
STANDING = """
select data->'standing' as standing from es.events
 where tenant_id = $1 and stream_id = $2 and stream_type = $3
 order by version desc limit 1
"""
REFERRED = "select stream_id from es.claims where tenant_id = $1 and scope = $2 and key = $3"


@dataclass(frozen=True, slots=True)
class Staff:
    """A person as the organisation has them now."""

    person_id: UUID
    functions: frozenset[str]
    unit_id: UUID | None
    active: bool


@dataclass(frozen=True, slots=True)
class MachineKey:
    """One live-or-not key of a machine, and what the machine may do."""

    tenant_id: UUID
    client_id: UUID
    functions: frozenset[str]
    unit_id: UUID | None
    scopes: frozenset[str]
    expires_at: datetime
    revoked: bool


async def standing(pool: Any, tenant_id: UUID, stream_id: UUID, stream_type: str) -> Mapping[str, Any] | None:
    """How a record stands by the log; None when there is none of this type."""
    with as_tenant(tenant_id):
        found = await pool.fetchval(STANDING, tenant_id, stream_id, stream_type)
    return found if isinstance(found, Mapping) else None


async def provider_for(pool: Any, claims: Mapping[str, Any]) -> Provider:
    """The one provider this unverified token can be of. Raises InvalidToken `issuer` when there is none, or several."""
    issuer, meant = claims["iss"], list(audiences(claims))
    if any("\x00" in text for text in (issuer, *meant)):
        raise InvalidToken("issuer")
    values = [
        said for said in claims.values() if isinstance(said, str) and len(said) <= MAX_TEXT and "\x00" not in said
    ]
    rows = await pool.fetch(VOUCHED, issuer, meant, ["", *values[:MAX_VALUES]])
    found = []
    for row in rows:
        tenant = await standing(pool, row["tenant_id"], row["tenant_id"], "tenant")
        trusted = None if tenant is None else tenant.get(f"{PROVIDER_FIELD}{row['provider_id']}")
        if trusted is not None:
            provider = Provider.of(_uuid(row["tenant_id"]), _uuid(row["provider_id"]), trusted)
            if provider.speaks_for(claims):
                found.append(provider)
    if len(found) != 1:
        raise InvalidToken("issuer")
    return found[0]


async def staff(pool: Any, tenant_id: UUID, person_id: UUID) -> Staff | None:
    """The person by the organisation; None when nobody has this id."""
    found = await standing(pool, tenant_id, person_id, "person")
    if found is None:
        return None
    unit = found.get("unit_id")
    return Staff(
        person_id=person_id,
        functions=frozenset(found.get("functions", ())) & FUNCTIONS,
        unit_id=None if unit is None else UUID(unit),
        active=found.get("status") == "active",
    )


async def person_called(pool: Any, provider: Provider, name: str) -> UUID | None:
    """Whom the provider means: by their id here, or by their reference in the system its claim is of."""
    if provider.person_reference is None:
        try:
            return UUID(name)
        except ValueError:
            return None
    if "\x00" in name:
        return None
    key = external_key(provider.person_reference, name)
    with as_tenant(provider.tenant_id):
        found = await pool.fetchval(REFERRED, provider.tenant_id, PERSON_REF, key)
    return None if found is None else _uuid(found)


async def machine_key(pool: Any, directed: Directed) -> MachineKey | None:
    """The key this row of the directory is about, as the log has it; None when the log knows of no such key."""
    client = await standing(pool, directed.tenant_id, directed.client_id, "api_key")
    for name, key in (client or {}).items():
        if client is not None and name.startswith(KEY_FIELD) and key["opening"] == directed.opening:
            return MachineKey(
                tenant_id=directed.tenant_id,
                client_id=directed.client_id,
                functions=frozenset(client["functions"]) & FUNCTIONS,
                unit_id=None if client["unit_id"] is None else UUID(client["unit_id"]),
                scopes=frozenset(client["scopes"]),
                expires_at=datetime.fromisoformat(key["expires_at"]),
                revoked=key["revoked"],
            )
    return None


def _uuid(found: Any) -> UUID:
    """A plain UUID from asyncpg's."""
    return UUID(bytes=found.bytes)
