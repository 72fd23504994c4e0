"""The table of feature rows in the README: every row once; what it says is there is routed and tested."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi import FastAPI

from services.accounts.main import app as accounts
from services.kpi.main import app as kpi
from services.opportunities.main import app as opportunities

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (S\d+) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
PATH = re.compile(r"`(/v1/[^`?]+)")
TEST = re.compile(r"`(tests/[^`]+)`")
NOT_YET = "not yet"
ROWS = {row: (endpoint, test) for row, _, endpoint, test in ROW.findall((ROOT / "README.md").read_text("utf-8"))}
APPS: tuple[FastAPI, ...] = (accounts, opportunities, kpi)


def test_every_row_is_there_once_and_in_order() -> None:
    found = [row for row, *_ in ROW.findall((ROOT / "README.md").read_text("utf-8"))]
    assert found == [f"S{number}" for number in range(1, 37)]


@pytest.fixture(scope="module")
def routed() -> frozenset[str]:
    return frozenset(_plain(getattr(route, "path", "")) for app in APPS for route in app.routes)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_names_what_is_routed_and_tested(row: str, routed: frozenset[str]) -> None:
    endpoint, test = ROWS[row]
    if endpoint == NOT_YET:
        assert test == NOT_YET
        return
    paths, tests = PATH.findall(endpoint), TEST.findall(test)
    assert paths
    assert tests
    for path in paths:
        assert _plain(path) in routed, path
    for path in tests:
        assert (ROOT / path).exists(), path


def test_an_address_begins_with_what_one_service_has() -> None:
    """So that a proxy, and the front door, know by the first words of a path whose it is."""
    having: dict[str, set[str]] = {}
    for app in APPS:
        for route in app.routes:
            if (path := getattr(route, "path", "")).startswith("/v1/"):
                having.setdefault(path.split("/")[2], set()).add(app.title)
    of_all = {name for name, apps in having.items() if len(apps) == len(APPS)}
    assert {name for name, apps in having.items() if len(apps) > 1} == of_all


def _plain(path: str) -> str:
    """A path with its parameters without names."""
    return re.sub(r"\{[^}]+\}", "{}", path)
