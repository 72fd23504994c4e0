"""Many writers at once, over several stores, with readers at their heels. DAKEHU_SOAK_SECONDS makes it long."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import asyncpg

from shared.event_store.connections import WORK
from shared.event_store.hints import CHANNEL
from shared.event_store.store import EventStore
from shared.event_store.verify import verify
from tests.event_store.conftest import append, command

SECONDS = float(os.environ.get("DAKEHU_SOAK_SECONDS", "2"))


async def stores(stack: AsyncExitStack, database_url: str, count: int = 3) -> list[EventStore]:
    """As many processes would have, each with lanes of its own."""
    return [
        await stack.enter_async_context(await EventStore.open(database_url, readers=2, reads_as=WORK))
        for _ in range(count)
    ]


async def test_fifty_writers_on_one_stream_lose_no_update(database_url: str, tenant: UUID) -> None:
    async with AsyncExitStack() as stack:
        all_stores = await stores(stack, database_url)
        stream = uuid4()
        conflicts = 0

        async def write(n: int) -> None:
            nonlocal conflicts
            store = all_stores[n % 3]
            version = 0
            for own in range(3):
                while True:
                    outcome = await store.append(command(tenant, append(stream, version), key=f"{n} {own} {version}"))
                    assert outcome.version is not None
                    version = outcome.version
                    if outcome.kind == "ok":
                        break
                    assert outcome.kind == "conflict"
                    conflicts += 1

        await asyncio.gather(*(write(n) for n in range(50)))
        events = await all_stores[0].load(tenant, stream)
        assert [event.version for event in events] == list(range(1, 151))
        assert conflicts > 0
        assert (await verify(all_stores[0], tenant)).ok


async def test_sixty_four_writers_and_readers_that_miss_nothing(database_url: str, tenant: UUID) -> None:
    async with AsyncExitStack() as stack:
        all_stores = await stores(stack, database_url)
        loop = asyncio.get_running_loop()
        stop = loop.time() + SECONDS
        written: list[int] = []
        done = asyncio.Event()

        async def write(n: int) -> None:
            stream, version = uuid4(), 0
            while loop.time() < stop:
                outcome = await all_stores[n % 3].append(
                    command(tenant, append(stream, version), key=f"{stream} {version}")
                )
                assert outcome.kind == "ok"
                assert outcome.last_position is not None
                written.append(outcome.last_position)
                version += 1
                if version == 8:
                    stream, version = uuid4(), 0

        async def tail(store: EventStore) -> list[int]:
            seen: list[int] = []
            last = None
            while True:
                finished = done.is_set()
                page = await store.read(tenant, len(seen), 200)  # raises when there is a hole
                for event in page:
                    assert last is None or event.recorded_at >= last
                    last = event.recorded_at
                    seen.append(event.position)
                if finished and not page:
                    return seen
                await asyncio.sleep(0)

        readers = [asyncio.create_task(tail(store)) for store in all_stores]
        await asyncio.gather(*(write(n) for n in range(64)))
        done.set()
        for seen in await asyncio.gather(*readers):
            assert seen == sorted(written) == list(range(1, len(written) + 1))
        assert (await verify(all_stores[0], tenant)).ok


async def test_a_command_over_many_streams_is_all_or_nothing_under_contention(database_url: str, tenant: UUID) -> None:
    async with AsyncExitStack() as stack:
        all_stores = await stores(stack, database_url)
        streams = [uuid4() for _ in range(3)]

        async def write(n: int) -> int:
            order = streams[n % 3 :] + streams[: n % 3]
            won = 0
            for _ in range(5):
                at = {stream: len(await all_stores[0].load(tenant, stream)) for stream in order}
                outcome = await all_stores[n % 3].append(command(tenant, *(append(s, at[s]) for s in order)))
                won += outcome.kind == "ok"
            return won

        won = sum(await asyncio.gather(*(write(n) for n in range(12))))
        lengths = {len(await all_stores[0].load(tenant, stream)) for stream in streams}
        assert lengths == {won}
        assert (await all_stores[0].head(tenant)).position == 3 * won


async def test_a_hint_follows_a_commit(store: EventStore, tenant: UUID) -> None:
    heard = asyncio.Event()
    connection = await asyncpg.connect(store.database_url)
    await connection.add_listener(CHANNEL, lambda *_: heard.set())
    await store.append(command(tenant, append(uuid4(), 0)))
    await asyncio.wait_for(heard.wait(), 10)
    await connection.close()
