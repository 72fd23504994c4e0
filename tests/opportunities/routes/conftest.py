"""The opportunities service on a real database, and people of two companies who speak to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.opportunities.main import opportunities_app
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.units import UNITS
from shared.event_store.store import EventStore
from shared.identity.tokens import development_key
from shared.settings import Settings
from shared.testing.views import fold_all
from tests.opportunities.routes.world import PRODUCTS, Client, Clock, World, found


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with await EventStore.open(database_url, writers=1, readers=4) as store:
        yield store


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(data=tmp_path, database_url=database_url)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def ours(store: EventStore, pool: asyncpg.Pool) -> World:
    world = await found(store)
    await fold_all(pool, [UNITS, PEOPLE])
    return world


@pytest.fixture
async def theirs(store: EventStore, pool: asyncpg.Pool) -> World:
    """Another company on the same server."""
    world = await found(store)
    await fold_all(pool, [UNITS, PEOPLE])
    return world


@pytest.fixture
async def app(settings: Settings, store: EventStore, clock: Clock) -> AsyncIterator[FastAPI]:
    app = opportunities_app(settings=settings, store=store, clock=clock)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)  # an exception that leaves the app fails the test
    async with httpx.AsyncClient(transport=transport, base_url="http://opportunities") as client:
        yield client


@pytest.fixture
def rep(ours: World, http: httpx.AsyncClient, settings: Settings) -> Client:
    return ours.client(http, development_key(settings.data), ours.rep_id)


@pytest.fixture
def west_rep(ours: World, http: httpx.AsyncClient, settings: Settings) -> Client:
    return ours.client(http, development_key(settings.data), ours.west_rep_id)


@pytest.fixture
def head(ours: World, http: httpx.AsyncClient, settings: Settings) -> Client:
    return ours.client(http, development_key(settings.data), ours.head_id)


@pytest.fixture
def director(ours: World, http: httpx.AsyncClient, settings: Settings) -> Client:
    return ours.client(http, development_key(settings.data), ours.director_id)


@pytest.fixture
def support(ours: World, http: httpx.AsyncClient, settings: Settings) -> Client:
    return ours.client(http, development_key(settings.data), ours.support_id)


@pytest.fixture
def service(ours: World, http: httpx.AsyncClient, settings: Settings) -> Client:
    """Customer service of the east."""
    return ours.client(http, development_key(settings.data), ours.service_id)


@pytest.fixture
def stranger(theirs: World, http: httpx.AsyncClient, settings: Settings) -> Client:
    """The director of the other company: sees everything there."""
    return theirs.client(http, development_key(settings.data), theirs.director_id)


@pytest.fixture
def prospect(ours: World) -> dict[str, Any]:
    """A body for POST /v1/opportunities."""
    return {
        "account_id": str(ours.account),
        "title": "出租车更新",
        "channel": "tender_notice",
        "lines": [{"product": PRODUCTS[0], "units": 10, "unit_price": "300000.00"}],
        "on": "2025-03-01",
    }
