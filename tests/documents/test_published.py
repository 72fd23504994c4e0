"""What was published holds: no event, field, code or route that others build on is gone or otherwise."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.compatibility import __main__ as verb
from services.compatibility import checking
from services.compatibility.__main__ import ASK, found
from services.compatibility.checking import broken_events, broken_routes, read, unrecorded, with_older_versions
from services.documents.published import EVENTS, ROUTES, written

JSON = dict[str, Any]
EVENT, ROUTE = "DealWon", "opportunities.win"


@pytest.fixture(scope="module")
def events() -> JSON:
    return dict(read(EVENTS))


@pytest.fixture(scope="module")
def routes() -> JSON:
    return dict(read(ROUTES))


def test_nothing_published_is_broken_and_what_is_new_is_recorded() -> None:
    seen = found()
    assert not seen.broken, "\n".join(("This breaks who relies on what is published:", *seen.broken))
    assert not seen.new, "\n".join((ASK, *seen.new))


def test_what_is_recorded_is_not_new(events: JSON, routes: JSON) -> None:
    assert [*broken_events(events, events), *broken_routes(routes, routes)] == []
    assert [*unrecorded(events, events, "events", "event"), *unrecorded(routes, routes, "operations", "route")] == []


def test_a_record_is_read_as_it_was_written(events: JSON) -> None:
    assert written(events) + "\n" == EVENTS.read_text(encoding="utf-8")


def data(record: JSON) -> JSON:
    form: JSON = record["events"][EVENT]["versions"]["1"]
    return form


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda now: now["events"].pop(EVENT), "event DealWon: no class has it any more, and logs hold it"),
        (lambda now: data(now)["properties"].pop("currency"), "event DealWon (version 1): data.currency: is gone"),
        (
            lambda now: now["parts"]["Line"]["properties"]["units"].update(type="string"),
            "event DealWon (version 1): data.lines[].units: may now be string",
        ),
        (
            lambda now: now["parts"]["Status"]["enum"].remove("frozen"),
            "event DealWon (version 1): data.changes.status: the codes ['frozen'] are gone",
        ),
        (
            lambda now: now["events"][EVENT].update(subject_type="order"),
            "event DealWon: was about opportunity, is about order",
        ),
        (
            lambda now: now["events"][EVENT].update(versions={"0": data(now)}),
            "event DealWon: is recorded in an older version again",
        ),
    ],
)
def test_a_broken_event_is_named(events: JSON, change: Callable[[JSON], Any], told: str) -> None:
    now = copy.deepcopy(events)
    change(now)
    assert told in list(broken_events(events, now))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda now: now["operations"].pop(ROUTE), "route opportunities.win (POST "),
        (lambda now: now["operations"][ROUTE].update(path="/v1/won"), "route opportunities.win: its path was "),
        (lambda now: now["operations"][ROUTE].update(scope=["orders:write"]), "needs another scope: ['orders:write']"),
        (lambda now: now["operations"]["events.read"]["parameters"].pop("query types"), "takes no query types any"),
        (
            lambda now: now["operations"]["events.read"]["parameters"].update(
                {"query zone": {"required": True, "schema": {"type": "string"}}}
            ),
            "route events.read: query zone is required now",
        ),
        (lambda now: now["operations"][ROUTE]["answers"].clear(), "route opportunities.win: answers no 200 any more"),
        (
            lambda now: now["parts"]["Receipt"]["properties"].pop("position"),
            "route opportunities.win: 200.position: is gone",
        ),
        (
            lambda now: now["parts"]["OpenAccount"]["required"].append("sector"),
            "route accounts.open: body.sector: is required now",
        ),
    ],
)
def test_a_broken_route_is_named(routes: JSON, change: Callable[[JSON], Any], told: str) -> None:
    now = copy.deepcopy(routes)
    change(now)
    assert [line for line in broken_routes(routes, now) if told in line]


def test_new_events_fields_and_routes_break_nothing_and_ask_to_be_recorded(events: JSON, routes: JSON) -> None:
    now, later = copy.deepcopy(events), copy.deepcopy(routes)
    now["events"]["DealPraised"] = copy.deepcopy(now["events"][EVENT])
    data(now)["properties"]["colour"] = {"type": "string"}
    later["operations"]["opportunities.praise"] = later["operations"][ROUTE]
    assert [*broken_events(events, now), *broken_routes(routes, later)] == []
    assert sorted(unrecorded(events, now, "events", "event")) == [
        "event DealPraised: is new",
        "event DealWon: says more, or other words",
    ]
    assert list(unrecorded(routes, later, "operations", "route")) == ["route opportunities.praise: is new"]


def test_a_version_no_code_writes_any_more_is_kept_with_its_parts() -> None:
    """Events of it stay in the log: whoever reads them finds their schema where `dataschema` says."""
    older = {"type": "object", "properties": {"line": {"$ref": "#/$defs/Line"}}}
    newer = {"type": "object", "properties": {"lines": {"type": "array"}}}
    line = {"type": "object", "properties": {"units": {"$ref": "#/$defs/Units"}}}
    parts = {"Line": line, "Units": {"type": "integer"}}
    once = {"events": {"Sold": {"subject_type": "deal", "versions": {"1": older}}}, "parts": parts}
    now = {"events": {"Sold": {"subject_type": "deal", "versions": {"2": newer}}}, "parts": {}}
    assert list(broken_events(once, now)) == []
    kept = with_older_versions(once, now)
    assert kept["events"]["Sold"]["versions"] == {"1": older, "2": newer}
    assert kept["parts"] == parts
    assert list(broken_events(kept, now)) == []


def test_nothing_is_recorded_over_what_breaks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, events: JSON, routes: JSON
) -> None:
    now = copy.deepcopy(events)
    del now["events"][EVENT]
    files = tmp_path / "events.json", tmp_path / "routes.json"
    for name, path, record in zip(("EVENTS", "ROUTES"), files, (events, routes), strict=True):
        path.write_text(written(record), encoding="utf-8")
        monkeypatch.setattr(verb, name, path)
    monkeypatch.setattr(verb, "forms", lambda: now)
    monkeypatch.setattr(verb, "routes", lambda _: routes)
    assert [verb.main([]), verb.main(["--write"])] == [1, 1]
    assert [read(path) for path in files] == [events, routes]
    assert [verb.main(["--write", "--even-broken"]), verb.main([])] == [0, 0]
    assert [read(path) for path in files] == [now, routes]


def test_where_nothing_was_recorded_everything_is_new(tmp_path: Path, events: JSON) -> None:
    nothing = checking.read(tmp_path / "none.json")
    assert list(broken_events(nothing, events)) == []
    assert len(list(unrecorded(nothing, events, "events", "event"))) == len(events["events"]) + len(events["parts"])
