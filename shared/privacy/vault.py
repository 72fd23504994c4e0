"""Names, phones and free text about persons: encrypted per subject, found by equality, erased by destroying a key.

Facts carry only the subject's id. A subject is a person, or the stream a text belongs to (a visit's narrative).
Values must never be logged, put into an event, a receipt or a problem.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.keys import derive
from shared.privacy.disclosure import disclosure
from shared.privacy.sealing import (
    MAIL,
    PHONE,
    Erased,
    Restricted,
    VaultError,
    WrongKey,
    bound,
    comparable,
    decrypt,
    encrypt,
    normalised,
)
from shared.privacy.tenant_keys import Master, TenantKeys, Wrapper
from shared.privacy.terms import FIELD, terms_of
from shared.settings import Settings

__all__ = ["Erased", "Of", "Restricted", "Subject", "Vault", "VaultError", "WrongKey", "normalised"]

MAX_VALUE_BYTES = 65_536
STAFF, KEY_PERSON, CONTACT = "staff", "key_person", "contact"
PERSONS = frozenset((STAFF, KEY_PERSON, CONTACT))
"""Kinds of subject that are persons; the others are texts (`visit`, `opportunity`)."""
OTHER = "other"

NEW_SUBJECTS = """
insert into privacy.subjects (tenant_id, subject_id, key, kind, record_id)
select $1, s, k, d, r from unnest($2::uuid[], $3::bytea[], $4::text[], $5::uuid[]) as n(s, k, d, r)
on conflict do nothing
"""
KEYS = """
select subject_id, key, restricted_at is not null as restricted
  from privacy.subjects where tenant_id = $1 and subject_id = any($2::uuid[])
"""
PUT = """
insert into privacy.fields (tenant_id, subject_id, field, value, search, terms)
select $1, n.s, n.f, n.v, n.h,
       (select array_agg(substr(n.t, 16 * place - 15, 16)) from generate_series(1, length(n.t) / 16) as place)
  from unnest($2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[]) as n(s, f, v, h, t)
  join privacy.subjects p on p.tenant_id = $1 and p.subject_id = n.s and p.key is not null
on conflict (tenant_id, subject_id, field)
do update set value = excluded.value, search = excluded.search, terms = excluded.terms
"""
LEAVING = """
select 1 from privacy.leaving l
  join es.operations o on o.tenant_id = l.tenant_id and o.operation_id = l.operation_id
       and o.state in ('queued', 'running')
  join unnest($2::text[], $3::bytea[]) as n(f, h) on l.field = n.f and l.search = n.h
 where l.tenant_id = $1 limit 1
"""
DROP = """
delete from privacy.fields f using unnest($2::uuid[], $3::text[]) as n(s, f)
 where f.tenant_id = $1 and f.subject_id = n.s and f.field = n.f
"""
GET = """
select s.subject_id, s.key, f.field, f.value, s.kind, s.restricted_at is not null as restricted
  from privacy.subjects s
  join privacy.fields f on f.tenant_id = s.tenant_id and f.subject_id = s.subject_id
 where s.tenant_id = $1 and s.subject_id = any($2::uuid[]) and s.key is not null
   and ($3::text[] is null or f.field = any($3))
"""
FIND = """
select f.subject_id from privacy.fields f
  join privacy.subjects s on s.tenant_id = f.tenant_id and s.subject_id = f.subject_id
 where f.tenant_id = $1 and f.field = $2 and f.search = $3 and (s.restricted_at is null or $4)
 order by f.subject_id limit 1000
"""
SEARCH = """
select s.subject_id, s.kind, s.record_id
  from privacy.fields f join privacy.subjects s on s.tenant_id = f.tenant_id and s.subject_id = f.subject_id
 where f.tenant_id = $1 and f.terms && $2::bytea[] and s.kind = any($3::text[])
   and s.key is not null and s.restricted_at is null
 order by s.subject_id limit $4
"""
SUBJECTS = """
select subject_id, kind, record_id, restricted_at, erased_at
  from privacy.subjects where tenant_id = $1 and subject_id = any($2::uuid[])
"""
RESTRICT = """
update privacy.subjects set restricted_at = case when $3 then coalesce(restricted_at, clock_timestamp()) end
 where tenant_id = $1 and subject_id = $2 and key is not null
"""
# The tombstone stays even for a subject that was never put: a retried command must not bring a person back.
ERASE = """
with gone as (delete from privacy.fields where tenant_id = $1 and subject_id = $2)
insert into privacy.subjects as s (tenant_id, subject_id, key, erased_at) values ($1, $2, null, clock_timestamp())
on conflict (tenant_id, subject_id) do update
   set key = null, restricted_at = null, erased_at = coalesce(s.erased_at, excluded.erased_at)
"""
ERASE_MANY = """
with gone as (delete from privacy.fields where tenant_id = $1 and subject_id = any($2::uuid[]))
update privacy.subjects
   set key = null, restricted_at = null, erased_at = clock_timestamp()
 where tenant_id = $1 and subject_id = any($2::uuid[]) and key is not null
"""


class Of(NamedTuple):
    """What a subject is, and the record it belongs to: `Of(KEY_PERSON, account_id)`."""

    kind: str
    record_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of a subject without reading it."""

    id: UUID
    kind: str
    record_id: UUID | None
    restricted: bool
    erased: bool


class Vault:
    """The personal data of all tenants, behind one wrapper of keys. `pool` is asyncpg's."""

    def __init__(self, pool: Any, wrapper: Wrapper | bytes) -> None:
        self._pool = pool
        self.keys = TenantKeys(pool, Master(wrapper) if isinstance(wrapper, bytes) else wrapper)
        self._wrapping: dict[UUID, tuple[AESGCM, bytes]] = {}

    @staticmethod
    def master_key(settings: Settings) -> Master:
        """The master key of the settings, and the one it replaces."""
        return Master.of(settings)

    async def unseal(self) -> bytes:
        """Raise WrongKey unless this is the key the database was written with. The secret for fingerprints."""
        return await self.keys.unseal()

    # -- writing -------------------------------------------------------------------------------------

    async def put(
        self, tenant_id: UUID, subject_id: UUID, fields: Mapping[str, str | None], *, of: Of | None = None
    ) -> None:
        """Keep these fields of a subject; others stay, None or an empty text forgets one. Raises Erased, Restricted."""
        await self.put_many(tenant_id, {subject_id: fields}, of=None if of is None else {subject_id: of})

    async def put_many(
        self,
        tenant_id: UUID,
        subjects: Mapping[UUID, Mapping[str, str | None]],
        *,
        of: Mapping[UUID, Of] | None = None,
        restricted: bool = False,
    ) -> None:
        """Keep fields of many subjects, all or nothing: 10 000 names in well under a second. Raises Erased, Restricted.

        `of` says what new subjects are. With `restricted` those whose processing is restricted are changed too.
        """
        ids = sorted(subject_id for subject_id, fields in subjects.items() if fields)  # sorted: no deadlocks
        if not ids:
            return
        wrapping, hashing = await self._tenant(tenant_id)
        async with self._pool.acquire() as connection, connection.transaction():
            keys = await _keys(connection, tenant_id, ids)
            if new := [subject_id for subject_id in ids if subject_id not in keys]:
                said = [(of or {}).get(subject_id, Of(OTHER)) for subject_id in new]
                fresh = [
                    encrypt(wrapping, AESGCM.generate_key(256), bound(tenant_id, subject_id)) for subject_id in new
                ]
                await connection.execute(
                    NEW_SUBJECTS, tenant_id, new, fresh, [one.kind for one in said], [one.record_id for one in said]
                )
                keys |= await _keys(connection, tenant_id, new)
            if any(key is None for key, _ in keys.values()):
                raise Erased("a subject was erased; nothing may be kept under its id")
            if not restricted and any(closed for _, closed in keys.values()):
                raise Restricted("the processing of a subject is restricted")
            put: list[tuple[UUID, str, bytes, bytes, bytes]] = []
            forget: list[tuple[UUID, str]] = []
            for subject_id in ids:
                box = _box(wrapping, tenant_id, subject_id, keys[subject_id][0])
                for field, value in subjects[subject_id].items():
                    if not value:
                        forget.append((subject_id, field))
                        continue
                    text = value.encode()
                    if len(text) > MAX_VALUE_BYTES:
                        raise ValueError(f"{field} has more than {MAX_VALUE_BYTES} bytes")
                    sealed = encrypt(box, text, bound(tenant_id, subject_id, field))
                    pieces = b"".join(term_hash(hashing, field, term) for term in sorted(terms_of(field, value)))
                    put.append((subject_id, field, sealed, search_hash(hashing, field, value), pieces))
            if put:
                columns = [list(column) for column in zip(*put, strict=True)]
                if await connection.fetchval(LEAVING, tenant_id, columns[1], columns[3]) and not restricted:
                    raise Erased("who has this phone or mail is being erased")
                done = await connection.execute(PUT, tenant_id, *columns)
                if int(done.split()[-1]) != len(put):
                    raise Erased("a subject was erased meanwhile; nothing was kept")
            if forget:
                await connection.execute(DROP, tenant_id, *(list(column) for column in zip(*forget, strict=True)))

    async def restrict(self, tenant_id: UUID, subject_id: UUID, *, restricted: bool = True) -> bool:
        """Show and change nothing of the subject until this is lifted. False when there is nothing to restrict."""
        return bool((await self._pool.execute(RESTRICT, tenant_id, subject_id, restricted)) != "UPDATE 0")

    async def erase(self, tenant_id: UUID, subject_id: UUID) -> None:
        """Destroy the subject's key and rows, for good. Harmless twice. A backup still holds both until it expires."""
        await self._pool.execute(ERASE, tenant_id, subject_id)

    async def erase_many(self, tenant_id: UUID, subject_ids: Collection[UUID]) -> None:
        """The same for many at once, of those something is kept about. Harmless twice."""
        await self._pool.execute(ERASE_MANY, tenant_id, sorted(subject_ids))  # sorted: no deadlocks

    # -- what is too large for a field -----------------------------------------------------------------

    async def cipher(self, tenant_id: UUID, subject_id: UUID, *, new: Of | None = None) -> AESGCM:
        """A subject's own cipher; what it seals is gone with the subject. `new`: make the subject if need be.

        Raises Erased, also for a subject nobody made.
        """
        wrapping, _ = await self._tenant(tenant_id)
        if new is not None:
            fresh = encrypt(wrapping, AESGCM.generate_key(256), bound(tenant_id, subject_id))
            await self._pool.execute(NEW_SUBJECTS, tenant_id, [subject_id], [fresh], [new.kind], [new.record_id])
        rows = await self._pool.fetch(KEYS, tenant_id, [subject_id])
        return _box(wrapping, tenant_id, subject_id, rows[0][1] if rows else None)

    # -- reading -------------------------------------------------------------------------------------

    async def get(
        self, tenant_id: UUID, subject_ids: Collection[UUID], fields: Collection[str] | None = None
    ) -> dict[UUID, dict[str, str]]:
        """The fields of these subjects, to be shown; the erased, restricted and unknown are absent. Raises WrongKey.

        Within a request what is got of customers' persons and texts is noted for the read audit, and absent when the
        credential is not good for personal data.
        """
        return await self._read(tenant_id, subject_ids, fields, shown=True)

    async def known(
        self,
        tenant_id: UUID,
        subject_ids: Collection[UUID],
        fields: Collection[str] | None = None,
        *,
        restricted: bool = False,
    ) -> dict[UUID, dict[str, str]]:
        """The same for a rule or a job that compares: nothing of it may be answered. Noted nowhere."""
        return await self._read(tenant_id, subject_ids, fields, shown=False, restricted=restricted)

    async def _read(
        self,
        tenant_id: UUID,
        subject_ids: Collection[UUID],
        fields: Collection[str] | None,
        *,
        shown: bool,
        restricted: bool = False,
    ) -> dict[UUID, dict[str, str]]:
        wanted = list(dict.fromkeys(subject_ids))
        if not wanted:
            return {}
        wrapping, _ = await self._tenant(tenant_id)
        rows = await self._pool.fetch(GET, tenant_id, wanted, None if fields is None else list(fields))
        disclosed = disclosure.get() if shown else None
        found: dict[UUID, dict[str, str]] = {}
        boxes: dict[UUID, AESGCM] = {}
        for subject_id, key, field, value, kind, closed in rows:
            subject = UUID(bytes=subject_id.bytes)  # asyncpg's own UUID class is slower to compare
            if closed and not restricted:
                continue
            if disclosed is not None and kind != STAFF and not disclosed.note(subject, field):
                continue
            box = boxes.get(subject)
            if box is None:
                box = boxes[subject] = _box(wrapping, tenant_id, subject, key)
            text = decrypt(box, value, bound(tenant_id, subject, field))
            found.setdefault(subject, {})[field] = text.decode()
        return found

    async def find(self, tenant_id: UUID, field: str, value: str, *, restricted: bool = False) -> list[UUID]:
        """Subjects whose field equals this, width, case and spacing aside; phones by their digits. At most 1 000."""
        _, hashing = await self._tenant(tenant_id)
        rows = await self._pool.fetch(FIND, tenant_id, field, search_hash(hashing, field, value), restricted)
        return [UUID(bytes=row[0].bytes) for row in rows]

    async def search(
        self, tenant_id: UUID, terms: Mapping[str, Collection[str]], kinds: Collection[str], *, limit: int
    ) -> list[Subject]:
        """Persons of these kinds found by a piece of a field (`terms_of`), whose processing is not restricted."""
        _, hashing = await self._tenant(tenant_id)
        hashes = [term_hash(hashing, field, term) for field, pieces in terms.items() for term in pieces]
        rows = await self._pool.fetch(SEARCH, tenant_id, hashes, list(kinds), limit)
        return [
            Subject(
                UUID(bytes=row[0].bytes), row[1], None if row[2] is None else UUID(bytes=row[2].bytes), False, False
            )
            for row in rows
        ]

    async def subjects(self, tenant_id: UUID, subject_ids: Collection[UUID]) -> dict[UUID, Subject]:
        """What these are, without reading them; the unknown are absent."""
        rows = await self._pool.fetch(SUBJECTS, tenant_id, list(subject_ids))
        found = (
            Subject(
                UUID(bytes=row["subject_id"].bytes),
                row["kind"],
                None if row["record_id"] is None else UUID(bytes=row["record_id"].bytes),
                row["restricted_at"] is not None,
                row["erased_at"] is not None,
            )
            for row in rows
        )
        return {subject.id: subject for subject in found}

    async def hashed(self, tenant_id: UUID, fields: Mapping[str, str]) -> dict[str, bytes]:
        """Keyed hashes of a person's phone and mail, by which they are found."""
        _, hashing = await self._tenant(tenant_id)
        return {field: search_hash(hashing, field, fields[field]) for field in (PHONE, MAIL) if fields.get(field)}

    async def pseudonym(self, tenant_id: UUID, kind: str, value: str) -> UUID:
        """An id for who is known by this value alone: always the same, and not to be guessed without the key."""
        _, hashing = await self._tenant(tenant_id)
        return UUID(bytes=search_hash(hashing, f"pseudonym:{kind}", value), version=5)

    def forget(self, tenant_id: UUID) -> None:
        """Drop a tenant's key from memory: it was deleted."""
        self._wrapping.pop(tenant_id, None)
        self.keys.forget(tenant_id)

    async def _tenant(self, tenant_id: UUID) -> tuple[AESGCM, bytes]:
        """What wraps the keys of the tenant's persons, and what makes its hashes."""
        known = self._wrapping.get(tenant_id)
        if known is None:
            key = await self.keys.key(tenant_id)
            known = self._wrapping[tenant_id] = (AESGCM(derive(key, "persons")), derive(key, "search"))
        return known


async def _keys(connection: Any, tenant_id: UUID, ids: list[UUID]) -> dict[UUID, tuple[bytes | None, bool]]:
    rows = await connection.fetch(KEYS, tenant_id, ids)
    return {UUID(bytes=row[0].bytes): (row[1], row[2]) for row in rows}


def _box(wrapping: AESGCM, tenant_id: UUID, subject_id: UUID, wrapped: bytes | None) -> AESGCM:
    if wrapped is None:
        raise Erased("the subject was erased")
    return AESGCM(decrypt(wrapping, wrapped, bound(tenant_id, subject_id)))


def search_hash(key: bytes, field: str, value: str) -> bytes:
    """The keyed hash of a value of a field, as it is compared."""
    return hmac.new(key, f"{field}\0{comparable(field, value)}".encode(), hashlib.sha256).digest()[:16]


def term_hash(key: bytes, field: str, term: str) -> bytes:
    """The keyed hash of a piece a field is found by."""
    return hmac.new(key, f"{FIELD.format(field)}\0{term}".encode(), hashlib.sha256).digest()[:16]
