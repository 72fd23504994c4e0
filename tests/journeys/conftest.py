"""Fixtures of the stories."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.event_store.store import EventStore
from shared.identity.tokens import development_key, mint_token
from shared.postgres.folder import Folder
from tests.journeys.importing import CHECKOUT, Desk, desk
from tests.journeys.telling import Person
from tests.opportunities.routes.world import World, found
from tests.stack import Running


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of reference files, used where it lies and never copied."""
    folder = CHECKOUT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the reference data does not lie beside this checkout (../shared/data)")
    return folder


@pytest.fixture
async def at_desk(own_database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(own_database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def stranger(running: Running) -> Person:
    """The director of another company on the same log."""

    async def open_company() -> World:
        async with await EventStore.open(Folder.within(running.data).url(), writers=1) as store:
            return await found(store)

    world = asyncio.run(open_company())
    token = mint_token(development_key(running.data), world.tenant_id, world.director_id, ("director",), world.root)
    return Person(running, token)
