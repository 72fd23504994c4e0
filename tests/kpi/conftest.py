"""The kpi app on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.kpi.main import make_app
from services.kpi.views import VIEWS
from shared.event_store.store import EventStore
from shared.projections.tables import prepare
from shared.settings import Settings
from shared.testing.database import pool_of_all
from shared.testing.loop import run_apart
from tests.accounts.company import Clock


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with await EventStore.open(database_url, writers=1) as store:
        yield store


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(data=tmp_path, database_url=database_url)


@pytest.fixture
def clock() -> Clock:
    """The time the app lives in; tests move it."""
    return Clock()


@pytest.fixture(scope="session")
def tables(database_url: str) -> None:
    """The tables of the views, made once: they are the same for every test of a worker."""

    async def make() -> None:
        async with pool_of_all(database_url) as pool:
            await prepare(pool, VIEWS)

    run_apart(make())


@pytest.fixture
async def app(settings: Settings, store: EventStore, tables: None, clock: Clock) -> AsyncIterator[FastAPI]:
    app = make_app(settings=settings, store=store, clock=clock)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kpi") as client:
        yield client
