"""The world of the authorisation tests for each file, in a database of its own: what is made up folds nowhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.authorisation.world import World, found


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder: Path = tmp_path_factory.mktemp("world")
    async with found(module_database_url, folder) as world:
        yield world
