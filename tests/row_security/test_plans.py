"""Behind the wall the planner still uses the indexes made for reports: the functions in them are marked leakproof."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.accounts.views.accounts import ACCOUNTS as FILE
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from shared.projections.tables import prepare
from shared.testing.database import pool_of_all

ROWS = 8_000
AS_OF = """
select count(*) from {standings} s
 where s.tenant_id = $1 and s.stock is not null and tstzrange(s.from_at, s.to_at) @> '2020-03-01 12:00Z'::timestamptz
"""
NEAR = """
select count(*) from {standings} s
 where s.tenant_id = $1 and s.stock = 'open' and s.level is not null
   and tstzrange(s.from_at, s.to_at) @> '2020-03-01 12:00Z'::timestamptz
   and (s.level = 'H' or s.expected_on <= '2020-03-08')
"""
TEAM = "select stream_id from {accounts} where tenant_id = $1 and to_at is null and support_team && array[$2::uuid]"
REFERENCE = (
    'select stream_id from {file} where tenant_id = $1 and to_at is null and external_refs @> \'{{"erp": "17"}}\''
)
RECORD = "select * from {standings} where tenant_id = $1 and stream_id = $2 and to_at is null"
TABLES = {"standings": STANDINGS.table, "accounts": ACCOUNTS.table, "file": FILE.table}


@pytest.fixture
async def full(own_database_url: str) -> AsyncIterator[tuple[asyncpg.Connection[Any], UUID]]:
    """As the application, asking for one of two tenants with many rows each, few of them of any one day."""
    ours, theirs = uuid4(), uuid4()
    async with pool_of_all(own_database_url, most=2) as pool:
        await prepare(pool, [STANDINGS, ACCOUNTS, FILE])
    owner = await asyncpg.connect(own_database_url)
    for tenant in (ours, theirs):
        await _fill(owner, tenant)
    await owner.execute("analyze")
    app = await asyncpg.connect(own_database_url, server_settings={"role": "dakehu_app"})
    await app.execute(f"set app.tenant = '{ours}'")
    yield app, ours
    await app.close()
    await owner.close()


async def _fill(owner: asyncpg.Connection[Any], tenant: UUID) -> None:
    for table, columns, values in (
        (STANDINGS.table, "from_at, to_at, stock, level, expected_on",
         "day, day + interval '2 days', 'open', case n % 50 when 0 then 'H' else 'N' end, day::date + 100"),
        (ACCOUNTS.table, "from_at, support_team", "day, array[gen_random_uuid()]"),
        (FILE.table, "from_at, external_refs", "day, jsonb_build_object('erp', n::text)"),
    ):  # fmt: skip
        wanted = await owner.fetch(
            """select a.attname as name, format_type(t.oid, null) as type
                 from pg_attribute a join pg_type t on t.oid = a.atttypid
                where a.attrelid = $1::text::regclass and a.attnum > 0 and a.attnotnull and not a.atthasdef""",
            table,
        )
        given = {"tenant_id", "stream_id", *(name.strip() for name in columns.split(","))}
        more = {row["name"]: NOTHING[row["type"]] for row in wanted if row["name"] not in given}
        names, rest = "".join(f", {name}" for name in more), "".join(f", {value}" for value in more.values())
        await owner.execute(
            f"""insert into {table} (tenant_id, stream_id, {columns}{names})
                select '{tenant}', gen_random_uuid(), {values}{rest}
                  from generate_series(1, {ROWS}) n,
                       lateral (select timestamptz '2015-01-01Z' + n * interval '8 hours' as day) d"""
        )


NOTHING = {
    "uuid": "gen_random_uuid()", "text": "'x'", "integer": "1", "bigint": "1", "boolean": "true", "jsonb": "'{}'",
    "timestamp with time zone": "now()", "date": "current_date", "numeric": "1", "uuid[]": "'{}'", "text[]": "'{}'",
    "smallint": "1",
}  # fmt: skip


async def plan(connection: asyncpg.Connection[Any], statement: str, *given: Any) -> str:
    """Prepared once for all values, as the pooled connections of a service come to plan."""
    await connection.execute("set plan_cache_mode = force_generic_plan")
    rows = await connection.fetch("explain (costs off) " + statement.format_map(TABLES), *given)
    return "\n".join(row[0] for row in rows)


INDEXES = {
    AS_OF: r"Index Cond: .*tstzrange\(from_at, to_at\) @> ",
    NEAR: r"Index Cond: .*tstzrange\(from_at, to_at\) @> ",
    TEAM: r"Index Cond: \(support_team && ",
    REFERENCE: r"Index Cond: \(external_refs @> ",
    RECORD: r"Index Cond: .*stream_id = ",
}


async def test_the_indexes_of_reports_are_used_behind_the_wall(full: tuple[asyncpg.Connection[Any], UUID]) -> None:
    app, tenant = full
    assert await app.fetch("select es.leaky()") == [], "the embedded server's owner may say what leaks nothing"
    for statement, index in INDEXES.items():
        given = [tenant, uuid4()][: max(int(n) for n in re.findall(r"\$(\d)", statement))]
        shown = await plan(app, statement, *given)
        assert re.search(index, shown), shown
        assert "Seq Scan" not in shown, shown
