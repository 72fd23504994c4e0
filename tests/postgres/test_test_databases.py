"""The databases tests run on."""

from uuid import UUID

import asyncpg


async def test_a_worker_has_a_migrated_database(pool: asyncpg.Pool) -> None:
    assert await pool.fetchval("select count(*) from alembic_version") == 1
    assert await pool.fetchval("show data_checksums") == "on"
    assert await pool.fetchval("show fsync") == "on"


async def test_a_test_may_have_a_database_of_its_own(own_database_url: str, database_url: str, tenant_id: UUID) -> None:
    connection = await asyncpg.connect(own_database_url)
    assert own_database_url != database_url
    assert await connection.fetchval("select $1::uuid", tenant_id) == tenant_id
    await connection.close()
