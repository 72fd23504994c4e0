"""All services on a database of the test's own, two companies in them, the views folding."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.door import at_the_door, kept_up
from tests.hand_overs.firm import Firm


@pytest.fixture
async def store(own_database_url: str) -> AsyncIterator[EventStore]:
    async with kept_up(own_database_url) as store:
        yield store


@pytest.fixture
def settings(tmp_path: Path, own_database_url: str) -> Settings:
    return Settings(data=tmp_path, database_url=own_database_url)


@pytest.fixture
async def http(store: EventStore, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with at_the_door(settings=settings, store=store) as client:
        yield client


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
