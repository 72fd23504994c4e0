"""A record with a life of its own: what can happen to it, in what order, late and corrected facts included. Pure.

A fact is possible when the standing at its business time allows it, and when every fact that comes after it in
business time is still possible then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from shared.event_store.stream import Entry, Fact, Refused, Stream
from shared.records.recordable import require_recordable


class Record(Stream):
    """Base of opportunities and of what belongs to them. Subclasses give `sets` and `impossible`."""

    before_first: ClassVar[str] = "before_opened"
    """The code of the refusal of what is said to have happened before the record was there."""

    # -- what a subclass says ------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        """The standing fields a fact sets, from the fact alone; None for a fact this code does not know."""
        raise NotImplementedError

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        """Why a later fact of this name, setting `changes`, cannot happen on this standing; None when it can."""
        return None

    def require_recordable(self, name: str, value: Any) -> None:
        """See the base: amounts that can be added, texts that can be read, days of our time."""
        require_recordable(name, value, f"/changes/{name}")

    # -- facts applied -------------------------------------------------------------------------------------

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        if (changes := self.sets(fact)) is None:
            self.unknown(fact)
        else:
            self.set(fact, **changes)

    def standing_at(self, at: datetime) -> Mapping[str, Any]:
        """The standing as of a business time, corrections included; empty before the first fact."""
        if self.latest is None or self.latest <= at:
            return self.standing
        standing: dict[str, Any] = {}
        for entry in sorted(self.entries(), key=lambda entry: (entry.occurred_at, entry.version)):
            if entry.occurred_at <= at:
                self.merge(standing, entry.changes)
        return standing

    @classmethod
    def merge(cls, standing: dict[str, Any], changes: Mapping[str, Any]) -> None:
        """Put changes over a standing; movements are added up."""
        for name, value in changes.items():
            standing[name] = (*standing.get(name, ()), *value) if name in cls.additive else value

    def can(self, fact: type[Fact]) -> bool:
        """Whether a fact of this kind is possible now, as far as the standing alone tells."""
        return self.read_only is None and self.impossible(fact.__name__, self.standing, {}) is None

    # -- recording -----------------------------------------------------------------------------------------

    def happen(self, fact: type[Fact], *, at: datetime, **fields: Any) -> None:
        """Record a fact if it changes anything; refuse it if it cannot have happened then."""
        self.happen_together(at, (fact, fields))

    def happen_together(self, at: datetime, *facts: tuple[type[Fact], dict[str, Any]]) -> None:
        """Record several facts of one business time, all or none."""
        before = self.standing_at(at)
        if not before:
            raise Refused(self.before_first, "that is before the record was there", pointer="/on")
        after = dict(before)
        refused: Refused | None = None
        made = [self.make(fact, at=at, after=number, **fields) for number, (fact, fields) in enumerate(facts)]
        steps = [(fact, self.sets(fact) or {}) for fact in made]
        for fact, changes in steps:
            refused = refused or self.impossible(type(fact).__name__, after, changes)
            self.merge(after, changes)
        if all(before.get(name) == after[name] for _, changes in steps for name in changes):
            return
        if refused is not None:
            raise refused
        if self.latest is not None and self.latest > at:
            trials = [
                Entry(fact.originator_version, type(fact).__name__, at, dict(changes), at, dict(changes))
                for fact, changes in steps
            ]
            self.require_possible([*self.entries(), *trials], pointer="/on")
        for fact in made:
            self.record_made(fact)

    # -- taking back --------------------------------------------------------------------------------------

    def void(self, version: int, *, reason: str, at: datetime) -> None:
        """Take back a fact or a correction; refused if the rest could not have happened without it."""
        trial = self.copy()
        trial.void_fact(version, reason=reason, at=at)
        self.require_possible(trial.entries(), pointer="/version")
        self.void_fact(version, reason=reason, at=at)

    def require_possible(self, entries: Iterable[Entry], *, pointer: str | None = None) -> None:
        """Raise Refused `impossible_order` when these facts, in business order, cannot all have happened."""
        ordered = sorted(entries, key=lambda entry: (entry.occurred_at, entry.version))
        standing: dict[str, Any] = {}
        for index, entry in enumerate(ordered):
            if (index == 0) != (entry.version == 1):
                raise _impossible(entry if index else ordered[0], self.before_first, pointer)
            if index and (refused := self.impossible(entry.type, standing, entry.changes)) is not None:
                raise _impossible(entry, refused.code, pointer)
            self.merge(standing, entry.changes)


class Correctable(Record):
    """A record whose facts are corrected by its own rules alone.

    `not_correctable` names standing fields that follow from the facts: those are voided or corrected instead.
    """

    not_correctable: ClassVar[frozenset[str]] = frozenset({"status"})

    def correct(
        self, version: int, changes: Mapping[str, Any], *, occurred_at: datetime | None, reason: str, at: datetime
    ) -> None:
        """Correct standing fields or the business time of a fact; refused if the rest could not have happened then."""
        if not changes and occurred_at is None:
            raise Refused("nothing_to_correct", "state changes or a time", status=422, pointer="/changes")
        for name in sorted(self.not_correctable & set(changes)):
            raise Refused(
                "not_correctable",
                f"{name} follows from the facts: void or correct those",
                status=422,
                pointer=f"/changes/{name}",
                field=name,
            )
        trial = self.copy()
        trial.correct_fact(version, changes, occurred_at=occurred_at, reason=reason, at=at)
        if version in trial.ledger:
            trial.require_sound(trial.ledger[version])
        self.require_possible(trial.entries(), pointer="/on" if occurred_at else "/changes")
        self.correct_fact(version, changes, occurred_at=occurred_at, reason=reason, at=at)

    def require_sound(self, entry: Entry) -> None:
        """Raise Refused (422) for a corrected fact that its command would not have taken. Override for such rules."""


def _impossible(entry: Entry, because: str, pointer: str | None) -> Refused:
    return Refused(
        "impossible_order",
        f"then {entry.type} (version {entry.version}) could not have happened: {because}",
        pointer=pointer,
        fact=entry.type,
        version=entry.version,
        because=because,
    )
