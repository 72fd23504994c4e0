"""The log of attempts: filters, pages, expunging, retention. Two companies, two endpoints."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.event_store import connections
from shared.webhooks import attempt_log as log
from shared.webhooks.attempt_log import Wanted
from tests.webhooks.delivered import BEGAN, Tried, flowing, held_up, tried

NOTICE = """
insert into delivery.notices (tenant_id, notice_id, endpoint_id, kind, at) values ($1, $2, $3, 'failing', $4)
"""
DAY = timedelta(days=1)


@pytest.fixture
async def all_of(own_database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """A database of its own, as the worker sees it: forgetting looks at all tenants."""
    async with connections.pool(
        own_database_url, connections.WORK, settings=connections.SESSION, least=1, most=2
    ) as pool:
        yield pool


async def test_attempts_are_found_by_what_came_of_them_and_by_what_they_were_about(
    pool: asyncpg.Pool, tenant_id: UUID
) -> None:
    endpoint, replay, deal = uuid4(), uuid4(), uuid4()
    delivered, waiting, parked, unanswered, of_replay = await tried(
        pool,
        tenant_id,
        endpoint,
        [
            Tried(),
            Tried(status=500, position=2, next_at=BEGAN + DAY),
            Tried(status=400, position=3, type="DealLost", subject=deal),
            Tried(status=None, fault="timeout", position=4, next_at=BEGAN + DAY),
            Tried(flow_id=replay, position=5),
        ],
    )
    await tried(pool, tenant_id, uuid4(), [Tried()])  # another endpoint
    await tried(pool, uuid4(), endpoint, [Tried()])  # another company

    async def found(**wanted: object) -> list[UUID]:
        rows = await log.attempts(pool, tenant_id, endpoint, Wanted(**wanted), limit=100)  # type: ignore[arg-type]
        return [row["attempt_id"] for row in rows]

    assert await found() == [of_replay, unanswered, parked, waiting, delivered]
    assert await found(outcome="delivered") == [of_replay, delivered]
    assert await found(outcome="failed") == [unanswered, parked, waiting]
    assert await found(outcome="waiting") == [unanswered, waiting]
    assert await found(outcome="parked") == [parked]
    assert await found(flow_id=replay) == [of_replay]
    assert await found(type="DealLost") == await found(subject=deal) == await found(position=3) == [parked]
    assert await found(since=BEGAN + timedelta(seconds=3), until=BEGAN + timedelta(seconds=3)) == [unanswered]


async def test_pages_of_attempts_at_one_instant_miss_none(pool: asyncpg.Pool, tenant_id: UUID) -> None:
    endpoint = uuid4()
    ids = await tried(pool, tenant_id, endpoint, [Tried(at=BEGAN) for _ in range(7)])
    seen: list[UUID] = []
    before = None
    while rows := await log.attempts(pool, tenant_id, endpoint, Wanted(), before=before, limit=3):
        seen += [row["attempt_id"] for row in rows]
        before = (rows[-1]["at"], rows[-1]["attempt_id"])
    assert seen == sorted(ids, reverse=True)


async def test_what_is_expunged_is_gone_for_good_and_nothing_else(pool: asyncpg.Pool, tenant_id: UUID) -> None:
    endpoint, deal = uuid4(), uuid4()
    ids = await tried(pool, tenant_id, endpoint, [Tried(), Tried(subject=deal), Tried(position=3), Tried(), Tried()])
    elsewhere = await tried(pool, tenant_id, uuid4(), [Tried(subject=deal)])

    async def kept() -> set[UUID]:
        rows = await pool.fetch(
            "select attempt_id from delivery.attempts where tenant_id = $1 and answer is not null", tenant_id
        )
        return {row["attempt_id"] for row in rows}

    assert await log.expunge(pool, tenant_id, endpoint, subject=deal) == 1
    assert await log.expunge(pool, tenant_id, endpoint, subject=deal) == 0
    assert await log.expunge(pool, tenant_id, endpoint, position=3) == 1
    assert await log.expunge(pool, tenant_id, endpoint, attempt_id=ids[4]) == 1
    assert await kept() == {ids[0], ids[3], *elsewhere}
    assert await log.expunge(pool, tenant_id, endpoint, until=BEGAN + timedelta(seconds=1)) == 1
    assert await kept() == {ids[3], *elsewhere}


async def test_what_is_older_than_its_days_is_forgotten_of_all_companies(
    all_of: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "FORGET_AT_ONCE", 2)
    endpoints = {uuid4(): uuid4(), uuid4(): uuid4()}
    kept: set[UUID] = set()
    for tenant, endpoint in endpoints.items():
        await flowing(all_of, tenant, endpoint)
        await tried(all_of, tenant, endpoint, [Tried(at=BEGAN - 91 * DAY + timedelta(minutes=n)) for n in range(5)])
        kept |= set(await tried(all_of, tenant, endpoint, [Tried(at=BEGAN)]))
        for at, state in ((BEGAN - 91 * DAY, "done"), (BEGAN, "cancelled"), (BEGAN - 91 * DAY, "running")):
            replay = await flowing(all_of, tenant, endpoint, state=state, upto=9)
            over = None if state == "running" else at
            await all_of.execute("update delivery.flows set finished_at = $2 where flow_id = $1", replay, over)
            await held_up(all_of, tenant, endpoint, uuid4(), [3, 4], flow_id=replay)
        for at in (BEGAN - 91 * DAY, BEGAN):
            notice = uuid4()
            await all_of.execute(NOTICE, tenant, notice, endpoint, at)
            await all_of.execute(
                "insert into delivery.tellings (tenant_id, notice_id, endpoint_id) values ($1, $2, $3)",
                *(tenant, notice, uuid4()),
            )

    assert await all_of.execute(log.FORGET, BEGAN - 90 * DAY, 3) == "DELETE 3", "in all, not of each endpoint"
    assert await log.forget(all_of, BEGAN - 90 * DAY) == 7

    assert {row[0] for row in await all_of.fetch("select attempt_id from delivery.attempts")} == kept
    states = await all_of.fetch("select state, count(*) from delivery.flows where kind = 'replay' group by 1")
    assert {row[0]: row[1] for row in states} == {"cancelled": 2, "running": 2}
    for table, left in (("notices", 2), ("tellings", 2), ("lanes", 2), ("waiting", 4)):
        assert await all_of.fetchval(f"select count(*) from delivery.{table}") == left, table
