"""All services on a database of the test's own, two companies in them, the views folding."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from services.accounts.main import make_app
from services.kpi.main import make_app as make_kpi
from services.opportunities.main import opportunities_app
from shared.event_store.store import EventStore
from shared.http.door import Door
from shared.projections.tables import prepare
from shared.settings import Settings
from tests.hand_overs.firm import Firm
from tests.imports.office import all_views, folding


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
async def http(store: EventStore, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    apps = {
        "accounts": make_app(settings=settings, store=store),
        "opportunities": opportunities_app(settings=settings, store=store),
        "kpi": make_kpi(settings=settings, store=store),
    }
    async with AsyncExitStack() as stack:
        for app in apps.values():
            await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(Door(apps))
        yield await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://door"))


@pytest.fixture
async def firm(store: EventStore, settings: Settings, http: httpx.AsyncClient) -> Firm:
    """A company with a representative in each of two branches, and nothing on file."""
    firm = Firm(store, settings)
    await firm.open(http)
    return firm


@pytest.fixture
async def other(store: EventStore, settings: Settings, http: httpx.AsyncClient) -> Firm:
    """Another company of the same shape."""
    firm = Firm(store, settings)
    await firm.open(http)
    return firm
