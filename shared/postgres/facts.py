"""What a database is and how it is set up: asked as the login, changed nowhere. Judges nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from shared.postgres.migrate import newest_version

ROLES = ("dakehu_app", "dakehu_append", "dakehu_work")
PATIENCE_SECONDS = 5.0

SERVER = """
select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
       current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit,
       current_setting('full_page_writes') as full_page_writes,
       coalesce((select s.ssl from pg_catalog.pg_stat_ssl s where s.pid = pg_backend_pid()), false) as encrypted,
       current_user as login, r.rolsuper as superuser, r.rolbypassrls as bypasses, clock_timestamp() as now,
       pg_is_in_recovery() or current_setting('transaction_read_only')::bool as read_only
  from pg_catalog.pg_roles r where r.rolname = current_user
"""
HELD = """
select w.name, r.rolname is not null as there, coalesce(r.rolsuper or r.rolbypassrls, false) as unbound,
       r.rolname is not null and pg_has_role(current_user, r.oid, 'member') as ours
  from unnest($1::text[]) as w(name) left join pg_catalog.pg_roles r on r.rolname = w.name
"""
HEAD = "select has_table_privilege(to_regclass('public.alembic_version'), 'select')"
"""Null where nothing was migrated, false where this session may not look."""
LOOKS = "set role dakehu_app"
"""A login that inherits nothing sees nothing before it takes a role."""
UNWALLED = "select array_agg(u::text order by 1) from es.unwalled() u"
LEAKY = "select array_agg(l::text order by 1) from es.leaky() l"
INSECURE = "select array_agg(distinct issuer) from identity.issuers where issuer not like 'https://%'"


@dataclass
class DatabaseFacts:
    """One database. `head` is the last migration it took, None before the first; lists are empty when all is well.

    `skew_seconds`: how far its clock is ahead of ours. `unseen`: this login may not see which migrations it took.
    """

    version: str
    number: int
    durable: dict[str, str]
    encrypted: bool
    login: str
    superuser: bool
    read_only: bool
    skew_seconds: float
    head: str | None = None
    unseen: bool = False
    newest: str = field(default_factory=newest_version)
    roles_missing: list[str] = field(default_factory=list)
    roles_unbound: list[str] = field(default_factory=list)
    roles_not_ours: list[str] = field(default_factory=list)
    unwalled: list[str] = field(default_factory=list)
    leaky: list[str] = field(default_factory=list)
    insecure_issuers: list[str] = field(default_factory=list)


async def database_facts(url: str) -> DatabaseFacts:
    """Ask them. Raises what connecting raises; TimeoutError after five seconds."""
    connection = await asyncpg.connect(url, timeout=PATIENCE_SECONDS, command_timeout=PATIENCE_SECONDS)
    try:
        before = time.time()
        row = await connection.fetchrow(SERVER)
        assert row is not None
        facts = DatabaseFacts(
            version=row["version"],
            number=row["number"],
            durable={name: row[name] for name in ("fsync", "synchronous_commit", "full_page_writes")},
            encrypted=row["encrypted"],
            login=row["login"],
            superuser=row["superuser"] or row["bypasses"],
            read_only=row["read_only"],
            skew_seconds=row["now"].timestamp() - (before + time.time()) / 2,
        )
        for role in await connection.fetch(HELD, list(ROLES)):
            for wrong, names in (
                (not role["there"], facts.roles_missing),
                (role["unbound"], facts.roles_unbound),
                (role["there"] and not role["ours"], facts.roles_not_ours),
            ):
                if wrong:
                    names.append(role["name"])
        seen = await connection.fetchval(HEAD)
        if seen is False and "dakehu_app" not in (*facts.roles_missing, *facts.roles_not_ours):
            await connection.execute(LOOKS)
            seen = await connection.fetchval(HEAD)
        if seen:
            facts.head = await connection.fetchval("select max(version_num) from public.alembic_version")
        facts.unseen = seen is False
        facts.unwalled = await _listed(connection, UNWALLED)
        facts.leaky = await _listed(connection, LEAKY)
        facts.insecure_issuers = await _listed(connection, INSECURE)
    finally:
        await connection.close(timeout=PATIENCE_SECONDS)
    return facts


async def _listed(connection: Any, question: str) -> list[str]:
    """A list; empty too when the database has not come so far, or does not let us look: other facts say that."""
    try:
        return list(await connection.fetchval(question) or ())
    except (
        asyncpg.UndefinedFunctionError,
        asyncpg.UndefinedTableError,
        asyncpg.InvalidSchemaNameError,
        asyncpg.InsufficientPrivilegeError,
    ):
        return []
