"""Names, phones and free text about persons: encrypted per subject, found by equality, erased by destroying a key.

Facts carry only the subject's id. A subject is a person, or the stream a text belongs to (a visit's narrative).
Values must never be logged, put into an event, a receipt or a problem.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.keys import KEY_BYTES, decode_key, derive, key_file
from shared.settings import Settings

NONCE_BYTES = 12
FORMAT = b"\x01"
"""First byte of every ciphertext: AES-256-GCM, 12 bytes of nonce, then text and tag."""
MAX_VALUE_BYTES = 65_536
SEAL = "master"

NEW_SUBJECTS = """
insert into privacy.subjects (tenant_id, subject_id, key)
select $1, s, k from unnest($2::uuid[], $3::bytea[]) as n(s, k)
on conflict do nothing
"""
KEYS = "select subject_id, key from privacy.subjects where tenant_id = $1 and subject_id = any($2::uuid[])"
PUT = """
insert into privacy.fields (tenant_id, subject_id, field, value, search)
select $1, n.s, n.f, n.v, n.h
  from unnest($2::uuid[], $3::text[], $4::bytea[], $5::bytea[]) as n(s, f, v, h)
  join privacy.subjects p on p.tenant_id = $1 and p.subject_id = n.s and p.key is not null
on conflict (tenant_id, subject_id, field) do update set value = excluded.value, search = excluded.search
"""
DROP = """
delete from privacy.fields f using unnest($2::uuid[], $3::text[]) as n(s, f)
 where f.tenant_id = $1 and f.subject_id = n.s and f.field = n.f
"""
GET = """
select s.subject_id, s.key, f.field, f.value
  from privacy.subjects s
  join privacy.fields f on f.tenant_id = s.tenant_id and f.subject_id = s.subject_id
 where s.tenant_id = $1 and s.subject_id = any($2::uuid[]) and s.key is not null
   and ($3::text[] is null or f.field = any($3))
"""
FIND = """
select subject_id from privacy.fields where tenant_id = $1 and field = $2 and search = $3 order by subject_id limit 1000
"""
# The tombstone stays even for a subject that was never put: a retried command must not bring a person back.
ERASE = """
with gone as (delete from privacy.fields where tenant_id = $1 and subject_id = $2)
insert into privacy.subjects as s (tenant_id, subject_id, key, erased_at) values ($1, $2, null, clock_timestamp())
on conflict (tenant_id, subject_id) do update
   set key = null, erased_at = coalesce(s.erased_at, excluded.erased_at)
"""


class VaultError(Exception):
    """Base of what the vault raises.

    Erased     the subject was erased: nothing may be put under its id again
    WrongKey   the master key is not the one this was written with, or a row was moved or altered
    """


class Erased(VaultError):
    pass


class WrongKey(VaultError):
    pass


class Vault:
    """The personal data of all tenants, behind one master key. `pool` is asyncpg's."""

    def __init__(self, pool: Any, master: bytes) -> None:
        if len(master) != KEY_BYTES:
            raise WrongKey("the master key must have 32 bytes")
        self._pool = pool
        self._master = master
        self._wrapping: dict[UUID, AESGCM] = {}
        self._hashing: dict[UUID, bytes] = {}

    @staticmethod
    def master_key(settings: Settings) -> bytes:
        """DAKEHU_VAULT_KEY, else, in development, `$DAKEHU_DATA/keys/vault`, made when absent."""
        if settings.vault_key is not None:
            return decode_key(settings.vault_key.get_secret_value(), name="DAKEHU_VAULT_KEY")
        if settings.env == "production":
            raise ValueError("production needs DAKEHU_VAULT_KEY: 32 bytes in hex or base64, kept apart from backups")
        return key_file(settings.data / "keys" / "vault")

    async def unseal(self) -> None:
        """Raise WrongKey unless this is the key the database was written with; the first key seals it."""
        box = AESGCM(derive(self._master, "seal"))
        await self._pool.execute(
            "insert into privacy.seals (name, value) values ($1, $2) on conflict do nothing",
            SEAL,
            _encrypt(box, b"dakehu", SEAL.encode()),
        )
        value = await self._pool.fetchval("select value from privacy.seals where name = $1", SEAL)
        _decrypt(box, value, SEAL.encode())

    # -- writing -------------------------------------------------------------------------------------

    async def put(self, tenant_id: UUID, subject_id: UUID, fields: Mapping[str, str | None]) -> None:
        """Keep these fields of a subject; others stay, None or an empty text forgets one. Raises Erased."""
        await self.put_many(tenant_id, {subject_id: fields})

    async def put_many(self, tenant_id: UUID, subjects: Mapping[UUID, Mapping[str, str | None]]) -> None:
        """Keep fields of many subjects, all or nothing: 10 000 names in well under a second. Raises Erased."""
        ids = sorted(subject_id for subject_id, fields in subjects.items() if fields)  # sorted: no deadlocks
        if not ids:
            return
        wrapping = self._wrapper(tenant_id)
        async with self._pool.acquire() as connection, connection.transaction():
            keys = await self._keys(connection, tenant_id, ids)
            if new := [subject_id for subject_id in ids if subject_id not in keys]:
                fresh = [
                    _encrypt(wrapping, AESGCM.generate_key(256), _bound(tenant_id, subject_id)) for subject_id in new
                ]
                await connection.execute(NEW_SUBJECTS, tenant_id, new, fresh)
                keys |= await self._keys(connection, tenant_id, new)
            if any(key is None for key in keys.values()):
                raise Erased("a subject was erased; nothing may be kept under its id")
            put: list[tuple[UUID, str, bytes, bytes]] = []
            forget: list[tuple[UUID, str]] = []
            for subject_id in ids:
                box = self._box(tenant_id, subject_id, keys[subject_id])
                for field, value in subjects[subject_id].items():
                    if not value:
                        forget.append((subject_id, field))
                        continue
                    text = value.encode()
                    if len(text) > MAX_VALUE_BYTES:
                        raise ValueError(f"{field} has more than {MAX_VALUE_BYTES} bytes")
                    sealed = _encrypt(box, text, _bound(tenant_id, subject_id, field))
                    put.append((subject_id, field, sealed, self._search(tenant_id, field, value)))
            if put:
                done = await connection.execute(PUT, tenant_id, *(list(column) for column in zip(*put, strict=True)))
                if int(done.split()[-1]) != len(put):
                    raise Erased("a subject was erased meanwhile; nothing was kept")
            if forget:
                await connection.execute(DROP, tenant_id, *(list(column) for column in zip(*forget, strict=True)))

    async def erase(self, tenant_id: UUID, subject_id: UUID) -> None:
        """Destroy the subject's key and rows, for good. Harmless twice. A backup still holds both until it expires."""
        await self._pool.execute(ERASE, tenant_id, subject_id)

    # -- reading -------------------------------------------------------------------------------------

    async def get(
        self, tenant_id: UUID, subject_ids: Collection[UUID], fields: Collection[str] | None = None
    ) -> dict[UUID, dict[str, str]]:
        """The fields of these subjects; the erased and the unknown are absent. Raises WrongKey."""
        wanted = list(dict.fromkeys(subject_ids))
        if not wanted:
            return {}
        rows = await self._pool.fetch(GET, tenant_id, wanted, None if fields is None else list(fields))
        found: dict[UUID, dict[str, str]] = {}
        boxes: dict[UUID, AESGCM] = {}
        for subject_id, key, field, value in rows:
            subject = UUID(bytes=subject_id.bytes)  # asyncpg's own UUID class is slower to compare
            box = boxes.get(subject)
            if box is None:
                box = boxes[subject] = self._box(tenant_id, subject, key)
            text = _decrypt(box, value, _bound(tenant_id, subject, field))
            found.setdefault(subject, {})[field] = text.decode()
        return found

    async def find(self, tenant_id: UUID, field: str, value: str) -> list[UUID]:
        """Subjects whose field equals this, width, case and spacing aside. At most 1 000."""
        rows = await self._pool.fetch(FIND, tenant_id, field, self._search(tenant_id, field, value))
        return [UUID(bytes=row[0].bytes) for row in rows]

    def pseudonym(self, tenant_id: UUID, kind: str, value: str) -> UUID:
        """An id for who is known by this value alone: always the same, and not to be guessed without the key."""
        return UUID(bytes=self._search(tenant_id, f"pseudonym:{kind}", value), version=5)

    # -- keys ----------------------------------------------------------------------------------------

    async def _keys(self, connection: Any, tenant_id: UUID, ids: list[UUID]) -> dict[UUID, bytes | None]:
        rows: list[asyncpg.Record] = await connection.fetch(KEYS, tenant_id, ids)
        return {UUID(bytes=row[0].bytes): row[1] for row in rows}

    def _wrapper(self, tenant_id: UUID) -> AESGCM:
        found = self._wrapping.get(tenant_id)
        if found is None:
            found = self._wrapping[tenant_id] = AESGCM(derive(self._master, f"wrap:{tenant_id}"))
        return found

    def _box(self, tenant_id: UUID, subject_id: UUID, wrapped: bytes | None) -> AESGCM:
        if wrapped is None:
            raise Erased("the subject was erased")
        return AESGCM(_decrypt(self._wrapper(tenant_id), wrapped, _bound(tenant_id, subject_id)))

    def _search(self, tenant_id: UUID, field: str, value: str) -> bytes:
        key = self._hashing.get(tenant_id)
        if key is None:
            key = self._hashing[tenant_id] = derive(self._master, f"search:{tenant_id}")
        return hmac.new(key, f"{field}\0{normalised(value)}".encode(), hashlib.sha256).digest()[:16]


def normalised(value: str) -> str:
    """A value as it is compared: full width, case and spacing aside."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def _bound(tenant_id: UUID, subject_id: UUID, field: str = "") -> bytes:
    """What a ciphertext is bound to: moved to another row it cannot be read."""
    return tenant_id.bytes + subject_id.bytes + field.encode()


def _encrypt(box: AESGCM, text: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return FORMAT + nonce + box.encrypt(nonce, text, bound)


def _decrypt(box: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    if sealed[:1] != FORMAT:
        raise WrongKey("unknown format")
    try:
        return box.decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], bound)
    except InvalidTag as error:
        raise WrongKey("written with another key, or moved or altered") from error
