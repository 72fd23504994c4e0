"""The documents, each made once; and the accounts app with a company in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.door import app as door
from shared.http.merged import merge
from tests.accounts.conftest import app, clock, company, http, settings, store
from tests.documents import foreign

JSON = dict[str, Any]

__all__ = ["app", "clock", "company", "http", "settings", "store"]


@pytest.fixture(scope="session")
def openapi() -> dict[str, JSON]:
    """The document of each service, and `door`, the whole product's."""
    documents = {name: app.openapi() for name, app in door.apps.items()}  # type: ignore[attr-defined]
    return {**documents, "door": merge(documents)}


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return foreign.node_folder(tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="session")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return foreign.generator_folder(tmp_path_factory.mktemp("python"))
