"""Files an operation has made, kept encrypted under the tenant's key for a day. Knows no format and no right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.jobs.files import attach, read_file
from shared.keys import derive
from shared.privacy.sealing import bound, decrypt, encrypt
from shared.privacy.vault import Vault

KEPT_HOURS = 24
CHUNK_BYTES = 1 << 18
LENGTH_BYTES = 4

# Who was erased while a file was being made may be in it: it is not kept.
ERASED_SINCE = """
select exists (select from es.operations
                where tenant_id = $1 and kind = 'erasure' and state <> 'cancelled'
                  and (state in ('queued', 'running') or updated_at >= $2))
"""
GONE = """
with old as (
    select operation_id from es.operations
     where tenant_id = $1 and kind = $2 and ($3::timestamptz is null or finished_at < $3)
),
chunks as (
    delete from es.operation_file_chunks c using old
     where c.tenant_id = $1 and c.operation_id = old.operation_id and c.name = $4
)
delete from es.operation_files f using old
 where f.tenant_id = $1 and f.operation_id = old.operation_id and f.name = $4
"""


class PersonErased(Exception):
    """Somebody was erased while the file was made: make it again."""


async def keep_file(
    pool: Any, vault: Vault, tenant_id: UUID, operation_id: UUID, name: str, file: IO[bytes], *, begun: datetime
) -> None:
    """Keep a whole file. Raises PersonErased when somebody was erased since it was begun."""
    box = await _box(vault, tenant_id)
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(ERASED_SINCE, tenant_id, begun):
            raise PersonErased
        for table in ("operation_file_chunks", "operation_files"):  # of an attempt that was cut short
            await connection.execute(
                f"delete from es.{table} where tenant_id = $1 and operation_id = $2 and name = $3",
                tenant_id,
                operation_id,
                name,
            )
        await attach(connection, tenant_id, operation_id, name, _sealed(box, tenant_id, operation_id, file))


async def opened_file(
    pool: Any, vault: Vault, tenant_id: UUID, operation_id: UUID, name: str
) -> AsyncIterator[bytes] | None:
    """The file's content in chunks; None when it is not kept any more. Raises WrongKey, FileDamaged when read."""
    there = await pool.fetchval(
        "select 1 from es.operation_files where tenant_id = $1 and operation_id = $2 and name = $3",
        tenant_id,
        operation_id,
        name,
    )
    if there is None:
        return None
    box = await _box(vault, tenant_id)
    return _opened(box, tenant_id, operation_id, read_file(pool, tenant_id, operation_id, name))


async def forget_kept(pool: Any, tenant_id: UUID, kind: str, name: str, before: datetime | None = None) -> int:
    """Delete files that operations of this kind made and ended before an instant; None: all of them. How many."""
    return int((await pool.execute(GONE, tenant_id, kind, before, name)).split()[-1])


async def _box(vault: Vault, tenant_id: UUID) -> AESGCM:
    return AESGCM(derive(await vault.keys.key(tenant_id), "files"))


async def _sealed(box: AESGCM, tenant_id: UUID, operation_id: UUID, file: IO[bytes]) -> AsyncIterator[bytes]:
    """The content in sealed pieces, each with its length before it and bound to its place."""
    number = 0
    while piece := file.read(CHUNK_BYTES):
        sealed = encrypt(box, piece, bound(tenant_id, operation_id, str(number)))
        yield len(sealed).to_bytes(LENGTH_BYTES, "big") + sealed
        number += 1


async def _opened(
    box: AESGCM, tenant_id: UUID, operation_id: UUID, sealed: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    waiting, number = b"", 0
    async for chunk in sealed:
        waiting += chunk
        while len(waiting) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(waiting[:LENGTH_BYTES], "big")
            if len(waiting) < end:
                break
            yield decrypt(box, waiting[LENGTH_BYTES:end], bound(tenant_id, operation_id, str(number)))
            waiting, number = waiting[end:], number + 1
