"""Keys of secrets and values of headers: sealed in `delivery.secrets`, opened for who sends. Decides nothing.

Which secret is good, and which headers are sent, the endpoint's log says; here are only the bytes that no event may
hold. They are put once the fact is in the log: a fact without its bytes (a process that died between the two) is not
sendable, and the command's retry heals it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.keys import derive
from shared.privacy.sealing import bound, decrypt, encrypt
from shared.privacy.tenant_keys import TenantKeys
from shared.webhooks.endpoint import Endpoint
from shared.webhooks.secrets import ED25519, Kind, Secret, public_key

PURPOSE = "webhooks"
HEADERS = "headers"

# Headers are kept under the version of the endpoint that set them, secrets under their number: one row each.
PUT = """
insert into delivery.secrets (tenant_id, endpoint_id, kind, number, sealed, public_key)
values ($1, $2, $3, $4, $5, $6) on conflict do nothing returning number
"""
KEEP_NEWEST_HEADERS = """
delete from delivery.secrets where tenant_id = $1 and endpoint_id = $2 and kind = 'headers' and number < $3
"""
FIND = """
select kind, number, sealed from delivery.secrets where tenant_id = $1 and endpoint_id = $2
"""
DROP = """
delete from delivery.secrets
 where tenant_id = $1 and endpoint_id = $2 and kind <> 'headers' and number = any($3::integer[])
"""
DROP_ALL = "delete from delivery.secrets where tenant_id = $1 and endpoint_id = $2"
PUBLIC = """
select number, public_key from delivery.secrets where tenant_id = $1 and endpoint_id = $2 and kind = 'v1a'
"""


@dataclass(frozen=True, slots=True)
class Signing:
    """What deliveries to one endpoint are signed with, and the headers of its own that they carry."""

    secrets: tuple[Secret, ...]
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Signing({len(self.secrets)} secrets, {sorted(self.headers)})"


class SealedSecrets:
    """The sealed bytes of all endpoints. `pool` is asyncpg's; `keys` are the vault's (`vault.keys`)."""

    def __init__(self, pool: Any, keys: TenantKeys) -> None:
        self._pool = pool
        self._keys = keys

    async def put(self, tenant_id: UUID, endpoint_id: UUID, number: int, kind: Kind, key: bytes) -> bool:
        """Keep a secret's key. False when there is one of that number already: it stays."""
        sealed = await self._seal(tenant_id, endpoint_id, kind, number, key)
        shown = public_key(key) if kind == ED25519 else None
        return await self._pool.fetchval(PUT, tenant_id, endpoint_id, kind, number, sealed, shown) is not None

    async def put_headers(self, tenant_id: UUID, endpoint_id: UUID, version: int, values: Mapping[str, str]) -> None:
        """Keep the values of headers that this version of the endpoint set. Harmless twice; older ones go."""
        sealed = await self._seal(tenant_id, endpoint_id, HEADERS, version, msgspec.json.encode(dict(values)))
        await self._pool.execute(PUT, tenant_id, endpoint_id, HEADERS, version, sealed, None)
        await self._pool.execute(KEEP_NEWEST_HEADERS, tenant_id, endpoint_id, version)

    async def of(self, endpoint: Endpoint) -> Signing | None:
        """What its deliveries need; None while bytes that its log names are not there: do not send, look again soon.

        Exact for this version of the endpoint, so that it may be remembered by (endpoint_id, version). Expiry is
        `Secret.good`. Raises WrongKey.
        """
        rows = await self._pool.fetch(FIND, endpoint.tenant_id, endpoint.endpoint_id)
        sealed = {(row["kind"], row["number"]): row["sealed"] for row in rows}
        box = await self._box(endpoint.tenant_id)
        secrets: list[Secret] = []
        for known in endpoint.secrets:
            if (found := sealed.get((known.kind, known.number))) is None:
                if known.expires_at is None:
                    return None
                continue  # over, and destroyed
            key = decrypt(box, found, _bound(endpoint.tenant_id, endpoint.endpoint_id, known.kind, known.number))
            secrets.append(Secret(endpoint.endpoint_id, known.number, known.kind, key, known.made_at, known.expires_at))
        if not endpoint.headers:
            return Signing(tuple(secrets), {})
        version = endpoint.headers_version or 0
        if (found := sealed.get((HEADERS, version))) is None:
            return None
        text = decrypt(box, found, _bound(endpoint.tenant_id, endpoint.endpoint_id, HEADERS, version))
        return Signing(tuple(secrets), msgspec.json.decode(text, type=dict[str, str]))

    async def public_keys(self, tenant_id: UUID, endpoint_id: UUID) -> Mapping[int, bytes]:
        """The public keys of its v1a secrets, by number; good or not."""
        rows = await self._pool.fetch(PUBLIC, tenant_id, endpoint_id)
        return {row["number"]: bytes(row["public_key"]) for row in rows}

    async def drop(self, tenant_id: UUID, endpoint_id: UUID, numbers: list[int] | None = None) -> None:
        """Destroy the keys of these secrets; without numbers everything of the endpoint."""
        if numbers is None:
            await self._pool.execute(DROP_ALL, tenant_id, endpoint_id)
        else:
            await self._pool.execute(DROP, tenant_id, endpoint_id, numbers)

    async def _seal(self, tenant_id: UUID, endpoint_id: UUID, kind: str, number: int, text: bytes) -> bytes:
        return encrypt(await self._box(tenant_id), text, _bound(tenant_id, endpoint_id, kind, number))

    async def _box(self, tenant_id: UUID) -> AESGCM:
        return AESGCM(derive(await self._keys.key(tenant_id), PURPOSE))


def _bound(tenant_id: UUID, endpoint_id: UUID, kind: str, number: int) -> bytes:
    return bound(tenant_id, endpoint_id, f"{kind}:{number}")
