"""Every kind of record says whose its events are, by standing fields that it has."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import services
from services.feed.scopes import SCOPES
from shared.event_store.stream import Stream
from shared.feed.scopes import COMPANY


def _streams() -> Iterator[type[Stream]]:
    """The classes of all services that are the streams of a kind."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    known: list[type[Stream]] = [Stream]
    while known:
        found = known.pop()
        known += found.__subclasses__()
        if found.__module__.startswith("services.") and isinstance(getattr(found, "stream_type", None), str):
            yield found


STREAMS = {stream.stream_type: stream for stream in _streams()}


def test_every_kind_of_record_says_whose_its_events_are() -> None:
    """What is not named is for who sees everything alone: say so, as COMPANY, where that is meant."""
    assert sorted(STREAMS.keys() - SCOPES.keys()) == []
    assert sorted(SCOPES.keys() - STREAMS.keys()) == []


def test_scopes_go_by_fields_their_records_have() -> None:
    for kind, scope in SCOPES.items():
        stands = STREAMS[kind].standing_types.keys()
        for field in sorted(scope.fields | set(scope.lane)):
            assert field in stands, (kind, field)


def test_what_follows_another_record_ends_at_one_with_a_scope_of_its_own() -> None:
    def leads_on(kind: str, passed: tuple[str, ...]) -> None:
        assert kind not in passed, passed
        scope = SCOPES[kind]
        assert scope != COMPANY or not passed, passed
        for way in scope.through:
            for followed in way.kinds:
                leads_on(followed, (*passed, kind))

    for kind in SCOPES:
        leads_on(kind, ())
