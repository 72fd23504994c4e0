"""Two companies at once on few connections, without the predicate, while requests end early and connections are cut."""

# ruff: noqa: F811 - pytest gives fixtures by the names of parameters

from __future__ import annotations

import asyncio
import random

import asyncpg
import httpx

from shared.event_store.connections import APP
from shared.event_store.store import EventStore
from tests.opportunities.routes.conftest import (  # noqa: F401 - fixtures
    app,
    clock,
    http,
    ours,
    prospect,
    rep,
    settings,
    store,
    stranger,
    theirs,
)  # fmt: skip
from tests.opportunities.routes.world import Client, World
from tests.row_security.test_over_http import PATHS, Swapped, both, forget  # noqa: F401 - fixtures

ASKED = (*PATHS, "/v1/audit?format=csv", "/v1/audit?limit=1000", "/v1/events?limit=1000", "/v1/me")
CUT = """
select pg_terminate_backend(pid) from pg_stat_activity
 where datname = current_database() and application_name = 'dakehu read'
"""
REQUESTS = 240


async def test_no_answer_holds_a_row_of_the_other_company_whatever_ends_early(
    both: tuple[Client, Client],
    forget: Swapped,
    store: EventStore,
    database_url: str,
    ours: World,
    theirs: World,
) -> None:
    chance = random.Random(7)
    own, other = both
    foreign = [(own, "theirs-marked", theirs), (other, "ours-marked", ours)]
    for client in both:  # the vault keeps the connections it has, and the key of the tenant
        await client.get("/v1/opportunities")
    await forget(APP)
    owner = await asyncpg.connect(database_url)
    answered = 0

    async def ask(client: Client, marked: str, world: World) -> None:
        nonlocal answered
        path = chance.choice(ASKED)
        asking = asyncio.ensure_future(client.get(path))
        if chance.random() < 0.4:
            await asyncio.sleep(chance.uniform(0, 0.02))
            asking.cancel()
        try:
            answer: httpx.Response = await asking
        except (asyncio.CancelledError, httpx.HTTPError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            return
        assert answer.status_code in (200, 403, 500, 503), (path, answer.text)
        for word in (marked, str(world.account), str(world.rep_id), str(world.tenant_id)):
            assert word not in answer.text, (path, word)
        answered += answer.status_code == 200

    async def cut() -> None:
        while True:
            await asyncio.sleep(0.4)
            await owner.execute(CUT)

    cutting = asyncio.create_task(cut())
    try:
        for _ in range(REQUESTS // 20):
            await asyncio.gather(*(ask(*chance.choice(foreign)) for _ in range(20)))
    finally:
        cutting.cancel()
        await asyncio.gather(cutting, return_exceptions=True)
        await owner.close()
    assert answered > REQUESTS // 10, "too few answers to say anything"
