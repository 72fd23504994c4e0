"""API keys: how they look, and the directory of their hashes. What a key allows is in the log of its tenant.

A key is `dakehu_`, 8 characters that name it, 32 that are secret (190 bits), and 6 of a checksum, so that a mistyped or
truncated one never reaches the database. Only HMAC-SHA256 of it under a secret of the server is kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
import string
import time
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from shared.identity.current_tenant import as_tenant
from shared.telemetry import logger

PREFIX = "dakehu_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
OPENING_CHARS = 8
SECRET_CHARS = 32
CHECK_CHARS = 6
FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{OPENING_CHARS + SECRET_CHARS + CHECK_CHARS}}}")
"""What secret scanners look for."""
NOTE_SECONDS = 60.0
"""The last use of a key is written down at most once in so long."""

NOTE = """
insert into identity.api_key_hashes (hash, tenant_id, client_id, opening) values ($1, $2, $3, $4)
on conflict do nothing
"""
FORGET = "delete from identity.api_key_hashes where hash = $1 and tenant_id = $2"
FIND = "select hash, tenant_id, client_id, opening from identity.api_key_hashes where hash = $1"
USED = """
update identity.api_key_hashes set last_used_at = clock_timestamp() where hash = $1 and tenant_id = $2
"""

log = logger("api_keys")


class NewKey(NamedTuple):
    """A key nobody has seen yet. `opening` names it in lists and in the log."""

    text: str
    opening: str


class Directed(NamedTuple):
    """In which tenant, of which client, the directory says a key is."""

    hash: bytes
    tenant_id: UUID
    client_id: UUID
    opening: str


def new_key() -> NewKey:
    """A key made by chance."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(OPENING_CHARS + SECRET_CHARS))
    return NewKey(f"{PREFIX}{drawn}{checksum(drawn)}", f"{PREFIX}{drawn[:OPENING_CHARS]}")


def checksum(drawn: str) -> str:
    """CRC-32 of the drawn part, in base 62."""
    number = zlib.crc32(drawn.encode())
    found = ""
    for _ in range(CHECK_CHARS):
        number, digit = divmod(number, len(ALPHABET))
        found = ALPHABET[digit] + found
    return found


def is_well_formed(text: str) -> bool:
    """Whether this can be a key at all."""
    if FORM.fullmatch(text) is None:
        return False
    drawn = text[len(PREFIX) : -CHECK_CHARS]
    return hmac.compare_digest(text[-CHECK_CHARS:], checksum(drawn))


class KeyDirectory:
    """The hashes of all API keys of all tenants, and when each key was last used."""

    def __init__(self, secret: bytes, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._secret = secret
        self._clock = clock
        self._noted: dict[bytes, float] = {}
        self._writing: set[asyncio.Task[None]] = set()

    def hash(self, key: str) -> bytes:
        return hmac.new(self._secret, key.encode(), hashlib.sha256).digest()

    async def put(self, pool: Any, key: NewKey, tenant_id: UUID, client_id: UUID) -> None:
        """Note a key before its fact is appended: without the fact the row opens nothing."""
        with as_tenant(tenant_id):
            await pool.execute(NOTE, self.hash(key.text), tenant_id, client_id, key.opening)

    async def drop(self, pool: Any, key: NewKey, tenant_id: UUID) -> None:
        """Forget a key whose fact was not appended."""
        with as_tenant(tenant_id):
            await pool.execute(FORGET, self.hash(key.text), tenant_id)

    async def find(self, pool: Any, key: str) -> Directed | None:
        """Where to look for a well-formed key."""
        wanted = self.hash(key)
        row = await pool.fetchrow(FIND, wanted)
        if row is None or not hmac.compare_digest(row["hash"], wanted):
            return None
        tenant, client = (UUID(bytes=row[name].bytes) for name in ("tenant_id", "client_id"))
        return Directed(wanted, tenant, client, row["opening"])

    def used(self, pool: Any, directed: Directed) -> None:
        """Write down, beside the request, that a key was used; nothing waits for it."""
        now = self._clock()
        if now - self._noted.get(directed.hash, float("-inf")) < NOTE_SECONDS:
            return
        if len(self._noted) >= 10_000:
            self._noted.clear()
        self._noted[directed.hash] = now
        task = asyncio.create_task(self._write(pool, directed))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, pool: Any, directed: Directed) -> None:
        try:
            with as_tenant(directed.tenant_id):
                await pool.execute(USED, directed.hash, directed.tenant_id)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            log.warning("last use of an API key not written down", error=type(error).__name__)

    async def close(self) -> None:
        """Wait for what is being written."""
        await asyncio.gather(*self._writing)
