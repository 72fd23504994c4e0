"""Files kept encrypted in the database, each content once per tenant, gone for good with its key. Knows no record.

The key of a content is that of a subject of the vault: erasing it destroys what the backups' chunks were sealed with.
A content nobody uses any more goes; one that is about a person goes with the person, whoever uses it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import IO, Any
from uuid import UUID, uuid4

from shared.privacy.sealing import Erased, Restricted, bound, decrypt, encrypt
from shared.privacy.vault import PERSONS, Of, Vault

CHUNK_BYTES = 1 << 20
KIND = "content"
ORPHAN_HOURS = 24
"""So old is a use of an attachment that was never told of: its command was cut off, and is not tried again."""

USED = "select content_id from es.attachment_uses where tenant_id = $1 and attachment_id = $2"
AT = "select content_id from es.attachment_contents where tenant_id = $1 and address = $2"
# Held until the use is written: who is erased meanwhile waits for it, and then takes it along.
SUBJECTS = """
select subject_id, kind, key is null as erased, restricted_at is not null as restricted
  from privacy.subjects where tenant_id = $1 and subject_id = any($2::uuid[]) order by subject_id for share
"""
ADD = """
insert into es.attachment_contents (tenant_id, content_id, address, digest, size) values ($1, $2, $3, $4, $5)
on conflict (tenant_id, address) do nothing
"""
ADD_CHUNK = "insert into es.attachment_chunks (tenant_id, content_id, number, content) values ($1, $2, $3, $4)"
ADD_USE = """
insert into es.attachment_uses (tenant_id, attachment_id, content_id, record_id, persons) values ($1, $2, $3, $4, $5)
on conflict do nothing
"""
ABOUT = "update es.attachment_uses set persons = $3 where tenant_id = $1 and attachment_id = $2"
STORED = """
select c.content_id, c.digest, c.size, u.persons
  from es.attachment_uses u join es.attachment_contents c using (tenant_id, content_id)
 where u.tenant_id = $1 and u.attachment_id = $2
"""
AVAILABLE = "select attachment_id from es.attachment_uses where tenant_id = $1 and attachment_id = any($2::uuid[])"
CHUNK = "select content from es.attachment_chunks where tenant_id = $1 and content_id = $2 and number = $3"
TAKEN = "select coalesce(sum(size), 0)::bigint from es.attachment_contents where tenant_id = $1"
HELD = "select count(*) from es.attachment_uses where tenant_id = $1 and record_id = $2"
OF_PERSONS = "select content_id from es.attachment_uses where tenant_id = $1 and persons && $2::uuid[]"
ABOUT_PERSONS = "select attachment_id from es.attachment_uses where tenant_id = $1 and persons && $2::uuid[]"
ORPHANS = """
select u.attachment_id from es.attachment_uses u
 where u.tenant_id = $1 and u.created_at < clock_timestamp() - make_interval(hours => $2)
   and (not exists (select from es.events e where e.tenant_id = u.tenant_id and e.stream_id = u.attachment_id)
        or exists (select from es.events e where e.tenant_id = u.tenant_id and e.stream_id = u.attachment_id
                      and e.type = 'AttachmentRemoved'))
"""


class UnknownPerson(Exception):
    """A file cannot be about somebody nobody knows."""


@dataclass(frozen=True, slots=True)
class Content:
    """A stored content as its attachment has it."""

    id: UUID
    sha256: str
    size: int
    persons: tuple[UUID, ...]


async def digest_of(file: IO[bytes]) -> tuple[str, int]:
    """The sha256 of a file, in hex, and its size."""

    def read() -> tuple[str, int]:
        digest, size = hashlib.sha256(), 0
        file.seek(0)
        while piece := file.read(CHUNK_BYTES):
            digest.update(piece)
            size += len(piece)
        return digest.hexdigest(), size

    return await asyncio.to_thread(read)


class Contents:
    """The contents of attachments of all tenants. `pool` is asyncpg's."""

    def __init__(self, pool: Any, vault: Vault) -> None:
        self._pool = pool
        self._vault = vault

    # -- keeping -------------------------------------------------------------------------------------------

    async def keep(
        self,
        tenant_id: UUID,
        attachment_id: UUID,
        file: IO[bytes],
        sha256: str,
        size: int,
        *,
        record_id: UUID,
        persons: Sequence[UUID] = (),
    ) -> bool:
        """Keep a file for an attachment; False when it has one already. Raises Erased, Restricted, UnknownPerson.

        All or nothing; a content that is there is used again.
        """
        if await self._pool.fetchval(USED, tenant_id, attachment_id) is not None:
            return False
        address = await self._vault.pseudonym(tenant_id, KIND, sha256)
        made: UUID | None = None
        box = None
        if await self._pool.fetchval(AT, tenant_id, address) is None:
            made = uuid4()
            box = await self._vault.cipher(tenant_id, made, new=Of(KIND))
        used: UUID | None = None
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await _require(connection, tenant_id, persons)
                if made is not None and box is not None:
                    sealed = encrypt(box, bytes.fromhex(sha256), bound(tenant_id, made, "sha256"))
                    if (await connection.execute(ADD, tenant_id, made, address, sealed, size)).endswith(" 1"):
                        await self._fill(connection, tenant_id, made, box, file)
                        used = made
                used = used or await connection.fetchval(f"{AT} for update", tenant_id, address)
                kept = used is not None
                if kept:
                    await connection.execute(ADD_USE, tenant_id, attachment_id, used, record_id, list(persons))
        except (Erased, Restricted, UnknownPerson):
            used = None
            raise
        finally:
            if made is not None and used != made:
                await self._vault.erase(tenant_id, made)  # refused, or somebody was faster
        if not kept:  # the one that was there went meanwhile
            return await self.keep(tenant_id, attachment_id, file, sha256, size, record_id=record_id, persons=persons)
        return True

    async def _fill(self, connection: Any, tenant_id: UUID, content_id: UUID, box: Any, file: IO[bytes]) -> None:
        file.seek(0)
        number = 0
        while piece := await asyncio.to_thread(file.read, CHUNK_BYTES):
            sealed = encrypt(box, piece, bound(tenant_id, content_id, str(number)))
            await connection.execute(ADD_CHUNK, tenant_id, content_id, number, sealed)
            number += 1

    async def about(self, tenant_id: UUID, attachment_id: UUID, persons: Sequence[UUID]) -> None:
        """Say whom an attachment is about. Raises Erased, Restricted, UnknownPerson."""
        async with self._pool.acquire() as connection, connection.transaction():
            await _require(connection, tenant_id, persons)
            await connection.execute(ABOUT, tenant_id, attachment_id, list(persons))

    async def taken(self, tenant_id: UUID) -> int:
        """Bytes of all contents of a tenant."""
        return int(await self._pool.fetchval(TAKEN, tenant_id))

    async def held(self, tenant_id: UUID, record_id: UUID) -> int:
        """How many attachments a record has."""
        return int(await self._pool.fetchval(HELD, tenant_id, record_id))

    # -- reading -------------------------------------------------------------------------------------------

    async def of(self, tenant_id: UUID, attachment_id: UUID) -> Content | None:
        """What an attachment holds; None when it is gone."""
        row = await self._pool.fetchrow(STORED, tenant_id, attachment_id)
        if row is None:
            return None
        id = UUID(bytes=row["content_id"].bytes)
        try:
            box = await self._vault.cipher(tenant_id, id)
        except Erased:
            return None
        sha256 = decrypt(box, row["digest"], bound(tenant_id, id, "sha256")).hex()
        return Content(id, sha256, row["size"], tuple(UUID(bytes=person.bytes) for person in row["persons"]))

    async def available(self, tenant_id: UUID, attachment_ids: Collection[UUID]) -> set[UUID]:
        """Those of these attachments whose content is there."""
        rows = await self._pool.fetch(AVAILABLE, tenant_id, list(attachment_ids))
        return {UUID(bytes=row[0].bytes) for row in rows}

    async def read(
        self, tenant_id: UUID, content: Content, first: int = 0, last: int | None = None
    ) -> AsyncIterator[bytes]:
        """Its bytes from `first` to `last`, both included. Raises WrongKey, Erased when it goes meanwhile."""
        end = content.size - 1 if last is None else last
        box = await self._vault.cipher(tenant_id, content.id)
        for number in range(first // CHUNK_BYTES, end // CHUNK_BYTES + 1):
            sealed = await self._pool.fetchval(CHUNK, tenant_id, content.id, number)
            if sealed is None:
                raise Erased("the content was erased meanwhile")
            piece = decrypt(box, sealed, bound(tenant_id, content.id, str(number)))
            start = number * CHUNK_BYTES
            yield piece[max(first - start, 0) : end - start + 1]

    # -- forgetting ----------------------------------------------------------------------------------------

    async def forget(self, tenant_id: UUID, attachment_id: UUID) -> None:
        """An attachment is no more: its content is released, and its name goes. Harmless twice."""
        await self.release(tenant_id, attachment_id)
        await self._vault.erase(tenant_id, attachment_id)

    async def release(self, tenant_id: UUID, attachment_id: UUID) -> None:
        """An attachment has its content no more, which goes unless another attachment has it. Harmless twice."""
        async with self._pool.acquire() as connection, connection.transaction():
            content_id = await connection.fetchval(USED, tenant_id, attachment_id)
            last = None
            if content_id is not None:
                await connection.execute(
                    "select from es.attachment_contents where tenant_id = $1 and content_id = $2 for update",
                    tenant_id,
                    content_id,
                )
                last = await connection.fetchval(
                    """with gone as (delete from es.attachment_uses where tenant_id = $1 and attachment_id = $2)
                       select not exists (select from es.attachment_uses
                                           where tenant_id = $1 and content_id = $3 and attachment_id <> $2)""",
                    tenant_id,
                    attachment_id,
                    content_id,
                )
            if last:
                await _delete(connection, tenant_id, [content_id])
        if last:
            await self._vault.erase(tenant_id, content_id)

    async def forget_persons(self, tenant_id: UUID, persons: Collection[UUID]) -> int:
        """Erase every attachment about these persons, and every other of the same content; how many. Harmless twice."""
        people = list(persons)
        erased = 0
        for (content_id,) in await self._pool.fetch(OF_PERSONS, tenant_id, people):
            async with self._pool.acquire() as connection, connection.transaction():
                uses = await connection.fetch(
                    "delete from es.attachment_uses where tenant_id = $1 and content_id = $2 returning attachment_id",
                    tenant_id,
                    content_id,
                )
                await _delete(connection, tenant_id, [content_id])
            await self._vault.erase(tenant_id, content_id)
            for (attachment_id,) in uses:
                await self._vault.erase(tenant_id, attachment_id)
            erased += len(uses)
        return erased

    async def of_persons(self, tenant_id: UUID, persons: Collection[UUID]) -> list[UUID]:
        """The attachments that are about these persons."""
        rows = await self._pool.fetch(ABOUT_PERSONS, tenant_id, list(persons))
        return sorted(UUID(bytes=row[0].bytes) for row in rows)

    async def sweep(self, tenant_id: UUID) -> int:
        """Forget what was stored for commands that never came to anything, or was removed and stayed; how many."""
        rows = await self._pool.fetch(ORPHANS, tenant_id, ORPHAN_HOURS)
        for (attachment_id,) in rows:
            await self.forget(tenant_id, attachment_id)
        return len(rows)


async def _require(connection: Any, tenant_id: UUID, persons: Sequence[UUID]) -> None:
    if not persons:
        return
    rows = await connection.fetch(SUBJECTS, tenant_id, list(persons))
    if any(row["erased"] for row in rows):
        raise Erased("a person it is about was erased")
    if {UUID(bytes=row["subject_id"].bytes) for row in rows if row["kind"] in PERSONS} != set(persons):
        raise UnknownPerson
    if any(row["restricted"] for row in rows):
        raise Restricted("the processing of a person it is about is restricted")


async def _delete(connection: Any, tenant_id: UUID, content_ids: list[UUID]) -> None:
    for table in ("es.attachment_chunks", "es.attachment_contents"):
        await connection.execute(
            f"delete from {table} where tenant_id = $1 and content_id = any($2::uuid[])",  # noqa: S608
            tenant_id,
            content_ids,
        )
