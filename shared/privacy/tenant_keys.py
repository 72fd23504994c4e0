"""The key of each tenant: random, kept in the database wrapped by a master key, in memory only as long as a process.

Who keeps keys elsewhere (a key management service, a hardware module) writes another `Wrapper`; nothing else changes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Protocol, Self
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.keys import KEY_BYTES, BadKey, decode_key, derive, key_file
from shared.privacy.sealing import WrongKey, decrypt, encrypt
from shared.settings import Settings

SEAL = "master"
FINGERPRINTS = "fingerprints"

FIND = "select value from privacy.tenant_keys where tenant_id = $1"
ADD = "insert into privacy.tenant_keys (tenant_id, value) values ($1, $2) on conflict do nothing"
ALL = "select tenant_id, value from privacy.tenant_keys where tenant_id > $1 order by tenant_id limit 500"
REPLACE = """
update privacy.tenant_keys set value = $3, wrapped_at = clock_timestamp() where tenant_id = $1 and value = $2
"""
SEALED = "select value from privacy.seals where name = $1"
ADD_SEAL = "insert into privacy.seals (name, value) values ($1, $2) on conflict do nothing"
REPLACE_SEAL = "update privacy.seals set value = $3 where name = $1 and value = $2"


class Wrapper(Protocol):
    """Whoever keeps the keys of tenants: wraps them, and unwraps what it wrapped. Both are bound to `name`."""

    async def wrap(self, name: str, key: bytes) -> bytes: ...

    async def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """Raises WrongKey for what another has wrapped, or under another name."""
        ...


@dataclass(frozen=True, slots=True)
class Master:
    """A wrapper of one master key from the settings; while it is being changed, the one before still unwraps."""

    key: bytes
    before: bytes | None = None

    def __post_init__(self) -> None:
        for key in (self.key, self.before):
            if key is not None and len(key) != KEY_BYTES:
                raise WrongKey("a master key must have 32 bytes")

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """DAKEHU_VAULT_KEY or DAKEHU_VAULT_KEY_FILE, else, in development, `$DAKEHU_DATA/keys/vault`, made when absent.

        Raises ValueError for production without one, BadKey.
        """
        previous = None
        if settings.vault_key_before is not None:
            previous = decode_key(settings.vault_key_before.get_secret_value(), name="DAKEHU_VAULT_KEY_BEFORE")
        elif settings.vault_key_before_file is not None:
            previous = decode_key(
                settings.vault_key_before_file.read_text().strip(), name="DAKEHU_VAULT_KEY_BEFORE_FILE"
            )
        return cls(master_key(settings), previous)

    async def wrap(self, name: str, key: bytes) -> bytes:
        return encrypt(self._box(self.key), key, name.encode())

    async def unwrap(self, name: str, wrapped: bytes) -> bytes:
        try:
            return decrypt(self._box(self.key), wrapped, name.encode())
        except WrongKey:
            if self.before is None:
                raise
            return decrypt(self._box(self.before), wrapped, name.encode())

    @staticmethod
    def _box(key: bytes) -> AESGCM:
        return AESGCM(derive(key, "tenants"))


def master_key(settings: Settings) -> bytes:
    """The master key of the settings. Raises ValueError for production without one, BadKey."""
    if settings.vault_key is not None:
        return decode_key(settings.vault_key.get_secret_value(), name="DAKEHU_VAULT_KEY")
    if settings.vault_key_file is not None:
        return decode_key(settings.vault_key_file.read_text().strip(), name="DAKEHU_VAULT_KEY_FILE")
    if settings.env == "production":
        raise BadKey(
            "production needs DAKEHU_VAULT_KEY or DAKEHU_VAULT_KEY_FILE: 32 bytes in hex or base64, kept apart from"
            " backups"
        )
    return key_file(settings.data / "keys" / "vault")


class TenantKeys:
    """The keys of all tenants, made when first asked for. `pool` is asyncpg's."""

    def __init__(self, pool: Any, wrapper: Wrapper) -> None:
        self._pool = pool
        self._wrapper = wrapper
        self._known: dict[UUID, bytes] = {}

    async def key(self, tenant_id: UUID) -> bytes:
        """32 bytes. Raises WrongKey."""
        known = self._known.get(tenant_id)
        if known is None:
            wrapped = await self._pool.fetchval(FIND, tenant_id)
            if wrapped is None:
                fresh = await self._wrapper.wrap(str(tenant_id), os.urandom(KEY_BYTES))
                await self._pool.execute(ADD, tenant_id, fresh)
                wrapped = await self._pool.fetchval(FIND, tenant_id)
            known = self._known[tenant_id] = await self._wrapper.unwrap(str(tenant_id), wrapped)
        return known

    def forget(self, tenant_id: UUID) -> None:
        """Drop the key from memory: its tenant is being deleted."""
        self._known.pop(tenant_id, None)

    async def unseal(self) -> bytes:
        """Raise WrongKey unless this wrapper is the one the database was written with; the first seals it.

        Returns the installation's secret for fingerprints of requests, the same in all its processes.
        """
        if await self._pool.fetchval(SEALED, SEAL) is None:
            await self._pool.execute(ADD_SEAL, SEAL, await self._wrapper.wrap(SEAL, b"dakehu"))
            await self._pool.execute(
                ADD_SEAL, FINGERPRINTS, await self._wrapper.wrap(FINGERPRINTS, os.urandom(KEY_BYTES))
            )
        await self._wrapper.unwrap(SEAL, await self._pool.fetchval(SEALED, SEAL))
        wrapped = await self._pool.fetchval(SEALED, FINGERPRINTS)
        if wrapped is None:
            await self._pool.execute(
                ADD_SEAL, FINGERPRINTS, await self._wrapper.wrap(FINGERPRINTS, os.urandom(KEY_BYTES))
            )
            wrapped = await self._pool.fetchval(SEALED, FINGERPRINTS)
        return await self._wrapper.unwrap(FINGERPRINTS, wrapped)

    async def rewrap(self) -> int:
        """Wrap everything anew by the wrapper as it is now; how many tenants. Harmless twice, and while all runs."""
        for name in (SEAL, FINGERPRINTS):
            if (sealed := await self._pool.fetchval(SEALED, name)) is not None:
                again = await self._wrapper.wrap(name, await self._wrapper.unwrap(name, sealed))
                await self._pool.execute(REPLACE_SEAL, name, sealed, again)
        done, last = 0, UUID(int=0)
        while rows := await self._pool.fetch(ALL, last):
            for tenant_id, wrapped in rows:
                again = await self._wrapper.wrap(str(tenant_id), await self._wrapper.unwrap(str(tenant_id), wrapped))
                await self._pool.execute(REPLACE, tenant_id, wrapped, again)
                last, done = tenant_id, done + 1
        return done
