"""A tenant with many slow receivers leaves room for the receivers of another."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from uuid import uuid4

from shared.webhooks.sending import DEADLINE_SECONDS, Answer, Networks
from tests.deliveries.flowing import Registry, log_of, until, working

SLOW, QUICK = "https://slow.example.com/", "https://quick.example.com/"
MOST = 5


class Crowd:
    """Slow receivers answer when they are let; no more is sent at a time than the process may."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.under_way: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()

    async def post(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        allowed: Networks = (),
        deadline: float = DEADLINE_SECONDS,
    ) -> Answer:
        self.under_way[url] += 1
        self.most[url] = max(self.most[url], self.under_way[url])
        if url == SLOW:
            await self.let.wait()
        self.under_way[url] -= 1
        self.taken[url] += 1
        return Answer(204, 1.0)


async def test_a_tenant_of_slow_receivers_leaves_room_for_others(database_url: str) -> None:
    crowd, registry = Crowd(), Registry()
    async with log_of(database_url) as greedy, log_of(database_url) as other:
        for _ in range(3):
            registry.add(greedy.tenant_id, SLOW)
        registry.add(other.tenant_id, QUICK)
        await greedy.add(*(uuid4() for _ in range(10)))
        await other.add(*(uuid4() for _ in range(20)))
        async with working(database_url, registry, sender=crowd, most_of_a_tenant=MOST):
            await until(lambda: crowd.taken[QUICK] == 20, "the other's events")
            await until(lambda: crowd.under_way[SLOW] == MOST, "as much as it may")
            crowd.let.set()
            await until(lambda: crowd.taken[SLOW] == 30, "all of them in the end")
    assert crowd.most[SLOW] == MOST
