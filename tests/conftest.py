"""Fixtures every test may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack import Running, started

pytest_plugins = ["shared.testing.database"]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One installation for all who break nothing in it: each founds a company of its own. Dear to start."""
    with started(tmp_path_factory.mktemp("running")) as running:
        yield running
