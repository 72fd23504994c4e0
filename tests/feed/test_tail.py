"""Who waits for the log to grow is told, of their company alone, once; and nobody waits longer than they said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.event_store.connections import WORK
from shared.event_store.store import EventStore
from shared.feed.tail import Tail
from tests.event_store.conftest import append, command


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with await EventStore.open(database_url, readers=4, reads_as=WORK) as store:
        yield store


@pytest.fixture
async def tail(store: EventStore) -> AsyncIterator[Tail]:
    tail = Tail(lambda: store.pool, lambda: store.database_url)
    yield tail
    await tail.close()


async def opened(store: EventStore) -> UUID:
    tenant_id = uuid4()
    await store.open_tenant(tenant_id)
    return tenant_id


def soon(seconds: float = 20) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_who_waits_is_told_how_far_the_log_goes_now(store: EventStore, tail: Tail) -> None:
    tenant_id = await opened(store)
    waiting = [asyncio.create_task(tail.beyond(tenant_id, 0, until=soon())) for _ in range(50)]
    await asyncio.sleep(0.1)
    assert not any(task.done() for task in waiting)
    await store.append(command(tenant_id, append(uuid4(), 0)))
    assert await asyncio.gather(*waiting) == [1] * 50
    assert await tail.beyond(tenant_id, 0, until=soon()) == 1  # already there
    await store.append(command(tenant_id, append(uuid4(), 0)))
    assert await tail.beyond(tenant_id, 1, until=soon()) == 2


async def test_nobody_waits_for_another_company(store: EventStore, tail: Tail) -> None:
    ours, theirs = await opened(store), await opened(store)
    async with tail.listening(theirs) as end:
        waiting = asyncio.create_task(tail.beyond(ours, 0, until=soon(1.5)))
        await asyncio.sleep(0.1)
        await store.append(command(theirs, append(uuid4(), 0)))
        async with asyncio.timeout(20):
            while end.position < 1:
                await asyncio.wait((end.news,))
        assert not waiting.done()
        assert await waiting == 0  # at the time they said


async def test_who_waits_is_told_when_the_process_is_to_end(store: EventStore) -> None:
    stopping = False
    tail = Tail(lambda: store.pool, lambda: store.database_url, lambda: stopping)
    tenant_id = await opened(store)
    waiting = asyncio.create_task(tail.beyond(tenant_id, 0, until=soon(600)))
    await asyncio.sleep(0.1)
    stopping = True
    assert await asyncio.wait_for(waiting, 20) == 0
    await tail.close()
    assert await tail.beyond(tenant_id, 0, until=soon(600)) == 0  # no longer at all


async def test_looks_that_fail_are_made_up_for(store: EventStore) -> None:
    tenant_id = await opened(store)
    failing: list[Exception] = []

    class Pool:
        async def fetchrow(self, *given: Any) -> Any:
            if failing:
                raise failing.pop()
            return await store.pool.fetchrow(*given)

    tail = Tail(Pool, lambda: store.database_url)
    waiting = asyncio.create_task(tail.beyond(tenant_id, 0, until=soon()))
    await asyncio.sleep(0.1)
    failing += [ConnectionError(), asyncpg.InternalClientError(), asyncpg.InterfaceError("closed"), TimeoutError()]
    await store.append(command(tenant_id, append(uuid4(), 0)))
    assert await waiting == 1
    assert not failing
    await tail.close()


async def test_a_restored_log_is_told_as_another_epoch(own_database_url: str) -> None:
    async with await EventStore.open(own_database_url, readers=4, reads_as=WORK) as store:
        tail = Tail(lambda: store.pool, lambda: store.database_url)
        tenant_id = await opened(store)
        async with tail.listening(tenant_id) as end:
            assert end.epoch == 1
            news = end.news
            await store.restored("of a test")
            tail.look_now()
            await asyncio.wait((news,), timeout=20)
            assert end.epoch > 1
        await tail.close()
