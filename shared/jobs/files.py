"""Files attached to operations, kept in the database so that any worker can run them. Knows no format."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg

CHUNK_BYTES = 1 << 20


class FileDamaged(Exception):
    """The stored content does not have its digest."""


async def attach(
    connection: asyncpg.pool.PoolConnectionProxy | asyncpg.Connection[Any],
    tenant_id: UUID,
    operation_id: UUID,
    name: str,
    content: bytes | AsyncIterator[bytes],
) -> bytes:
    """Store a file within the caller's transaction. Returns its sha256."""
    digest, size, number = hashlib.sha256(), 0, 0
    async for chunk in _chunks(content):
        digest.update(chunk)
        size += len(chunk)
        number += 1
        await connection.execute(
            "insert into es.operation_file_chunks values ($1, $2, $3, $4, $5)",
            tenant_id,
            operation_id,
            name,
            number,
            chunk,
        )
    await connection.execute(
        "insert into es.operation_files (tenant_id, operation_id, name, size, digest) values ($1, $2, $3, $4, $5)",
        tenant_id,
        operation_id,
        name,
        size,
        digest.digest(),
    )
    return digest.digest()


async def _chunks(content: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(content, bytes):
        for start in range(0, len(content), CHUNK_BYTES):
            yield content[start : start + CHUNK_BYTES]
        return
    kept = bytearray()
    async for piece in content:
        kept += piece
        while len(kept) >= CHUNK_BYTES:
            yield bytes(kept[:CHUNK_BYTES])
            del kept[:CHUNK_BYTES]
    if kept:
        yield bytes(kept)


async def file_names(pool: asyncpg.Pool, tenant_id: UUID, operation_id: UUID) -> list[str]:
    rows = await pool.fetch(
        "select name from es.operation_files where tenant_id = $1 and operation_id = $2 order by name",
        tenant_id,
        operation_id,
    )
    return [row["name"] for row in rows]


async def read_file(pool: asyncpg.Pool, tenant_id: UUID, operation_id: UUID, name: str) -> AsyncIterator[bytes]:
    """The file's content in chunks, checked against its digest at the end.

    Raises KeyError for a name that was not attached, FileDamaged.
    """
    expected = await pool.fetchval(
        "select digest from es.operation_files where tenant_id = $1 and operation_id = $2 and name = $3",
        tenant_id,
        operation_id,
        name,
    )
    if expected is None:
        raise KeyError(name)
    digest, number = hashlib.sha256(), 1
    while True:
        chunk = await pool.fetchval(
            """select content from es.operation_file_chunks
                where tenant_id = $1 and operation_id = $2 and name = $3 and number = $4""",
            tenant_id,
            operation_id,
            name,
            number,
        )
        if chunk is None:
            break
        digest.update(chunk)
        yield chunk
        number += 1
    if digest.digest() != expected:
        raise FileDamaged(name)


async def forget_files(pool: asyncpg.Pool, tenant_id: UUID, operation_id: UUID) -> None:
    """Delete what was attached: files may hold personal data. The operation and its problems stay.

    Hashes kept so that a running operation brings nobody back who was erased meanwhile go with it.
    """
    async with pool.acquire() as connection, connection.transaction():
        for table in ("es.operation_file_chunks", "es.operation_files", "privacy.leaving"):
            await connection.execute(
                f"delete from {table} where tenant_id = $1 and operation_id = $2", tenant_id, operation_id
            )
