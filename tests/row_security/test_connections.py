"""A pooled connection asks for the tenant of the task that uses it, and says so only when that changes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.event_store import connections
from shared.event_store.connections import APP, READER, PooledConnection
from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant, current_tenant
from tests.event_store.conftest import append, command

WHO = "select distinct tenant_id from es.events"


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with await EventStore.open(database_url, writers=1, readers=4) as store:
        yield store


@pytest.fixture
async def tenants(store: EventStore) -> list[UUID]:
    """Five with three events each."""
    found = [uuid4() for _ in range(5)]
    for tenant in found:
        await store.open_tenant(tenant)
        for _ in range(3):
            assert (await store.append(command(tenant, append(uuid4(), 0)))).kind == "ok"
    return found


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was said to pooled connections beside queries."""
    found: list[str] = []
    execute = PooledConnection.execute

    async def noted(self: PooledConnection, query: str, *args: Any, **given: Any) -> str:
        found.append(query)
        return await execute(self, query, *args, **given)

    monkeypatch.setattr(PooledConnection, "execute", noted)
    return found


async def test_the_tenant_is_said_once_and_again_when_it_changes(
    database_url: str, tenants: list[UUID], told: list[str]
) -> None:
    one, other = tenants[:2]
    async with connections.pool(database_url, APP, settings=READER, least=1, most=1) as pool:
        told.clear()
        assert await pool.fetch(WHO) == []
        assert told == [], "nobody is what a new connection asks for"
        for tenant, times in ((one, 3), (other, 3), (one, 2)):
            with as_tenant(tenant):
                for _ in range(times):
                    assert [row["tenant_id"] for row in await pool.fetch(WHO)] == [tenant]
                    async with pool.acquire() as connection:
                        assert await connection.fetchval("select count(*) from es.events") == 3
        assert told == [f"set app.tenant = '{tenant}'" for tenant in (one, other, one)]
        assert await pool.fetch(WHO) == [], "what the last one asked for is not left to the next"
        assert told[-1] == "set app.tenant = ''"


async def test_tasks_of_many_tenants_share_a_few_connections(store: EventStore, tenants: list[UUID]) -> None:
    chance = random.Random(3)

    async def ask(tenant: UUID | None) -> None:
        with as_tenant(tenant):
            for _ in range(5):
                await asyncio.sleep(chance.uniform(0, 0.003))
                seen = {row["tenant_id"] for row in await store.pool.fetch(WHO)}
                assert seen == ({tenant} if tenant else set())

    await asyncio.gather(*(ask(chance.choice([*tenants, None])) for _ in range(200)))


async def test_a_cancelled_or_failed_query_leaves_no_tenant_behind(store: EventStore, tenants: list[UUID]) -> None:
    chance = random.Random(4)

    async def trouble(tenant: UUID) -> None:
        with as_tenant(tenant):
            if chance.random() < 0.3:
                with pytest.raises(asyncpg.UndefinedTableError):
                    await store.pool.fetch("select * from no_such_table")
            task = asyncio.ensure_future(store.pool.fetch("select pg_sleep(0.02), tenant_id from es.events"))
            await asyncio.sleep(chance.uniform(0, 0.01))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert {row["tenant_id"] for row in await store.pool.fetch(WHO)} == {tenant}

    await asyncio.gather(*(trouble(chance.choice(tenants)) for _ in range(40)))
    assert await store.pool.fetch(WHO) == []


async def test_a_tenant_said_in_a_rolled_back_transaction_is_still_asked_for(
    store: EventStore, tenants: list[UUID]
) -> None:
    with as_tenant(tenants[0]):
        async with store.pool.acquire() as connection:
            with pytest.raises(RuntimeError):
                async with connection.transaction():
                    raise RuntimeError
            assert len(await connection.fetch(WHO)) == 1
        assert len(await store.pool.fetch(WHO)) == 1


async def test_a_connection_that_cannot_say_its_tenant_is_dropped(
    database_url: str, tenants: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connections.pool(database_url, APP, settings=READER, least=1, most=1) as pool:
        before = await pool.fetchval("select pg_backend_pid()")
        execute = PooledConnection.execute

        async def lost(self: PooledConnection, query: str, *args: Any, **given: Any) -> str:
            raise asyncpg.InterfaceError("lost")

        monkeypatch.setattr(PooledConnection, "execute", lost)
        with as_tenant(tenants[0]), pytest.raises(asyncpg.InterfaceError):
            await pool.fetch(WHO)
        monkeypatch.setattr(PooledConnection, "execute", execute)
        with as_tenant(tenants[0]):
            assert len(await pool.fetch(WHO)) == 1
            assert await pool.fetchval("select pg_backend_pid()") != before


async def test_what_is_begun_as_a_tenant_stays_so(store: EventStore, tenants: list[UUID]) -> None:
    async def later() -> list[Any]:
        await asyncio.sleep(0.01)
        return list(await store.pool.fetch(WHO))

    with as_tenant(tenants[0]):
        task = asyncio.create_task(later())
        with as_tenant(tenants[1]):
            assert [row["tenant_id"] for row in await later()] == [tenants[1]]
        assert current_tenant.get() == tenants[0]
    assert current_tenant.get() is None
    assert [row["tenant_id"] for row in await task] == [tenants[0]]


async def test_the_store_reads_for_the_current_tenant_only(store: EventStore, tenants: list[UUID]) -> None:
    one, other = tenants[:2]
    with as_tenant(one):
        assert len(await store.read(one, 0, 9)) == 3
        assert await store.read(other, 0, 9) == []
        assert (await store.head(one)).position == 3
    assert await store.read(one, 0, 9) == []
    assert set(tenants) <= set(await store.tenants()), "the installation's own business"
