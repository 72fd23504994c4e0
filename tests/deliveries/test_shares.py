"""What one tenant has, slow receivers or events that cannot be read, does not keep those of another waiting."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.identity.sight import Sight
from shared.webhooks.endpoint import Endpoint
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


@pytest.mark.parametrize("error", [asyncpg.QueryCanceledError, asyncpg.InvalidTextRepresentationError, ValueError])
async def test_a_flow_whose_events_cannot_be_read_keeps_back_no_other(
    database_url: str, error: type[Exception]
) -> None:
    crowd, broken = Crowd(), list[UUID]()

    class Poisoned(Registry):
        async def sight(self, endpoint: Endpoint) -> Sight:
            if endpoint.url == SLOW:
                broken.append(endpoint.endpoint_id)
                raise error("what one tenant has cannot be read")
            return Sight(everything=True)

    registry = Poisoned()
    async with log_of(database_url) as poisoned, log_of(database_url) as other:
        registry.add(poisoned.tenant_id, SLOW)
        registry.add(other.tenant_id, QUICK)
        await poisoned.add(uuid4())
        await other.add(uuid4())
        async with working(database_url, registry, sender=crowd):
            await until(lambda: broken and crowd.taken[QUICK] == 1, "the other's event")
            await other.add(uuid4())
            await until(lambda: crowd.taken[QUICK] == 2, "the worker goes on")
    assert crowd.taken[SLOW] == 0
