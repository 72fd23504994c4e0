"""How many rows may be taken away in a day: what counts, exactly, over several processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest

from shared.event_store.store import EventStore
from shared.http import create_app
from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.http import toy
from tests.http.conftest import Client, Faulty, open_tenant

MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # nine in Shanghai


class Office:
    """The toy service at a time that can be moved."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.now = MORNING
        self.https: list[httpx.AsyncClient] = []

    def speaks(
        self, tenant: UUID, *functions: str, person: UUID | None = None, process: int = 0, scopes: tuple[str, ...] = ()
    ) -> Client:
        person = person or uuid4()
        token = mint_token(development_key(self.settings.data), tenant, person, functions or ("director",))
        return Client(self.https[process], token, person)


Opens = Callable[..., AbstractAsyncContextManager[Office]]


@pytest.fixture
def opens(settings: Settings, store: Faulty, tenant_id: UUID) -> Opens:
    @asynccontextmanager
    async def opened(processes: int = 1, **chosen: Any) -> AsyncIterator[Office]:
        office = Office(settings.model_copy(update=chosen))
        await open_tenant(store, tenant_id)
        async with AsyncExitStack() as stack:
            for _ in range(processes):
                app = create_app(
                    title="Jars",
                    service="jars",
                    routers=[toy.router, toy.reports],
                    facts=toy.FACTS,
                    texts=toy.TEXTS,
                    settings=office.settings,
                    store=cast(EventStore, store),
                    clock=lambda: office.now,
                )
                await stack.enter_async_context(app.router.lifespan_context(app))
                transport = httpx.ASGITransport(app)
                office.https.append(
                    await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://jars"))
                )
            yield office

    return opened


async def jars(client: Client, many: int) -> None:
    for number in range(many):
        assert (await client.post("/v1/jars", {"label": f"jar {number:03}"})).status_code == 201


async def test_looking_is_free_and_turning_pages_counts(opens: Opens, tenant_id: UUID) -> None:
    async with opens(export_rows=7) as office:
        anna = office.speaks(tenant_id)
        await jars(anna, 6)
        for _ in range(3):
            first = await anna.get("/v1/jars?limit=3")
            assert first.status_code == 200
            assert "ratelimit" not in first.headers
        second = await anna.get(f"/v1/jars?limit=3&after={first.json()['next']}")
        assert second.status_code == 200
        assert second.headers["ratelimit-policy"] == '"export-rows";q=7;w=86400'
        assert second.headers["ratelimit"] == f'"export-rows";r=4;t={15 * 3600}'  # till midnight in Shanghai
        refused = await anna.get("/v1/jars?limit=1000")
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (429, "export_quota")
        assert (problem["quota"], problem["left"]) == (7, 4)
        assert problem["resets_at"] == "2026-03-02T16:00:00+00:00"
        assert refused.headers["retry-after"] == str(15 * 3600)
        assert "items" not in problem
        assert (
            await anna.get(f"/v1/jars?limit=3&after={first.json()['next']}")
        ).status_code == 200  # less still passes
        assert (await anna.get("/v1/jars?limit=100")).status_code == 200
        office.now += timedelta(hours=15)
        assert (await anna.get("/v1/jars?limit=1000")).status_code == 200


async def test_the_feed_counts_and_machines_have_more(opens: Opens, tenant_id: UUID) -> None:
    async with opens(export_rows=3, export_rows_machines=20) as office:
        await jars(office.speaks(tenant_id), 4)
        director, auditor = office.speaks(tenant_id, "director"), office.speaks(tenant_id, "auditor")
        assert (await director.get("/v1/events?limit=3")).status_code == 200
        assert (await director.get("/v1/events?limit=3")).json()["code"] == "export_quota"
        for _ in range(4):
            assert (await auditor.get("/v1/events?limit=5")).status_code == 200
        assert (await auditor.get("/v1/events?limit=5")).status_code == 429
        assert (await auditor.get("/v1/events?after=5")).status_code == 200  # an empty page is nothing
        assert (await auditor.get("/v1/events/head")).status_code == 200


async def test_the_count_is_exact_over_processes_and_apart_for_equal_ids_elsewhere(
    opens: Opens, store: Faulty, tenant_id: UUID
) -> None:
    other, person = uuid4(), uuid4()
    await open_tenant(store, other)
    async with opens(processes=2, export_rows=10) as office:
        await jars(office.speaks(tenant_id), 2)
        here = [office.speaks(tenant_id, person=person, process=process) for process in (0, 1)]
        answers = await asyncio.gather(*(here[n % 2].get("/v1/events?limit=2") for n in range(20)))
        assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 15
        assert (await office.speaks(other, person=person).get("/v1/events?limit=2")).status_code == 200
        assert (await office.speaks(tenant_id).get("/v1/events?limit=2")).status_code == 200
    assert await counted(store, tenant_id, person) == [10]


async def test_a_refused_read_counts_nothing_and_old_days_are_forgotten(
    opens: Opens, store: Faulty, tenant_id: UUID
) -> None:
    async with opens(export_rows=100) as office:
        anna = office.speaks(tenant_id, "director")
        await jars(anna, 2)
        assert (await anna.get("/v1/events?limit=0")).status_code == 422
        assert (await anna.get("/v1/events?after=99")).status_code == 409
        assert await counted(store, tenant_id, anna.person) == []
        assert (await anna.get("/v1/events?limit=2")).status_code == 200
        office.now += timedelta(days=40)
        assert (await anna.get("/v1/events?limit=1")).status_code == 200
        assert await counted(store, tenant_id, anna.person) == [1]


async def test_without_a_quota_nothing_is_counted(opens: Opens, store: Faulty, tenant_id: UUID) -> None:
    async with opens() as office:
        anna = office.speaks(tenant_id, "director")
        assert "ratelimit" not in (await anna.get("/v1/events")).headers
        assert await counted(store, tenant_id, anna.person) == []


async def counted(store: Faulty, tenant_id: UUID, person: UUID) -> list[int]:
    rows = await store.all_tenants.fetch(
        "select rows from identity.exports where tenant_id = $1 and principal_id = $2 order by day", tenant_id, person
    )
    return [row["rows"] for row in rows]
