"""given / when / then for the rules of a stream: no database, milliseconds a test. Only for tests.

    given(CAPTURED, HOT).when(win()).then(DealWon, level_before="H")
    given(CAPTURED, WON).when(request_defeat()).then_refused("already_ordered")

The first step makes the stream, every further one acts on it. Each scenario also replays its facts and expects the
same stream: what `when` does may depend on nothing but the facts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from shared.event_store.stream import AnyFact, Refused, Stream

S = TypeVar("S", bound=Stream)

First = Callable[[], S]
Step = Callable[[S], object]


class Then(Generic[S]):
    """What came of it."""

    def __init__(self, stream: S, before: list[AnyFact], recorded: list[AnyFact], refused: Refused | None) -> None:
        self.stream = stream
        self.facts = recorded
        self.refused = refused
        assert_replays(stream, [*before, *recorded])

    def then(self, fact: type[AnyFact], **fields: Any) -> Then[S]:
        """Exactly this fact was recorded, with these fields among others."""
        self._not_refused()
        assert [type(recorded) for recorded in self.facts] == [fact], self.facts
        found = {name: getattr(self.facts[0], name) for name in fields}
        assert found == fields
        return self

    def then_facts(self, *facts: type[AnyFact]) -> Then[S]:
        """Exactly these facts were recorded, in this order."""
        self._not_refused()
        assert tuple(type(recorded) for recorded in self.facts) == facts
        return self

    def then_nothing(self) -> Then[S]:
        """Nothing was recorded, and nothing refused."""
        self._not_refused()
        assert self.facts == []
        return self

    def then_refused(self, code: str, pointer: str | None = None) -> Then[S]:
        """Refused with this code, and nothing was recorded."""
        assert self.refused is not None, f"not refused: {self.facts}"
        assert self.refused.code == code, self.refused
        assert pointer is None or self.refused.pointer == pointer
        assert self.facts == [], "a refused command records nothing"
        return self

    def standing(self, **fields: Any) -> Then[S]:
        """The standing has these fields among others."""
        assert {name: self.stream.standing.get(name) for name in fields} == fields
        return self

    def _not_refused(self) -> None:
        if self.refused is not None:
            raise AssertionError(f"refused: {self.refused.code}") from self.refused


class Given(Generic[S]):
    """A stream some steps have made."""

    def __init__(self, first: First[S], *steps: Step[S]) -> None:
        self.stream = first()
        for step in steps:
            step(self.stream)

    def when(self, step: Step[S]) -> Then[S]:
        """Do one thing and see what comes of it."""
        pending = cast("list[AnyFact]", self.stream.pending_events)
        before = list(pending)
        refused = None
        try:
            step(self.stream)
        except Refused as error:
            refused = error
        return Then(self.stream, before, list(pending[len(before) :]), refused)


def given(first: First[S], *steps: Step[S]) -> Given[S]:
    """Begin a scenario."""
    return Given(first, *steps)


def when_opened(first: First[S]) -> Then[S] | Refused:
    """What opening a stream comes to."""
    try:
        stream = first()
    except Refused as refused:
        return refused
    return Then(stream, [], list(cast("list[AnyFact]", stream.pending_events)), None)


def assert_replays(stream: Stream, facts: list[AnyFact]) -> None:
    """Replaying the facts gives the same stream."""
    replayed: Any = None
    for fact in facts:
        replayed = fact.mutate(replayed)
    assert replayed.standing == stream.standing
    assert replayed.ledger == stream.ledger
    assert replayed.version == stream.version
