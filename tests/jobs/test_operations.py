"""Long work survives the workers that do it: nothing twice, nothing lost, and its owner sees how far it is."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.jobs import (
    Cancelled,
    LeaseLost,
    Operation,
    Problem,
    Running,
    cancel_operation,
    claim_next,
    create_operation,
    get_operation,
    problems_of,
    running,
)
from shared.jobs.files import CHUNK_BYTES, FileDamaged, file_names, read_file
from shared.jobs.runner import Runner
from tests.jobs.counting_worker import count

LINES = "".join("\n" if n % 25 == 0 else f"line {n}\n" for n in range(1, 401)).encode()
"""Sixteen of these 400 lines are empty."""


@asynccontextmanager
async def worker(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.jobs.counting_worker", env=os.environ | {"DATABASE_URL": url}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def order(pool: asyncpg.Pool, tenant_id: UUID, content: bytes = LINES) -> Operation:
    return await create_operation(
        pool,
        tenant_id=tenant_id,
        operation_id=uuid4(),
        kind="count",
        principal_id=uuid4(),
        principal={"functions": ["director"]},
        parameters={"of": "lines"},
        attached={"lines": content},
    )


async def when(pool: asyncpg.Pool, operation: Operation, holds: Callable[[Operation], bool]) -> Operation:
    async with asyncio.timeout(30):
        while True:
            found = await get_operation(pool, operation.tenant_id, operation.operation_id)
            assert found is not None
            if holds(found):
                return found
            await asyncio.sleep(0.02)


@pytest.fixture
async def session_key(own_database_url: str) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Takes the advisory locks that show that a worker lives."""
    connection = await asyncpg.connect(own_database_url)

    async def take(key: int) -> None:
        assert await connection.fetchval("select pg_try_advisory_lock(7310, $1)", key)

    yield take
    await connection.close()


async def test_an_operation_runs_to_its_end(pool: asyncpg.Pool, own_database_url: str, tenant_id: UUID) -> None:
    operation = await order(pool, tenant_id)
    assert (operation.state, operation.total) == ("queued", None)
    async with worker(own_database_url):
        found = await when(pool, operation, lambda o: o.finished)
    assert (found.state, found.done, found.total, found.problems) == ("done", 400, 400, 16)
    assert found.result == {"lines": 400, "begun_at": 0, "attempts": 1}
    problems = await problems_of(pool, tenant_id, operation.operation_id)
    assert [(p.number, p.line) for p in problems] == [(n, 25 * n) for n in range(1, 17)]


async def test_a_killed_worker_s_operation_goes_on_where_it_stood(
    pool: asyncpg.Pool, own_database_url: str, tenant_id: UUID
) -> None:
    operation = await order(pool, tenant_id)
    async with worker(own_database_url) as first:
        await when(pool, operation, lambda o: o.done >= 100)
        first.kill()
        await first.wait()
    cut = await get_operation(pool, tenant_id, operation.operation_id)
    assert cut is not None
    assert cut.state == "running"
    async with worker(own_database_url):
        found = await when(pool, operation, lambda o: o.finished)
    assert found.result == {"lines": 400, "begun_at": cut.done, "attempts": 2}
    problems = await problems_of(pool, tenant_id, operation.operation_id)
    assert [p.line for p in problems] == [25 * n for n in range(1, 17)]  # none twice


async def test_a_stopped_worker_leaves_its_operation_to_the_next(
    pool: asyncpg.Pool, own_database_url: str, tenant_id: UUID
) -> None:
    operation = await order(pool, tenant_id)
    async with worker(own_database_url) as first:
        await when(pool, operation, lambda o: o.done >= 50)  # by this worker: there is no other yet
        async with worker(own_database_url):
            first.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(first.wait(), 30) == 0
            found = await when(pool, operation, lambda o: o.finished)
    assert (found.state, found.problems) == ("done", 16)


async def test_a_running_operation_can_be_cancelled(pool: asyncpg.Pool, own_database_url: str, tenant_id: UUID) -> None:
    operation = await order(pool, tenant_id)
    async with worker(own_database_url):
        await when(pool, operation, lambda o: o.done >= 50)
        asked = await cancel_operation(pool, tenant_id, operation.operation_id)
        assert asked is not None
        assert asked.cancel_requested
        found = await when(pool, operation, lambda o: o.finished)
    assert found.state == "cancelled"
    assert 50 <= found.done < 400


async def test_a_queued_operation_is_cancelled_at_once(pool: asyncpg.Pool, tenant_id: UUID) -> None:
    operation = await order(pool, tenant_id)
    for _ in range(2):
        cancelled = await cancel_operation(pool, tenant_id, operation.operation_id)
        assert cancelled is not None
        assert (cancelled.state, cancelled.finished) == ("cancelled", True)
    assert await claim_next(pool, ["count"], 1) is None
    assert await cancel_operation(pool, tenant_id, uuid4()) is None


async def test_files_of_an_operation_that_came_to_nothing_are_forgotten(pool: asyncpg.Pool, tenant_id: UUID) -> None:
    async def broken(_: Running) -> None:
        raise ZeroDivisionError

    async def left(operation: Operation) -> list[str]:
        return await file_names(pool, tenant_id, operation.operation_id)

    failed = await order(pool, tenant_id)
    assert await left(failed) == ["lines"]
    assert await Runner(pool, {"count": broken}).run_one(2)
    assert await left(failed) == []
    cancelled = await order(pool, tenant_id)
    await cancel_operation(pool, tenant_id, cancelled.operation_id)
    assert await left(cancelled) == []


async def test_what_cannot_be_done_says_why(pool: asyncpg.Pool, own_database_url: str, tenant_id: UUID) -> None:
    refused = await order(pool, tenant_id, b"a\nforbidden\n")
    broken = await order(pool, tenant_id, b"\xff")
    async with worker(own_database_url):
        assert (await when(pool, refused, lambda o: o.finished)).error == "there is a forbidden line"
        assert (await when(pool, broken, lambda o: o.finished)).error == "internal_error"


async def test_the_same_id_again_is_the_same_operation(pool: asyncpg.Pool, tenant_id: UUID) -> None:
    operation = await order(pool, tenant_id)
    again = await create_operation(
        pool,
        tenant_id=tenant_id,
        operation_id=operation.operation_id,
        kind="count",
        principal_id=uuid4(),
        principal={},
        parameters={},
        attached={"lines": b"other"},
    )
    assert again == operation
    assert b"".join([c async for c in read_file(pool, tenant_id, operation.operation_id, "lines")]) == LINES


async def test_who_lost_the_lease_records_nothing_more(
    pool: asyncpg.Pool, tenant_id: UUID, session_key: Callable[[int], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    await order(pool, tenant_id)
    monkeypatch.setattr(running, "LEASE_SECONDS", 0.0)
    first = await claim_next(pool, ["count"], 1)
    monkeypatch.setattr(running, "LEASE_SECONDS", 30.0)
    second = await claim_next(pool, ["count"], 2)
    assert isinstance(first, Running)
    assert isinstance(second, Running)
    with pytest.raises(LeaseLost):
        await first.progress(10, problems=[Problem("late", "too late")])
    with pytest.raises(LeaseLost):
        await first.heartbeat()
    with pytest.raises(LeaseLost):
        await first.finish("done")
    await second.progress(5, 400, problems=[Problem("in_time", "in time")])
    assert [p.code for p in await problems_of(pool, tenant_id, second.operation_id)] == ["in_time"]


async def test_a_live_worker_keeps_what_it_claimed(
    pool: asyncpg.Pool, tenant_id: UUID, session_key: Callable[[int], Awaitable[None]]
) -> None:
    await order(pool, tenant_id)
    await session_key(1)
    assert await claim_next(pool, ["other"], 1) is None
    assert await claim_next(pool, ["count"], 1) is not None
    assert await claim_next(pool, ["count"], 2) is None


async def test_tenants_take_turns(pool: asyncpg.Pool, session_key: Callable[[int], Awaitable[None]]) -> None:
    await session_key(1)
    busy, patient = uuid4(), uuid4()
    for tenant in (busy, busy, busy, patient):
        await order(pool, tenant)
    taken = [await claim_next(pool, ["count"], 1) for _ in range(2)]
    assert [t.tenant_id for t in taken if t] == [busy, patient]


async def test_a_cancelled_operation_hears_of_it_at_its_next_progress(pool: asyncpg.Pool, tenant_id: UUID) -> None:
    operation = await order(pool, tenant_id)
    claimed = await claim_next(pool, ["count"], 1)
    assert claimed is not None
    await cancel_operation(pool, tenant_id, operation.operation_id)
    with pytest.raises(Cancelled):
        await claimed.progress(7)
    found = await get_operation(pool, tenant_id, operation.operation_id)
    assert found is not None
    assert found.done == 7


async def test_an_operation_that_kills_its_workers_is_given_up(pool: asyncpg.Pool, tenant_id: UUID) -> None:
    operation = await order(pool, tenant_id)
    for _ in range(running.MOST_ATTEMPTS):
        assert await claim_next(pool, ["count"], 1) is not None  # and dies: no session holds the key
    assert await Runner(pool, {"count": count}).run_one(2)
    found = await get_operation(pool, tenant_id, operation.operation_id)
    assert found is not None
    assert (found.state, found.error) == ("failed", "gave_up")


async def test_large_files_come_back_as_they_were_or_not_at_all(pool: asyncpg.Pool, tenant_id: UUID) -> None:
    content = os.urandom(2 * CHUNK_BYTES + 77)
    operation = await order(pool, tenant_id, content)
    assert b"".join([c async for c in read_file(pool, tenant_id, operation.operation_id, "lines")]) == content
    await pool.execute("update es.operation_file_chunks set content = '' where number = 2")
    with pytest.raises(FileDamaged):
        _ = [c async for c in read_file(pool, tenant_id, operation.operation_id, "lines")]
    with pytest.raises(KeyError):
        _ = [c async for c in read_file(pool, tenant_id, operation.operation_id, "other")]
