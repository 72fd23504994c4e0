"""A database of its own for each test: folding looks at all tenants."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.testing.database import pool_of_all


@pytest.fixture
async def pool(own_database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with pool_of_all(own_database_url) as pool:
        yield pool
