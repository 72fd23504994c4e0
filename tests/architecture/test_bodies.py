"""Nothing in a body is unbounded: every text has a longest, every list a most."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from services.accounts.main import app as accounts
from services.kpi.main import app as kpi
from services.opportunities.main import app as opportunities
from shared.http.bodies import _models, _nodes

FREE = {
    ("CorrectFact", "str"),
    ("CorrectFact", "dict"),
    ("CaptureProspect", "dict"),
    ("CaptureLead", "dict"),
    ("PutOpportunity", "dict"),
}
"""Names of fields, checked against a list of those there are; the edge bounds how many."""


def unbounded(app: FastAPI) -> Iterator[tuple[str, str]]:
    for route in app.routes:
        if getattr(route, "takes_json", False):
            for model in _models(route):  # type: ignore[arg-type]
                for node in _nodes(model.__pydantic_core_schema__):
                    kind = node.get("type", "")
                    text = kind == "str" and node.get("max_length") is None and not node.get("pattern")
                    many = kind in ("list", "tuple", "set", "frozenset", "dict") and node.get("max_length") is None
                    if text or (many and "items_schema" in node) or (many and kind == "dict"):
                        yield model.__name__, kind


@pytest.mark.parametrize("app", [accounts, opportunities, kpi], ids=lambda app: app.title)
def test_every_text_and_list_of_a_body_is_bounded(app: FastAPI) -> None:
    assert set(unbounded(app)) <= FREE
