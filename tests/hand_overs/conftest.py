"""All services on a database of the test's own, two companies in them, the views folding."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.hand_overs import operations
from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.accounts.company import Clock
from tests.door import at_the_door, kept_up
from tests.hand_overs.firm import Firm


@pytest.fixture(autouse=True)
def nobody_acts_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who left is felt at once."""
    monkeypatch.setattr(operations, "ACTS_ON_SECONDS", 0.0)


@pytest.fixture
async def store(own_database_url: str) -> AsyncIterator[EventStore]:
    async with kept_up(own_database_url) as store:
        yield store


@pytest.fixture
def settings(tmp_path: Path, own_database_url: str) -> Settings:
    return Settings(data=tmp_path, database_url=own_database_url)


@pytest.fixture
async def http(store: EventStore, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with at_the_door(settings=settings, store=store, clock=Clock()) as client:
        yield client


@pytest.fixture
async def firm(store: EventStore, settings: Settings, http: httpx.AsyncClient) -> Firm:
    """Our company, with the work of 李雷."""
    firm = Firm(store, settings)
    await firm.open(http)
    await firm.work_of_lei()
    return firm


@pytest.fixture
async def other(store: EventStore, settings: Settings, http: httpx.AsyncClient) -> Firm:
    """Another company of the same shape, with the same kind of work."""
    firm = Firm(store, settings)
    await firm.open(http)
    await firm.work_of_lei()
    return firm
