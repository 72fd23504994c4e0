"""All services behind one door in the test's own process, on a database of the test's own, the views folding."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx

from services.accounts.main import make_app
from services.kpi.main import make_app as make_kpi
from services.opportunities.main import opportunities_app
from shared.event_store.store import EventStore
from shared.http.door import Door
from shared.projections.tables import prepare
from tests.imports.office import all_views, folding


@asynccontextmanager
async def kept_up(database_url: str) -> AsyncIterator[EventStore]:
    """A store whose views are folded while the block runs."""
    async with await EventStore.open(database_url, writers=1) as store:
        await prepare(store.all_tenants, all_views())
        async with folding(store):
            yield store


@asynccontextmanager
async def at_the_door(**parts: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever speaks to the services. `parts`: settings, store, clock, as the apps take them."""
    apps = {"accounts": make_app(**parts), "opportunities": opportunities_app(**parts), "kpi": make_kpi(**parts)}
    async with AsyncExitStack() as stack:
        for app in apps.values():
            await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(Door(apps))
        yield await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://door"))
