"""All services on a database of the test's own, one company in them, the views folding, the worker at hand."""

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
    return Settings(data=tmp_path, database_url=own_database_url, table_rows=5)


@pytest.fixture
async def http(store: EventStore, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with at_the_door(settings=settings, store=store) as client:
        yield client


@pytest.fixture
async def firm(store: EventStore, settings: Settings, http: httpx.AsyncClient) -> Firm:
    """A company with twelve prospects of two branches."""
    firm = Firm(store, settings)
    await firm.open(http)
    for number in range(12):
        await firm.account(f"客户{number}", "lei" if number < 9 else "west")
        await firm.prospect(f"商机{number}", "lei" if number < 9 else "west", f"客户{number}")
    return firm
