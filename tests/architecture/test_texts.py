"""A code says one thing: two nouns of a service that refuse with the same code tell it in the same words."""

import importlib
import pkgutil
from collections import defaultdict

import pytest

import services
from shared.http.problem import Text


@pytest.mark.parametrize("service", ["accounts", "opportunities", "kpi"])
def test_no_code_of_a_service_is_told_in_two_ways(service: str) -> None:
    told: defaultdict[str, dict[Text, str]] = defaultdict(dict)
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if module.name.startswith(f"services.{service}.") and module.name.endswith("texts"):
            for code, text in getattr(importlib.import_module(module.name), "TEXTS", {}).items():
                told[code].setdefault(Text(*text), module.name)
    assert told
    assert {code: list(ways.values()) for code, ways in told.items() if len(ways) > 1} == {}
