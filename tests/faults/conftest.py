"""One installation for all faults: each must leave it as good as new."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack import Running, started


@pytest.fixture(scope="session")
def fault_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written with a point, it kills one process there."""
    return tmp_path_factory.mktemp("faults") / "point"


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory, fault_file: Path) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("installation"), DAKEHU_FAULT=f"@{fault_file}") as running:
        yield running


@pytest.fixture
def running(installation: Running) -> Running:
    """Ready, whatever the test before did to it."""
    installation.ready()
    return installation
