"""The accounts app on a real database, and two companies in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.accounts.main import make_app
from services.accounts.views import VIEWS
from shared.event_store.store import EventStore
from shared.projections.tables import prepare
from shared.settings import Settings
from shared.testing.views import fold_all
from tests.accounts.company import Clock, Company, found_company


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with await EventStore.open(database_url, writers=1) as store:
        yield store


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(data=tmp_path, database_url=database_url)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def app(
    settings: Settings, store: EventStore, clock: Clock, pool: asyncpg.Pool[asyncpg.Record]
) -> AsyncIterator[FastAPI]:
    await prepare(pool, VIEWS)
    app = make_app(settings=settings, store=store, clock=clock)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://accounts") as client:
        yield client


@pytest.fixture
async def company(store: EventStore, http: httpx.AsyncClient, settings: Settings) -> Company:
    return await found_company(store, http, settings)


@pytest.fixture
async def other(store: EventStore, http: httpx.AsyncClient, settings: Settings) -> Company:
    """Another tenant of the same shape."""
    return await found_company(store, http, settings)


@pytest.fixture
def fold(pool: asyncpg.Pool[asyncpg.Record]) -> Callable[[], Awaitable[None]]:
    """Bring all views of the service up to date, as the worker would."""

    async def catch_up() -> None:
        await fold_all(pool, VIEWS)

    return catch_up
