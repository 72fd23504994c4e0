"""The wall alone keeps tenants apart: no statement here names a tenant, and none sees or touches another's rows."""

from __future__ import annotations

import asyncpg
import pytest

from tests.row_security.conftest import Walled

POLICIES = """
select p.polrelid::regclass::text as relation, p.polname as name, p.polcmd::text as command,
       p.polpermissive as permissive,
       array(select r.rolname::text from pg_roles r where r.oid = any (p.polroles)) as roles
  from pg_policy p
"""
WRITERS = {("es.heads", "of_all_appended"), ("es.events", "of_all_appended"), ("es.commands", "of_all_appended"),
           ("es.claims", "of_all_appended")}  # fmt: skip
"""What dakehu_append sees of all tenants: the tables es.append touches."""
DIRECTORIES = {("identity.issuers", "everybody_looks"), ("identity.api_key_hashes", "everybody_looks")}
"""Read before a tenant is known, by anybody. They hold no more than a keyed hash and in which tenant to look."""
MAY = """
select has_table_privilege('dakehu_app', $1, 'select') as selects,
       has_table_privilege('dakehu_app', $1, 'insert') as inserts,
       has_table_privilege('dakehu_app', $1, 'update') as updates,
       has_table_privilege('dakehu_app', $1, 'delete') as deletes
"""
OPERATOR = {("es.events", "of_the_deleted"), ("es.heads", "of_the_deleted")}
"""The owner's, for the rows of a tenant that is being deleted."""


async def test_every_table_of_tenants_is_behind_the_wall(walled: Walled) -> None:
    assert len(walled.tables) > 30, "views of all services among them"
    assert [row[0] for row in await walled.owner.fetch("select es.unwalled()::text")] == []
    for table in walled.tables:
        row = await walled.owner.fetchrow(
            "select relrowsecurity, relforcerowsecurity from pg_class where oid = $1::text::regclass", table
        )
        assert row is not None
        assert tuple(row) == (True, True), table


async def test_there_is_no_policy_nobody_knows_of(walled: Walled) -> None:
    found = await walled.owner.fetch(POLICIES)
    usual = {("of_the_tenant", "*", True, ("dakehu_app",)), ("of_all", "*", True, ("dakehu_work",))}
    for table in walled.tables:
        policies = {
            (row["name"], row["command"], row["permissive"], tuple(row["roles"]))
            for row in found
            if row["relation"] == table
        }
        more = {policy[:1] for policy in policies - usual}
        assert usual <= policies, table
        assert {(table, name) for (name,) in more} <= WRITERS | DIRECTORIES | OPERATOR, table
    deleted = [row for row in found if row["name"] == "of_the_deleted"]
    assert all(not role.startswith("dakehu_") for row in deleted for role in row["roles"])
    appended = [row for row in found if row["name"] == "of_all_appended"]
    assert all(row["roles"] == ["dakehu_append"] for row in appended)
    looked = [row for row in found if row["name"] == "everybody_looks"]
    assert all(row["command"] == "r" for row in looked), "to look, not to change"


async def test_no_function_runs_with_the_rights_of_its_owner(walled: Walled) -> None:
    definers = await walled.owner.fetch(
        """select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')"""
    )
    assert [row["name"] for row in definers] == []
    above = await walled.owner.fetch(
        "select rolname from pg_roles where rolname like 'dakehu\\_%' and (rolsuper or rolbypassrls or rolcanlogin)"
        " and rolname in ('dakehu_app', 'dakehu_append', 'dakehu_work')"
    )
    assert above == []


async def test_without_a_predicate_only_the_tenants_own_rows_are_read(walled: Walled) -> None:
    directories = {table for table, _ in DIRECTORIES}
    await walled.ask_as(walled.ours)
    for table in walled.tables:
        seen = {row["tenant_id"] for row in await walled.app.fetch(f"select tenant_id from {table}")}
        assert seen == ({walled.ours, walled.theirs} if table in directories else {walled.ours}), table
    await walled.ask_as(walled.theirs)
    for table in walled.tables:
        seen = {row["tenant_id"] for row in await walled.app.fetch(f"select tenant_id from {table}")}
        assert seen >= {walled.theirs}, table
        assert table in directories or seen == {walled.theirs}, table


@pytest.mark.parametrize("how", ["never", "emptied", "dropped"])
async def test_who_asks_for_nobody_sees_nothing(walled: Walled, how: str) -> None:
    if how == "emptied":
        await walled.ask_as(walled.ours)
        await walled.ask_as(None)
    elif how == "dropped":
        await walled.ask_as(walled.ours)
        await walled.app.execute("reset app.tenant")
    for table in walled.tables:
        if table not in {table for table, _ in DIRECTORIES}:
            assert await walled.app.fetch(f"select tenant_id from {table}") == [], table


async def test_rows_of_another_tenant_are_neither_written_nor_moved_nor_removed(walled: Walled) -> None:
    await walled.ask_as(walled.ours)
    before = {table: await walled.owner.fetchval(f"select count(*) from {table}") for table in walled.tables}
    for table in walled.tables:
        may = await walled.owner.fetchrow(MAY, table)
        assert may is not None
        assert may["selects"], table
        refused = asyncpg.InsufficientPrivilegeError
        with pytest.raises(refused, match="row-level security" if may["inserts"] else "permission denied"):
            await walled.app.execute(await walled.row(table, walled.theirs))
        if may["updates"]:
            with pytest.raises(refused, match="row-level security"):
                await walled.app.execute(f"update {table} set tenant_id = $1", walled.theirs)
            touched = await walled.app.execute(
                f"update {table} set tenant_id = tenant_id where tenant_id <> $1", walled.ours
            )
            assert touched == "UPDATE 0", table
        if may["deletes"]:
            assert await walled.app.execute(f"delete from {table} where tenant_id = $1", walled.theirs) == "DELETE 0"
    after = {table: await walled.owner.fetchval(f"select count(*) from {table}") for table in walled.tables}
    assert after == before


async def test_nobody_changes_the_log(walled: Walled) -> None:
    for role in ("dakehu_app", "dakehu_append", "dakehu_work"):
        await walled.owner.execute(f"set role {role}")
        await walled.owner.execute(f"set app.tenant = '{walled.ours}'")
        for statement in (
            "update es.events set data = '{}'",
            "delete from es.events",
            "truncate es.events",
            "drop trigger append_only on es.events",
            "alter table es.events disable row level security",
            "drop policy of_the_tenant on es.events",
            "alter table es.events owner to dakehu_work",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await walled.owner.execute(statement)
        await walled.owner.execute("set role none")


async def test_the_application_writes_to_no_view_and_not_to_the_log(walled: Walled) -> None:
    logs = {"es.events", "es.heads", "es.epochs", "es.commands", "es.claims", "es.checkpoints"}
    views = {row[0] for row in await walled.owner.fetch("select name || '_v' || version from es.views")}
    for table in logs | views:
        may = await walled.owner.fetchrow(MAY, table)
        assert may is not None
        assert tuple(may) == (True, False, False, False), table


async def test_an_owner_without_a_policy_sees_nothing(walled: Walled) -> None:
    """FORCE binds the owner of a table: only a superuser and BYPASSRLS are past it."""
    await walled.owner.execute("create schema estate; create table estate.rows (tenant_id uuid)")
    await walled.owner.execute("select es.wall('estate.rows')")
    await walled.owner.execute(f"insert into estate.rows values ('{walled.ours}')")
    await walled.owner.execute(
        "do $$ begin create role dakehu_test_owner nologin; exception when duplicate_object then null; end $$"
    )
    await walled.owner.execute("grant usage on schema estate to dakehu_test_owner")
    await walled.owner.execute("alter table estate.rows owner to dakehu_test_owner")
    await walled.owner.execute("set role dakehu_test_owner")
    assert await walled.owner.fetch("select * from estate.rows") == []
    await walled.owner.execute("set role none")
    assert len(await walled.owner.fetch("select * from estate.rows")) == 1
    await walled.owner.execute(
        "drop schema estate cascade; drop owned by dakehu_test_owner; drop role dakehu_test_owner"
    )


async def test_a_table_without_a_wall_is_noticed(walled: Walled) -> None:
    await walled.owner.execute("create schema estate; create table estate.rows (tenant_id uuid)")
    assert [row[0] for row in await walled.owner.fetch("select es.unwalled()::text")] == ["estate.rows"]
    await walled.owner.execute("alter table estate.rows enable row level security")
    assert [row[0] for row in await walled.owner.fetch("select es.unwalled()::text")] == ["estate.rows"], "not FORCE"
    await walled.owner.execute("select es.wall('estate.rows'); select es.wall('estate.rows')")
    assert await walled.owner.fetch("select es.unwalled()") == []
