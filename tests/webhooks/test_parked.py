"""Lanes tried again or freed of an event by hand: only those meant, and only from where they stood."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from shared.webhooks import parked
from tests.webhooks.delivered import BEGAN, flowing, held_up

LATER = BEGAN + timedelta(hours=1)


async def standing(pool: asyncpg.Pool, lanes: Iterable[UUID]) -> dict[UUID, Any]:
    rows = await pool.fetch("select * from delivery.lanes where lane = any($1::uuid[])", list(lanes))
    return {row["lane"]: row for row in rows}


async def test_a_retry_begins_the_schedule_anew_and_does_not_wait_for_the_receiver(
    pool: asyncpg.Pool, tenant_id: UUID
) -> None:
    endpoint, lane, other, waiting = uuid4(), uuid4(), uuid4(), uuid4()
    await flowing(pool, tenant_id, endpoint)
    replay = await flowing(pool, tenant_id, endpoint, upto=9)
    await pool.execute("update delivery.flows set not_before = $1 where endpoint_id = $2", LATER, endpoint)
    for id in (lane, other):
        await held_up(pool, tenant_id, endpoint, id, [3])
    await held_up(pool, tenant_id, endpoint, waiting, [4], state="waiting", next_at=LATER)
    of_replay = uuid4()
    await held_up(pool, tenant_id, endpoint, of_replay, [3], flow_id=replay)

    assert await parked.retry(pool, tenant_id, endpoint, at=BEGAN, lane=lane) == 1
    assert await parked.retry(pool, tenant_id, endpoint, at=BEGAN, lane=of_replay) == 0
    found = await standing(pool, (lane, other, waiting, of_replay))
    assert (found[lane]["state"], found[lane]["attempts"], found[lane]["next_at"]) == ("waiting", 0, BEGAN)
    assert found[other]["state"] == found[of_replay]["state"] == "parked"
    held = await pool.fetch(
        "select flow_id from delivery.flows where endpoint_id = $1 and not_before > $2", endpoint, BEGAN
    )
    assert [row[0] for row in held] == [replay]

    assert await parked.retry(pool, tenant_id, endpoint, at=BEGAN, state="parked") == 1
    found = await standing(pool, (other, waiting, of_replay))
    assert found[other]["state"] == "waiting"
    assert found[waiting]["next_at"] == LATER  # its own time has not come
    assert found[of_replay]["state"] == "parked"


async def test_one_event_is_skipped_once_and_only_where_the_lane_stands(pool: asyncpg.Pool, tenant_id: UUID) -> None:
    endpoint, lane, other = uuid4(), uuid4(), uuid4()
    await flowing(pool, tenant_id, endpoint)
    for id in (lane, other):
        await held_up(pool, tenant_id, endpoint, id, [3, 5])

    assert not await parked.skip(pool, tenant_id, endpoint, lane, 5, at=BEGAN)
    assert not await parked.skip(pool, uuid4(), endpoint, lane, 3, at=BEGAN)
    assert await parked.skip(pool, tenant_id, endpoint, lane, 3, at=BEGAN)
    assert await parked.skip(pool, tenant_id, endpoint, lane, 3, at=BEGAN)  # nobody has taken it up: nothing more

    waits = await pool.fetch("select lane, position from delivery.waiting where flow_id = $1 order by 2", endpoint)
    assert [row["position"] for row in waits if row["lane"] == lane] == [5]
    assert [row["position"] for row in waits if row["lane"] == other] == [3, 5]
    assert (await standing(pool, [lane]))[lane]["state"] == "waiting"


async def test_lanes_are_shown_with_how_much_waits_in_them(pool: asyncpg.Pool, tenant_id: UUID) -> None:
    endpoint = uuid4()
    ids = sorted(uuid4() for _ in range(5))
    for number, id in enumerate(ids):
        await held_up(pool, tenant_id, endpoint, id, range(3, 4 + number), state="parked" if number % 2 else "waiting")
    first = await parked.lanes(pool, tenant_id, endpoint, limit=3)
    rest = await parked.lanes(pool, tenant_id, endpoint, after=first[-1]["lane"], limit=3)
    assert [(row["lane"], row["events"]) for row in (*first, *rest)] == [(id, n + 1) for n, id in enumerate(ids)]
    assert [row["lane"] for row in await parked.lanes(pool, tenant_id, endpoint, state="parked", limit=9)] == ids[1::2]
