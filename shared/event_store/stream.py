"""A stream of facts and its standing. Pure: no I/O, no clock, no ids made here.

A `Stream` is an `eventsourcing` aggregate whose facts are written out as classes and applied by one
method, `when`. Beside the state the rules ask for, it keeps a **ledger**: for each fact the standing
fields it set (`changes`) and the business time it holds from. The standing is the merge of the ledger in
the order (occurred_at, version), so a fact that arrives late never overwrites a newer one, and a
correction or a void is nothing but another ledger.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Self, cast
from uuid import UUID

import msgspec
from eventsourcing.domain import Aggregate, AggregateCreated, AggregateEvent
from eventsourcing.utils import get_topic


class Refused(Exception):
    """A rule says no; nothing was recorded.

    `code` is stable and machine readable (`already_ordered`), `detail` is one English sentence, `params` fill
    the translated texts, `pointer` is the JSON pointer of the field at fault. Answered as 409 (the state does not
    allow it) unless `status` says 422 (the body asks for something that can never be right).
    """

    def __init__(self, code: str, detail: str, *, status: int = 409, pointer: str | None = None, **params: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.pointer = pointer
        self.params = params


class Fact(AggregateEvent):
    """Something that happened; its class name is the stored `type`, for ever. `timestamp` is the business time."""

    schema_version: ClassVar[int] = 1

    def apply(self, aggregate: Any) -> None:
        cast("Stream", aggregate).apply_fact(self)


class FirstFact(AggregateCreated):
    """The fact that opens a stream."""

    schema_version: ClassVar[int] = 1

    def apply(self, aggregate: Any) -> None:
        cast("Stream", aggregate).apply_fact(self)


class FirstOrLaterFact(FirstFact):
    """A fact that opens its stream, or comes later in it (a visit logged without, or after, a plan)."""

    def mutate(self, aggregate: Any) -> Any:
        return super().mutate(None) if aggregate is None else AggregateEvent.mutate(self, aggregate)


class UnknownFact(FirstOrLaterFact):
    """A fact newer code wrote: of a type, or a version of one, that this code does not know. Never recorded."""

    type: str


AnyFact = Fact | FirstFact


class FactCorrected(Fact):
    """An earlier fact was recorded wrongly: these of its standing fields, or its business time, were otherwise.

    `version` names the fact in the same stream; `changes` holds only fields that fact set. The latest correction
    of a field wins; correcting keeps everything else the fact said. `timestamp` is when the correction was made.
    """

    version: int
    changes: dict[str, Any]
    occurred_at: datetime | None
    reason: str


class FactVoided(Fact):
    """An earlier fact (or correction) never happened. Voids are not voided: record the fact again instead."""

    version: int
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact in the ledger: what it set, from when, and whether it still counts.

    Replaced, not changed, by corrections and voids, so that copies of a stream may share it.
    """

    version: int
    type: str
    occurred_at: datetime
    changes: dict[str, Any]
    original_occurred_at: datetime
    original_changes: dict[str, Any]
    corrections: tuple[FactCorrected, ...] = ()
    voided: bool = False


SHARING = frozenset({"ledger", "standing", "_stamps", "_correction_of", "_standings_recorded"})
"""Dicts of every stream whose values are replaced, never changed, so that copies of the stream may share these."""


class Stream(Aggregate):
    """Base of every aggregate. Subclasses give `stream_type`, `standing_types`, commands, and `when`.

    `standing_types` names each standing field and its type; corrections are checked and decoded against it.
    Fields in `additive` hold movements (units delivered, say): tuples that are concatenated, not replaced, so that
    two late movements add up whatever the order in which they were told.

    Further state of a subclass is made of immutable values in plain attributes, dicts, lists and sets: a loaded
    stream is kept and worked on as a `copy`.
    """

    stream_type: ClassVar[str]
    standing_types: ClassVar[Mapping[str, Any]]
    additive: ClassVar[frozenset[str]] = frozenset()
    first_may_be_voided: ClassVar[bool] = False
    """Whether people may say that even the first fact never happened; the record is then still shown, as voided."""

    def __base_init__(self, originator_id: Any, originator_version: int, timestamp: datetime) -> None:
        super().__base_init__(originator_id, originator_version, timestamp)
        self.ledger: dict[int, Entry] = {}
        self.standing: dict[str, Any] = {}
        self.read_only: str | None = None
        self.latest: datetime | None = None
        """The latest business time of the facts that count."""
        self._stamps: dict[str, tuple[datetime, int]] = {}
        self._correction_of: dict[int, int] = {}
        self._standings_recorded: dict[int, dict[str, Any]] = {}

    # -- recording ---------------------------------------------------------------------------------

    @classmethod
    def begin(cls, first: type[FirstFact], *, id: UUID, at: datetime, **fields: Any) -> Self:
        """Open a stream with its first fact."""
        stream = cls._create(first, id=id, timestamp=at, **fields)
        stream._standings_recorded[stream.version] = stream.public_standing()
        return stream

    def record(self, fact: type[Fact | FirstOrLaterFact], *, at: datetime, **fields: Any) -> None:
        """Record that something happened at business time `at`."""
        if issubclass(fact, FirstOrLaterFact):
            fields["originator_topic"] = get_topic(type(self))
        self.record_made(self.make(fact, at=at, **fields))

    def make(self, fact: type[Fact | FirstOrLaterFact], *, at: datetime, after: int = 0, **fields: Any) -> Any:
        """The fact as it would be recorded next, or after that many others. Nothing is recorded."""
        return fact(originator_id=self.id, originator_version=self.version + 1 + after, timestamp=at, **fields)

    def record_made(self, fact: Fact | FirstOrLaterFact) -> None:
        """Record what `make` made: what the library's `trigger_event` does, without making the fact again."""
        fact.mutate(self)
        self.pending_events.append(fact)
        self._standings_recorded[self.version] = self.public_standing()

    def standing_after(self, version: int) -> dict[str, Any]:
        """The public standing after a fact recorded here and not yet settled. Raises KeyError for any other."""
        return self._standings_recorded[version]

    def settle(self) -> None:
        """What was recorded is stored now: nothing is pending."""
        self.collect_events()
        self._standings_recorded.clear()

    def copy(self) -> Self:
        """Another stream of the same standing: commands on one do not touch the other. Facts and entries are shared."""
        twin = type(self).__new__(type(self))
        for name, value in vars(self).items():
            twin.__dict__[name] = dict(value) if name in SHARING else _copied(value)
        return twin

    def changes_of(self, version: int) -> dict[str, Any]:
        """The standing fields the fact of this version set, as recorded (not as corrected since)."""
        entry = self.ledger.get(version)
        return {} if entry is None else entry.original_changes

    def public_standing(self) -> dict[str, Any]:
        """All standing fields after the latest fact, in the form subscribers get. Override to shape it."""
        return dict(self.standing)

    @property
    def undone(self) -> bool:
        """Whether even the first fact was taken back, as only an operation can: then there is no such record."""
        first = self.ledger.get(1)
        return first is not None and first.voided and not self.first_may_be_voided

    # -- applying: never refuses, it already happened ------------------------------------------------

    def apply_fact(self, fact: AnyFact) -> None:
        match fact:
            case UnknownFact():
                self.unknown(fact)
            case FactCorrected():
                self._correct(fact)
            case FactVoided():
                self._void(fact)
            case _:
                version, at = fact.originator_version, fact.timestamp
                self.ledger[version] = Entry(version, type(fact).__name__, at, {}, at, {})
                if self.latest is None or at > self.latest:
                    self.latest = at
                self.when(fact)

    def when(self, fact: Any) -> None:
        raise NotImplementedError

    def unknown(self, fact: AnyFact) -> None:
        """Newer code wrote this fact: the stream can be read, not written, by this code."""
        self.read_only = fact.type if isinstance(fact, UnknownFact) else type(fact).__name__

    def set(self, fact: AnyFact, **changes: Any) -> None:
        """Set standing fields as of the fact's business time; an older fact never overwrites a newer one."""
        version = fact.originator_version
        stamp = (fact.timestamp, version)
        entry = self.ledger[version]
        entry.changes.update(changes)
        entry.original_changes.update(changes)
        if any(name in self._stamps and self._stamps[name] > stamp for name in self.additive.intersection(changes)):
            self._merge()  # a late movement takes its place among the others
            return
        for name, value in changes.items():
            self._stand(name, value, stamp)

    def _stand(self, name: str, value: Any, stamp: tuple[datetime, int]) -> None:
        if name in self.additive:
            self._stamps[name] = stamp
            self.standing[name] = (*self.standing.get(name, ()), *value)
        elif name not in self._stamps or self._stamps[name] <= stamp:
            self._stamps[name] = stamp
            self.standing[name] = value

    def _correct(self, fact: FactCorrected) -> None:
        entry = self.ledger.get(fact.version)
        if entry is None:
            return
        self._correction_of[fact.originator_version] = fact.version
        self._recorrect(entry, (*entry.corrections, fact))

    def _void(self, fact: FactVoided) -> None:
        if (corrected := self._correction_of.get(fact.version)) is not None:
            entry = self.ledger[corrected]
            self._recorrect(entry, tuple(c for c in entry.corrections if c.originator_version != fact.version))
        elif (known := self.ledger.get(fact.version)) is not None:
            self.ledger[fact.version] = replace(known, voided=True)
            self._restand()

    def _recorrect(self, entry: Entry, corrections: tuple[FactCorrected, ...]) -> None:
        changes = dict(entry.original_changes)
        occurred_at = entry.original_occurred_at
        for correction in corrections:
            try:
                changes.update(self.decode_changes(correction.changes))
            except msgspec.ValidationError:
                self.unknown(correction)  # newer code gave a field a new form
                continue
            occurred_at = correction.occurred_at or occurred_at
        self.ledger[entry.version] = replace(entry, changes=changes, occurred_at=occurred_at, corrections=corrections)
        self._restand()

    def _restand(self) -> None:
        self._merge()
        self.restood()

    def _merge(self) -> None:
        self.standing = {}
        self._stamps = {}
        ordered = sorted(self.entries(), key=lambda e: (e.occurred_at, e.version))
        self.latest = ordered[-1].occurred_at if ordered else None
        for entry in ordered:
            for name, value in entry.changes.items():
                self._stand(name, value, (entry.occurred_at, entry.version))

    def restood(self) -> None:
        """Called after a correction or void changed the ledger; override to refresh derived state."""

    def entry_about(self, version: int) -> Entry | None:
        """The fact of this version; of a correction, the fact it corrects."""
        return self.ledger.get(self._correction_of.get(version, version))

    def entries(self) -> list[Entry]:
        """The facts that count, in version order."""
        return [entry for entry in self.ledger.values() if not entry.voided]

    def decode_changes(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """JSON values of standing fields to their types. Raises msgspec.ValidationError (only when recording)."""
        return {
            name: msgspec.convert(value, self.standing_types[name]) if name in self.standing_types else value
            for name, value in changes.items()
        }

    # -- corrections, for every kind of stream ---------------------------------------------------------

    def correct_fact(
        self,
        version: int,
        changes: Mapping[str, Any],
        *,
        occurred_at: datetime | None,
        reason: str,
        at: datetime,
    ) -> None:
        """Correct standing fields or the business time of an earlier fact. Says nothing when nothing differs."""
        entry = self._correctable(version)
        for name in changes:
            if name not in entry.original_changes:
                raise Refused(
                    "not_set_by_fact",
                    f"the fact of version {version} did not set {name}",
                    status=422,
                    pointer=f"/changes/{name}",
                    field=name,
                )
        decoded: dict[str, Any] = {}
        for name, value in changes.items():
            try:
                decoded |= self.decode_changes({name: value})
            except msgspec.ValidationError as error:
                raise _invalid(name, str(error)) from error
            self.require_recordable(name, decoded[name])
        same_time = occurred_at is None or occurred_at == entry.occurred_at
        if same_time and all(entry.changes.get(name) == value for name, value in decoded.items()):
            return
        self.record(
            FactCorrected,
            at=at,
            version=version,
            changes=msgspec.json.decode(msgspec.json.encode(decoded)),  # as it will be read
            occurred_at=occurred_at,
            reason=reason,
        )

    def require_recordable(self, name: str, value: Any) -> None:
        """Raise Refused (422) for a corrected value that no command would have taken. Override for such rules."""

    def void_fact(self, version: int, *, reason: str, at: datetime) -> None:
        """Take back a fact or a correction that never happened. Repeating it says nothing."""
        if version in self._correction_of:
            entry = self.ledger[self._correction_of[version]]
            if all(c.originator_version != version for c in entry.corrections):
                return
        else:
            known = self.ledger.get(version)
            if known is not None and known.voided:
                return
            if version == 1:
                raise Refused("first_fact", "the first fact of a record cannot be voided")
            self._correctable(version)
        self.record(FactVoided, at=at, version=version, reason=reason)

    def take_back(self, versions: Collection[int], *, reason: str, at: datetime) -> None:
        """Void these facts and corrections, the first fact included: for operations that undo what one recorded.

        Without its first fact the whole must go: who asks for that names every fact that counts.
        """
        for version in sorted(versions, reverse=True):
            if not self.counts(version):
                continue
            fact = self.make(FactVoided, at=at, version=version, reason=reason)
            fact.mutate(self)
            self.pending_events.append(fact)
        for fact in cast("list[AnyFact]", self.pending_events):
            self._standings_recorded.setdefault(
                fact.originator_version, self.public_standing() if self.standing else {}
            )

    def counts(self, version: int) -> bool:
        """Whether the fact or correction of this version holds: it is there and not taken back."""
        if version in self._correction_of:
            entry = self.ledger[self._correction_of[version]]
            return any(correction.originator_version == version for correction in entry.corrections)
        known = self.ledger.get(version)
        return known is not None and not known.voided

    def _correctable(self, version: int) -> Entry:
        entry = self.ledger.get(version)
        if entry is None or entry.voided:
            raise Refused(
                "no_such_fact",
                f"there is no fact of version {version} to correct",
                status=422,
                pointer="/version",
                version=version,
            )
        return entry


def _invalid(name: str, said: str) -> Refused:
    """The refusal of a value that is not of its field's type; msgspec says where: `… - at `$[0].units``."""
    what, _, place = said.partition(" - at `$")
    steps = "".join(f"/{step}" for step in re.findall(r"[^.\[\]`]+", place) if step != "...")
    return Refused("invalid_value", what, status=422, pointer=f"/changes/{name}{steps}")


def _copied(value: Any) -> Any:
    if not isinstance(value, (dict, list, set)):  # most values, by far
        return value
    match value:
        case dict():
            return {key: _copied(item) for key, item in value.items()}
        case list():
            return [_copied(item) for item in value]
        case _:
            return set(value)
