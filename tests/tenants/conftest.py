"""Two companies with the same ids in one database: whatever is done to one is done beside the other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import asyncpg
import pytest

from services.accounts.events import Function
from services.tenants.opening import Company, open_company
from services.work import views
from shared.event_store import connections
from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from shared.jobs.operations import create_operation
from shared.privacy.vault import Vault
from shared.projections import prepare
from shared.settings import Settings

AT = datetime(2026, 1, 1, tzinfo=UTC)
SAME = UUID("6d9f1f0e-6a3c-5a4e-9a53-5f0b6a0c1f11")
"""Beginning of all ids but the tenants': root, people, operations and keys are called alike in both."""
ROOT, PERSON, CUSTOMER, OPERATION = (uuid5(SAME, name) for name in ("root", "person", "customer", "operation"))


class Place:
    """A database with two companies in it. `ours` is what is suspended, exported and deleted."""

    def __init__(self, url: str, store: EventStore, settings: Settings) -> None:
        self.url = url
        self.store = store
        self.settings = settings
        self.vault = Vault(store.pool, Vault.master_key(settings))
        self.ours, self.others = (self.company(name) for name in ("大众出行", "强生出租"))

    def vault_of_a_new_process(self) -> Vault:
        return Vault(self.store.pool, Vault.master_key(self.settings))

    @staticmethod
    def company(name: str) -> Company:
        return Company(
            tenant_id=uuid4(),
            name=name,
            zone="Asia/Shanghai",
            currency="CNY",
            root_id=ROOT,
            root_code="HQ",
            root_name="总部",
            person_id=PERSON,
            person_name=f"{name}的管理员",
            functions=(Function.TENANT_ADMIN, Function.DIRECTOR),
            at=AT,
        )

    async def fill(self) -> None:
        """Rows in every kind of table, views included."""
        async with connections.pool(self.url, connections.WORK, settings=connections.SESSION, least=1, most=1) as pool:
            await prepare(pool, views())
        for company in (self.ours, self.others):
            await self.everywhere(company.tenant_id)

    async def furnish(self) -> None:
        """Open both, and give each persons, an operation and a file."""
        for company in (self.ours, self.others):
            tenant = company.tenant_id
            assert await open_company(self.store, self.vault, company)
            with as_tenant(tenant):
                await self.vault.put(tenant, CUSTOMER, {"name": f"{company.name}的客户", "phone": "13800000000"})
                await create_operation(
                    self.store.pool,
                    tenant_id=tenant,
                    operation_id=OPERATION,
                    kind="nobody.does_it",
                    principal_id=PERSON,
                    principal={},
                    parameters={"of": company.name},
                    attached={"rows": f"{company.name}的文件".encode()},
                )

    async def everywhere(self, tenant: UUID) -> None:
        """Rows of the tables nothing here writes to by itself, alike in both tenants."""
        connection = await asyncpg.connect(self.url)
        try:
            for table in await tables(connection):
                if await connection.fetchval(f"select exists (select from {table} where tenant_id = $1)", tenant):
                    continue
                columns = await connection.fetch(COLUMNS, table)
                row = (
                    {"tenant_id": str(tenant)}
                    | {c["name"]: made_up(c["type"], tenant) for c in columns}
                    | NAMED.get(table, {})
                )
                if table == "identity.issuers":  # vouches for one of the two, whatever else is alike
                    row["value"] = str(tenant)
                await connection.execute(
                    f"insert into {table} select * from jsonb_populate_record(null::{table}, $1::jsonb)",
                    json.dumps(row),
                )
        finally:
            await connection.close()

    async def rows(self, tenant: UUID) -> dict[str, int]:
        """How many rows of a tenant each table has; tables without any are left out."""
        connection = await asyncpg.connect(self.url)
        try:
            found = {
                table: await connection.fetchval(f"select count(*) from {table} where tenant_id = $1", tenant)
                for table in await tables(connection)
            }
        finally:
            await connection.close()
        return {table: count for table, count in found.items() if count}

    async def checksums(self, tenant: UUID) -> dict[str, str]:
        """What every table holds of a tenant."""
        connection = await asyncpg.connect(self.url)
        try:
            return {
                table: await connection.fetchval(
                    f"select md5(string_agg(t::text, '|' order by t::text)) from {table} t where tenant_id = $1", tenant
                )
                for table in await tables(connection)
            }
        finally:
            await connection.close()


NAMED: dict[str, dict[str, str]] = {
    "es.operation_items": {"state": "done"},
    "delivery.secrets": {"kind": "v1"},
    "delivery.flows": {"kind": "live", "state": "running"},
    "delivery.lanes": {"state": "parked"},
}
"""What a table's own checks ask for."""

COLUMNS = """
select a.attname as name, format_type(a.atttypid, a.atttypmod) as type from pg_attribute a
 where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> 'tenant_id'
   and a.attnotnull
"""


async def tables(connection: asyncpg.Connection) -> list[str]:
    """Every table with rows of tenants, in every schema: found otherwise than the deletion finds them."""
    rows = await connection.fetch(
        """select format('%I.%I', table_schema, table_name) as name from information_schema.columns
            join information_schema.tables using (table_schema, table_name)
            where column_name = 'tenant_id' and table_type = 'BASE TABLE' order by 1"""
    )
    return [row["name"] for row in rows]


def made_up(kind: str, tenant: UUID) -> object:
    """A value of a type, the same in both tenants but where no two may be the same."""
    match kind:
        case "uuid":
            return str(PERSON)
        case "bytea":
            return "\\x" + tenant.bytes.hex() * 2
        case "text":
            return "x"
        case "jsonb":
            return {}
        case "boolean":
            return False
        case "uuid[]" | "text[]" | "integer[]" | "bigint[]":
            return []
        case "date":
            return "2026-01-01"
        case "timestamp with time zone":
            return AT.isoformat()
        case "integer" | "bigint" | "smallint" | "numeric" | "real" | "double precision":
            return 1
        case "cidr":
            return "10.0.0.0/8"
        case _:
            return "x"


@pytest.fixture
async def place(own_database_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    settings = Settings(data=tmp_path, database_url=own_database_url)
    async with await EventStore.open(own_database_url, writers=1, reads_as=connections.WORK) as store:
        place = Place(own_database_url, store, settings)
        await place.vault.unseal()
        await place.furnish()
        yield place
