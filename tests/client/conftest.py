"""One installation for all tests of the client, and a company of its own for each that asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.telling import Company
from tests.stack import Running, started


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("client")) as running:
        yield running


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    company.office.tell("/v1/products", {"code": "A6L", "name": "A6L", "list_price": "100000.00", "currency": "CNY"})
    return company
