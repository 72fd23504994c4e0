"""One running installation for all tests of streams."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack import Running, started


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("streams")) as running:
        yield running
