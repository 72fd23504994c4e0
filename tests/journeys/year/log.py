"""The oracle's reading of the log: facts as they count, and what stood after each. Plain Python, no product code."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
Event = Mapping[str, Any]


def start(day: date) -> datetime:
    """Its first instant."""
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)


def day_of(at: datetime) -> date:
    return at.astimezone(ZONE).date()


@dataclass(frozen=True)
class Period:
    """Two days, both included."""

    first: date
    last: date

    @property
    def begin(self) -> datetime:
        return start(self.first)

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return start(self.last + timedelta(days=1))

    def holds(self, at: datetime) -> bool:
        return self.begin <= at < self.end


def months_from(first: date, count: int) -> list[Period]:
    """So many calendar months."""
    found = []
    for _ in range(count):
        following = (first + timedelta(days=32)).replace(day=1)
        found.append(Period(first, following - timedelta(days=1)))
        first = following
    return found


def before(period: Period) -> Period:
    """The calendar month (or whole months) of the same length before."""
    months = (period.last.year - period.first.year) * 12 + period.last.month - period.first.month + 1
    first = period.first
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return Period(first, period.first - timedelta(days=1))


def year_before(period: Period) -> Period:
    last = (period.last + timedelta(days=1)).replace(year=(period.last + timedelta(days=1)).year - 1)
    return Period(period.first.replace(year=period.first.year - 1), last - timedelta(days=1))


@dataclass(frozen=True)
class Fact:
    """A fact that counts, as corrected; `stood`: the standing after it, `was`: the one before."""

    type: str
    stream: str
    version: int
    at: datetime
    changes: Mapping[str, Any]
    data: Mapping[str, Any]
    actor: str | None
    stood: Mapping[str, Any] = field(default_factory=dict)
    was: Mapping[str, Any] = field(default_factory=dict)


def _effective(events: Sequence[Event]) -> list[Fact]:
    """The facts of one stream that count: corrections applied, what was taken back left out."""
    voided: set[int] = {event["data"]["version"] for event in events if event["type"] == "FactVoided"}
    corrections: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        if event["type"] == "FactCorrected" and event["subject_version"] not in voided:
            corrections[event["data"]["version"]].append(event)
    facts = []
    for event in events:
        version = event["subject_version"]
        if event["type"] in ("FactCorrected", "FactVoided") or version in voided:
            continue
        at, changes = event["occurred_at"], dict(event["data"].get("changes", {}))
        for correction in sorted(corrections[version], key=lambda one: one["subject_version"]):
            changes |= correction["data"]["changes"]
            at = correction["data"].get("occurred_at") or at
        facts.append(
            Fact(event["type"], event["subject"], version, _instant(at), changes, event["data"],
                 event["metadata"].get("actor"))
        )  # fmt: skip
    facts.sort(key=lambda fact: (fact.at, fact.version))
    standing: dict[str, Any] = {}
    merged = []
    for fact in facts:
        was, standing = standing, {**standing, **fact.changes}
        merged.append(replace(fact, stood=standing, was=was))
    return merged


def _instant(said: str | datetime) -> datetime:
    return said if isinstance(said, datetime) else datetime.fromisoformat(said)


class Log:
    """All facts as known at a position, up to an instant of business time."""

    def __init__(self, events: Iterable[Event], *, known_at: int | None = None, until: datetime | None = None) -> None:
        streams: dict[str, list[Event]] = defaultdict(list)
        kinds: dict[str, str] = {}
        for event in events:
            if known_at is None or event["position"] <= known_at:
                streams[event["subject"]].append(event)
                kinds[event["subject"]] = event["subject_type"]
        self.until = until
        self.of_kind: dict[str, dict[str, list[Fact]]] = defaultdict(dict)
        for stream, of_stream in streams.items():
            facts = [fact for fact in _effective(of_stream) if until is None or fact.at <= until]
            if facts:
                self.of_kind[kinds[stream]][stream] = facts

    def streams(self, kind: str) -> Mapping[str, list[Fact]]:
        return self.of_kind.get(kind, {})

    def facts(self, kind: str, *types: str) -> list[Fact]:
        """Of all streams of a kind, these types (all without)."""
        return [
            fact for facts in self.streams(kind).values() for fact in facts if not types or fact.type in types
        ]  # fmt: skip


def standing_before(facts: Sequence[Fact], at: datetime) -> Mapping[str, Any]:
    """What stood just before an instant."""
    last = None
    for fact in facts:
        if fact.at >= at:
            break
        last = fact
    return {} if last is None else last.stood


def standing_at(facts: Sequence[Fact], at: datetime) -> Mapping[str, Any]:
    """What stands at an instant."""
    place = bisect_right([fact.at for fact in facts], at)
    return {} if place == 0 else facts[place - 1].stood


class Places:
    """Which branch and region a unit stands in, by the organisation of an instant."""

    def __init__(self, log: Log, at: datetime) -> None:
        self.units = {unit: standing_at(facts, at) for unit, facts in log.streams("unit").items()}

    def up(self, unit: str | None, kind: str) -> str | None:
        """The nearest unit of a kind at or above."""
        while unit is not None:
            said = self.units.get(unit, {})
            if said.get("kind") == kind:
                return unit
            unit = said.get("parent_id")
        return None
