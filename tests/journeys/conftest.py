"""Fixtures of the stories."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.journeys.importing import CHECKOUT, Desk, desk


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
