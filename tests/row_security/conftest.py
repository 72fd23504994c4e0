"""A database in which every table holds rows of two tenants: made from the catalogue, so a new table is there too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.work import views
from shared.projections.tables import prepare
from shared.testing.database import pool_of_all

TABLES = """
select c.oid::regclass::text as name
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
 where c.relkind in ('r', 'p') order by 1
"""
WANTED = """
select a.attname as name, t.typname as type
  from pg_attribute a join pg_type t on t.oid = a.atttypid
 where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped and a.attnotnull and not a.atthasdef
   and a.attidentity = '' and a.attgenerated = ''
"""
SQL: Mapping[str, str] = {
    "uuid": "gen_random_uuid()", "text": "'x'", "int2": "1", "int4": "1", "int8": "1", "bool": "true",
    "timestamptz": "now()", "date": "current_date", "jsonb": "'{}'", "numeric": "1", "bytea": "sha256('x')",
    "_uuid": "'{}'", "_text": "'{}'", "_timestamptz": "'{}'", "float8": "1",
    "float4": "1", "cidr": "'10.0.0.0/8'",
}  # fmt: skip
"""A value of each type, for columns that must have one."""
SPECIAL: Mapping[str, Mapping[str, str]] = {
    "privacy.subjects": {"key": "'\\x00'"},  # neither erased nor without a key
    "identity.api_key_hashes": {"hash": "sha256(uuid_send(gen_random_uuid()))"},
    "identity.issuers": {"issuer": "gen_random_uuid()"},
    "delivery.secrets": {"kind": "'v1'"},
    "delivery.flows": {"kind": "'live'"},
}
"""Columns of tables that check more than their types."""


@dataclass(frozen=True)
class Walled:
    """The database, its two tenants, and every table that has rows of tenants."""

    url: str
    ours: UUID
    theirs: UUID
    tables: tuple[str, ...]
    owner: asyncpg.Connection[Any]
    app: asyncpg.Connection[Any]
    """As the application; asks for nobody until told."""

    async def ask_as(self, tenant_id: UUID | None) -> None:
        await self.app.execute(f"set app.tenant = '{tenant_id or ''}'")

    async def row(self, table: str, tenant_id: UUID) -> str:
        """An insert of one row of a tenant."""
        columns = {"tenant_id": f"'{tenant_id}'"}
        for column in await self.owner.fetch(WANTED, table):
            columns.setdefault(column["name"], SQL[column["type"]])
        columns |= SPECIAL.get(table, {})
        return f"insert into {table} ({', '.join(columns)}) values ({', '.join(columns.values())})"


@pytest.fixture
async def walled(own_database_url: str) -> AsyncIterator[Walled]:
    async with pool_of_all(own_database_url, most=2) as pool:
        await prepare(pool, views())
    owner = await asyncpg.connect(own_database_url)
    app = await asyncpg.connect(own_database_url, server_settings={"role": "dakehu_app"})
    tables = tuple(row["name"] for row in await owner.fetch(TABLES))
    made = Walled(own_database_url, uuid4(), uuid4(), tables, owner, app)
    for tenant in (made.ours, made.theirs):
        for table in tables:
            await owner.execute(await made.row(table, tenant))
    yield made
    await app.close()
    await owner.close()
