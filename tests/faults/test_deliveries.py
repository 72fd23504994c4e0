"""Workers that deliver are killed, or frozen and thawed: all arrives, in order, twice only what was under way."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
from collections import defaultdict
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from shared.webhooks.flows import LEASE_SECONDS
from tests.deliveries.flowing import until
from tests.faults.delivering import Workers, workers
from tests.webhooks.receivers import Request, receiver, says

KILLS = 20 if os.environ.get("DAKEHU_SOAK") else 5
EVENTS = 1_000
RATE = 160.0
SUBJECTS = 40

ACKNOWLEDGED = """
select endpoint_id, position, count(*) as times from delivery.attempts
 where tenant_id = $1 and status between 200 and 299 group by 1, 2
"""


@pytest.mark.slow
async def test_workers_are_killed_at_random(own_database_url: str, tmp_path: Path) -> None:
    """Must-show: 1 000 events, two workers, each with an endpoint of its own when all is well."""
    subjects = [uuid4() for _ in range(SUBJECTS)]
    arrived: dict[str, list[int]] = defaultdict(list)
    chance = random.Random(6)

    async def takes(request: Request, writer: asyncio.StreamWriter) -> None:
        arrived[request.line.split()[1]].append(json.loads(request.body)["position"])
        await asyncio.sleep(chance.random() / 50)
        await says(204, b"")(request, writer)

    async with workers(own_database_url, tmp_path) as these, receiver(takes) as theirs:
        at = f"http://127.0.0.1:{theirs.port}"
        ids = {
            f"/{n}": await these.endpoint(url=f"{at}/{n}", types=["DealWon"], rate=RATE * 5 / KILLS) for n in range(2)
        }
        for _ in range(2):
            await these.start()
        await until(lambda: _held(these, list(ids.values())), "both deliver")
        await these.log.add(*(chance.choice(subjects) for _ in range(EVENTS)), type="DealWon")
        for kill in range(KILLS):
            so_far = EVENTS * (kill + 0.5) / (KILLS + 1)
            await until(lambda least=so_far: sum(map(len, arrived.values())) >= 2 * least, f"kill {kill}")
            await these.kill(chance.choice(these.running))
            await these.start()
        wanted = {position for places in these.log.positions.values() for position in places}
        assert len(wanted) == EVENTS
        await until(lambda: all(set(arrived[path]) >= wanted for path in ids), "all arrived")
        await until(lambda: _acknowledged(these, 2 * EVENTS), "all acknowledged")
        rows = await these.pool.fetch(ACKNOWLEDGED, these.log.tenant_id)
        assert {row["times"] for row in rows} == {1}, "what was acknowledged is not sent again"
    for path in ids:
        firsts = list(dict.fromkeys(arrived[path]))
        assert set(firsts) == wanted
        for places in these.log.positions.values():
            assert [position for position in firsts if position in set(places)] == places


async def _held(these: Workers, ids: list[UUID]) -> bool:
    holders = [await these.holder(id) for id in ids]
    return None not in holders and len(set(holders)) == len(ids)


async def _acknowledged(these: Workers, events: int) -> bool:
    count: int = await these.pool.fetchval(
        "select count(*) from delivery.attempts where tenant_id = $1 and status between 200 and 299",
        these.log.tenant_id,
    )
    return count >= events


@pytest.mark.slow
async def test_a_worker_that_was_frozen_past_its_lease_cannot_acknowledge(
    own_database_url: str, tmp_path: Path
) -> None:
    """Must-show: what it was answered while it slept counts for nothing; what others were answered does."""
    asked: list[tuple[int, int]] = []
    answer_first = asyncio.Event()

    async def takes(request: Request, writer: asyncio.StreamWriter) -> None:
        asked.append((json.loads(request.body)["position"], int(request.headers["webhook-attempt"])))
        if len(asked) == 1:  # the frozen worker's
            await answer_first.wait()
        await says(500 if len(asked) == 2 else 204, b"")(request, writer)

    async with workers(own_database_url, tmp_path) as these, receiver(takes) as theirs:
        id = await these.endpoint(url=theirs.url, types=["DealWon"])
        subject = uuid4()
        for _ in range(2):
            await these.start()
        await until(lambda: these.holder(id), "delivers")
        await these.log.add(subject, subject, type="DealWon")
        await until(lambda: asked, "the first event is under way")
        frozen = await these.holder(id)
        assert frozen is not None
        frozen.signal(signal.SIGSTOP)
        await until(lambda: len(asked) == 2, f"another took over after {LEASE_SECONDS} s")
        assert await these.holder(id) not in (None, frozen)
        answer_first.set()
        frozen.signal(signal.SIGCONT)
        await until(lambda: "flow_lost" in frozen.output.read_text(), "it learns that it lost")
        await until(lambda: len(asked) >= 4, "tried again, and what follows")
        await until(lambda: _acknowledged(these, 2), "acknowledged")
        rows = await these.pool.fetch(
            "select position, number, status from delivery.attempts where tenant_id = $1 order by at",
            these.log.tenant_id,
        )
    first, second = these.log.positions[subject]
    assert asked == [(first, 1), (first, 1), (first, 2), (second, 1)]
    assert [tuple(row) for row in rows] == [(first, 1, 500), (first, 2, 204), (second, 1, 204)]
