"""A company of its own for each that asks, in the installation all share."""

from __future__ import annotations

import pytest

from tests.journeys.telling import Company
from tests.stack import Running


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    company.office.tell("/v1/products", {"code": "A6L", "name": "A6L", "list_price": "100000.00", "currency": "CNY"})
    return company
