"""The accounts app with the registry of endpoints in it, two companies, and a receiver that plays along or does not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.accounts.main import make_app
from services.accounts.views import VIEWS
from services.webhooks.views import ENDPOINTS
from shared.event_store.store import EventStore
from shared.identity.scopes import USUAL
from shared.identity.tokens import development_key, mint_token
from shared.projections.tables import prepare
from shared.settings import Settings
from shared.testing.views import fold_all
from tests.accounts.company import Client, Clock, Company
from tests.accounts.conftest import clock, company, http, other, settings, store
from tests.webhooks.listener import Listener

__all__ = ["clock", "company", "http", "other", "settings", "store"]

Tell = Callable[..., Client]


@pytest.fixture(scope="module")
def database_url(module_database_url: str) -> str:
    """One of its own for each file: other tests tell facts in part, which the views of accounts cannot fold."""
    return module_database_url


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def app(
    settings: Settings, store: EventStore, clock: Clock, pool: asyncpg.Pool[asyncpg.Record], listener: Listener
) -> AsyncIterator[FastAPI]:
    await prepare(pool, (*VIEWS, ENDPOINTS))
    app = make_app(settings=settings, store=store, clock=clock)
    async with app.router.lifespan_context(app):
        app.state.kit.sender = listener
        yield app


@pytest.fixture
def fold(pool: asyncpg.Pool[asyncpg.Record]) -> Callable[[], Awaitable[None]]:
    """Bring the views up to date, as the worker would."""

    async def catch_up() -> None:
        await fold_all(pool, (*VIEWS, ENDPOINTS))

    return catch_up


@pytest.fixture
def tell(http: httpx.AsyncClient, settings: Settings) -> Tell:
    """`tell(company, function, …)`: somebody of a company with these functions, at `unit_id`, with these scopes."""

    def client(company: Company, *functions: str, unit: str = "HQ", scopes: Collection[str] = USUAL) -> Client:
        person, key = uuid4(), development_key(settings.data)
        unit_id = company.units[unit]
        token = mint_token(key, company.tenant_id, person, functions, unit_id, scopes=tuple(scopes))
        return Client(http, token, person)

    return client
