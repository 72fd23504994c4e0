"""Installations as they are found: from before the wall, on a managed server, with a login for each process."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import asyncpg
import pytest
from alembic import command as alembic
from alembic.config import Config

from shared.event_store.connections import WORK
from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from shared.postgres.migrate import MIGRATIONS, CannotMigrate, migrate, schema_version
from shared.projections import Follower
from shared.projections.tables import prepare
from shared.testing.database import pool_of_all
from tests.event_store.conftest import append, command
from tests.projections.deals import VIEWS, Log

BEFORE = "0004"
"""The last migration without a wall."""
OUR_ROLES = "dakehu_app, dakehu_append, dakehu_work"


def migrated_to(url: str, revision: str) -> None:
    alembic.upgrade(_config(url), revision)


def migrated_down_to(url: str, revision: str) -> None:
    alembic.downgrade(_config(url), revision)


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["url"] = url
    return config


def as_login(url: str, name: str, password: str) -> str:
    split = urlsplit(url)
    return split._replace(netloc=f"{quote(name)}:{password}@{split.hostname}:{split.port}").geturl()


@pytest.fixture
async def empty_url(server_url: str) -> AsyncIterator[str]:
    """A database nobody has migrated."""
    name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(server_url)
    await admin.execute(f"create database {name}")
    yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


Logins = Callable[..., Any]


@pytest.fixture
async def login(server_url: str) -> AsyncIterator[Logins]:
    """`await login("granted", "roles")`: a login of its own, by name and password."""
    admin = await asyncpg.connect(server_url)
    made: list[str] = []

    async def make(*roles: str, inherits: bool = False) -> tuple[str, str]:
        name, password = f"dakehu_test_{secrets.token_hex(4)}", secrets.token_hex(8)
        await admin.execute(f"create role {name} login password '{password}' nosuperuser nocreaterole")
        made.append(name)
        for role in roles:
            await admin.execute(f"grant {role} to {name} with inherit {inherits}, set true")
        return name, password

    yield make
    for name in made:
        await admin.execute(f"drop owned by {name}")
        await admin.execute(f"drop role {name}")
    await admin.close()


async def test_a_database_from_before_gets_its_wall_and_goes_on(empty_url: str) -> None:
    """View tables were made by the owner of everything; afterwards the worker folds them, and tenants are apart."""
    await asyncio.to_thread(migrated_to, empty_url, BEFORE)
    owner = await asyncpg.connect(empty_url)
    view = VIEWS[0]
    await owner.execute(f"create schema {view.schema}")
    await owner.execute(view.create)
    for statement in view.create_indexes:
        await owner.execute(statement)
    await owner.execute(
        "insert into es.views (name, version, definition, status)"
        " values ($1, $2, $3, 'live'), ('gone.view', 1, 'x', 'live')",
        view.name, view.version, view.definition,
    )  # fmt: skip
    await migrate(empty_url)
    assert await owner.fetch("select es.unwalled()") == []
    assert await owner.fetch("select es.leaky()") == []
    held_by = "select relowner::regrole::text from pg_class where oid = $1::text::regclass"
    assert await owner.fetchval(held_by, view.table) == WORK
    async with pool_of_all(empty_url) as pool:
        await prepare(pool, VIEWS)
        log = Log(uuid4())
        log.act(random.Random(1), 20)
        await log.write(pool)
        follower = Follower(pool, VIEWS)
        while await follower.run_once():
            pass
        assert await pool.fetchval(f"select count(*) from {view.table}") > 0
    assert await owner.fetch("select es.unwalled()") == []
    async with await EventStore.open(empty_url, writers=1) as store:
        assert await store.pool.fetch(f"select * from {view.table}") == []
        with as_tenant(log.tenant_id):
            assert len(await store.pool.fetch(f"select * from {view.table}")) > 0
    await owner.close()


async def test_personal_data_of_before_are_refused_before_anything_is_changed(empty_url: str) -> None:
    """Their keys are wrapped as nothing here unwraps them: the code that made them can go on."""
    await asyncio.to_thread(migrated_to, empty_url, BEFORE)
    owner = await asyncpg.connect(empty_url)
    person = "insert into privacy.subjects (tenant_id, subject_id, key) values ($1, $2, $3)"
    await owner.execute(person, uuid4(), uuid4(), b"wrapped as before")
    with pytest.raises(CannotMigrate, match=r"earlier version.*nothing was changed"):
        await migrate(empty_url)
    assert await schema_version(empty_url) == BEFORE

    await owner.execute("update privacy.subjects set key = null, erased_at = now()")  # erased: nothing to decrypt
    await owner.execute("insert into privacy.seals (name, value) values ('master', 'sealed as before')")
    await migrate(empty_url)
    assert await owner.fetch("select * from privacy.seals") == [], "the first key of now seals it"
    await owner.close()


async def test_the_wall_comes_down_again_and_up_again(own_database_url: str) -> None:
    owner = await asyncpg.connect(own_database_url)
    await asyncio.to_thread(migrated_down_to, own_database_url, BEFORE)
    await asyncio.to_thread(migrated_to, own_database_url, "head")
    assert await owner.fetch("select es.unwalled()") == []
    await owner.close()


async def test_the_keys_of_personal_data_are_not_dropped_by_going_back(own_database_url: str) -> None:
    owner = await asyncpg.connect(own_database_url)
    await owner.execute("insert into privacy.tenant_keys (tenant_id, value) values ($1, $2)", uuid4(), b"wrapped")
    with pytest.raises(asyncpg.RaiseError, match="the keys of all personal data"):
        await asyncio.to_thread(migrated_down_to, own_database_url, BEFORE)
    assert await owner.fetchval("select count(*) from privacy.tenant_keys") == 1
    await owner.close()


async def test_a_migrator_who_may_not_make_or_take_roles_is_told_what_to_do(empty_url: str, login: Logins) -> None:
    name, password = await login()
    owner = await asyncpg.connect(empty_url)
    await owner.execute(f"alter database {urlsplit(empty_url).path[1:]} owner to {name}")
    managed = as_login(empty_url, name, password)
    with pytest.raises(CannotMigrate, match=r"may not take the role dakehu_app \(grant dakehu_app to"):
        await migrate(managed)

    await owner.execute(f"grant {OUR_ROLES} to {name}")
    await migrate(managed)
    assert await owner.fetch("select es.unwalled()") == []
    assert [row[0] for row in await owner.fetch("select es.leaky()::text")] != [], "only a superuser may mark them"
    tenant = uuid4()
    async with await EventStore.open(managed, writers=1) as store:
        await store.open_tenant(tenant)
        assert (await store.append(command(tenant, append(uuid4(), 0)))).kind == "ok"
        with as_tenant(tenant):
            assert (await store.head(tenant)).position == 1
        assert await store.pool.fetch("select * from es.events") == []
        await prepare(store.all_tenants, VIEWS)
        follower = Follower(store.all_tenants, VIEWS)
        while await follower.run_once():
            pass
    await migrate(empty_url)  # by a superuser: what was left is done now
    assert await owner.fetch("select es.leaky()") == []
    await owner.execute(f"reassign owned by {name} to current_user; drop owned by {name}")
    await owner.close()


async def test_a_service_with_a_login_of_its_own_is_held_to_its_roles(own_database_url: str, login: Logins) -> None:
    """Production: a service's session cannot become the worker or the owner, and is nobody by itself."""
    service = as_login(own_database_url, *await login("dakehu_app", "dakehu_append"))
    tenant = uuid4()
    async with await EventStore.open(own_database_url, writers=1, readers=1) as store:
        await store.open_tenant(tenant)
    async with await EventStore.open(service, writers=1, readers=1) as store:
        assert (await store.append(command(tenant, append(uuid4(), 0)))).kind == "ok"
        with as_tenant(tenant):
            assert (await store.head(tenant)).position == 1
        for role in ("dakehu_work", "postgres", "dakehu"):
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.InvalidParameterValueError)):
                await store.pool.execute(f"set role {role}")
        async with store.pool.acquire() as connection, connection.transaction():
            await connection.execute("set local role none")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("select * from es.events")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await store.all_tenants.fetch("select * from es.heads")
        lane = store._writer._lanes[0]
        lane._abandon()
        assert (await store.append(command(tenant, append(uuid4(), 0)))).kind == "ok", "it ends its own lost backend"


async def test_a_superusers_session_can_leave_its_role(own_database_url: str) -> None:
    """Why production gives each process a login: with the embedded server's a role is a habit, not a wall."""
    tenant = uuid4()
    async with await EventStore.open(own_database_url, writers=1, readers=1) as store:
        await store.open_tenant(tenant)
        assert await store.pool.fetch("select * from es.heads") == []
        async with store.pool.acquire() as connection, connection.transaction():
            await connection.execute("set local role none")
            assert len(await connection.fetch("select * from es.heads")) == 1


async def test_a_copied_database_is_settled_at_the_next_start(own_database_url: str) -> None:
    """Neither a dump nor a copy carries grants on the database or what was said of PostgreSQL's own functions."""
    owner = await asyncpg.connect(own_database_url)
    name = urlsplit(own_database_url).path[1:]
    await owner.execute(f"revoke create on database {name} from dakehu_work")
    await owner.execute("alter function jsonb_contains(jsonb, jsonb) not leakproof")
    assert [row[0] for row in await owner.fetch("select es.leaky()::text")] == ["jsonb_contains(jsonb,jsonb)"]
    await asyncio.gather(*(migrate(own_database_url) for _ in range(4)))
    assert await owner.fetch("select es.leaky()") == []
    assert await owner.fetchval("select has_database_privilege('dakehu_work', current_database(), 'create')")
    await owner.close()
