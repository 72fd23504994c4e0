"""The services on a database of the test's own, two companies, a customer with persons, and a worker when asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import httpx
import pytest

from services.accounts.main import make_app
from services.opportunities.main import opportunities_app
from shared.event_store.store import EventStore
from shared.http.door import Door
from shared.projections.tables import prepare
from shared.settings import Settings
from tests.accounts.company import Clock, found_company
from tests.imports.office import all_views, folding
from tests.persons.customer import Customer


@pytest.fixture
async def store(own_database_url: str) -> AsyncIterator[EventStore]:
    async with await EventStore.open(own_database_url, writers=1) as store:
        await prepare(store.all_tenants, all_views())
        async with folding(store):
            yield store


@pytest.fixture
def settings(tmp_path: Path, own_database_url: str) -> Settings:
    return Settings(data=tmp_path, database_url=own_database_url)


@pytest.fixture
async def owner(own_database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """The owner of the database: no wall stops what it looks for."""
    connection = await asyncpg.connect(own_database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def http(store: EventStore, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    clock = Clock()
    apps = {
        "accounts": make_app(settings=settings, store=store, clock=clock),
        "opportunities": opportunities_app(settings=settings, store=store, clock=clock),
    }
    async with AsyncExitStack() as stack:
        for app in apps.values():
            await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(Door(apps))
        yield await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://door"))


@pytest.fixture
async def customer(store: EventStore, settings: Settings, http: httpx.AsyncClient) -> Customer:
    customer = Customer(await found_company(store, http, settings), store, settings)
    await customer.become()
    return customer
