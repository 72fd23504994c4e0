"""A company with an endpoint whose address gives every challenge back, and its rows of deliveries made by hand."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.accounts.company import Company
from tests.webhooks.listener import Listener
from tests.webhooks.registry.conftest import (
    Tell,
    app,
    clock,
    company,
    database_url,
    fold,
    http,
    listener,
    other,
    settings,
    store,
    tell,
)

__all__ = [
    "Listener",
    "Tell",
    "app",
    "clock",
    "company",
    "database_url",
    "fold",
    "http",
    "listener",
    "other",
    "settings",
    "store",
    "tell",
]

BASE = "/v1/webhooks"
URL = "https://erp.example.com/hooks"


@pytest.fixture
async def endpoint(company: Company, listener: Listener) -> UUID:
    """Of the whole company, for all events from the first, proven."""
    made = await company["director"].make(BASE, {"name": "ERP", "url": URL, "start": "beginning"})
    listener.posts.clear()
    return UUID(made["id"])
