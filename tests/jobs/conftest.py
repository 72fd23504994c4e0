"""A database of its own for each test: workers take whatever is queued."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest


@pytest.fixture
async def pool(own_database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(own_database_url, min_size=1, max_size=8) as pool:
        yield pool
