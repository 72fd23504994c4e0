"""Prospects as chance has them, and what a sheet of them says in plain Python. Only for tests of inventories."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.opportunities_views.log import Log

BEGIN = datetime(2025, 4, 20, tzinfo=UTC)
DAYS = 60
ROOT, SH, BJ = (UUID(int=number) for number in (101, 102, 103))
PEOPLE = tuple(UUID(int=number) for number in (11, 12, 13))
LEVELS = ("H", "A", "B", "C")
STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ProspectFrozen", {"status": "frozen"}),
    ("ContactLost", {"status": "lost_contact"}),
    ("ProspectResumed", {"status": "open"}),
    ("DealLost", {"status": "defeated"}),
    ("DealReopened", {"status": "open"}),
    ("DealWon", {"status": "ordered"}),
    ("UnitsCancelled", {"status": "cancelled"}),
    ("ProspectDisposed", {"status": "disposed"}),
)


def organisation(log: Log) -> None:
    """Head office and two branches."""
    at = datetime(2000, 1, 1, tzinfo=UTC)
    for unit, name, parent in ((ROOT, "HQ", None), (SH, "SH", ROOT), (BJ, "BJ", ROOT)):
        kind = "branch" if parent else "head_office"
        told = {
            "code": name,
            "name": name,
            "kind": kind,
            "status": "open",
            "parent_id": str(parent) if parent else None,
        }
        log.tell("unit", unit, "UnitOpened", at, told)


def instant(chance: random.Random) -> datetime:
    """Often the first of a day in Shanghai, as facts of a past day are."""
    at = BEGIN + timedelta(days=chance.randrange(DAYS), hours=16)
    return at if chance.random() < 0.4 else at + timedelta(minutes=chance.randrange(1440))


def prospects(log: Log, chance: random.Random, number: int, first: int = 1000) -> None:
    """Facts of so many prospects, in the order chance tells them: late, corrected, voided."""
    ids = [UUID(int=first + place) for place in range(number)]
    told: dict[UUID, list[int]] = {}
    captured: dict[UUID, datetime] = {}
    for id in ids:
        captured[id] = instant(chance)
        place = {"owner_id": str(chance.choice(PEOPLE)), "unit_id": str(chance.choice((SH, BJ)))}
        log.tell("opportunity", id, "ProspectCaptured", captured[id], {"status": "open", "level": None, **place})
        told[id] = [1]
    for _ in range(number * 5):
        id = chance.choice(ids)
        at = max(instant(chance), captured[id] + timedelta(seconds=1))
        match chance.randrange(10):
            case 0:
                log.correct("opportunity", id, chance.choice(told[id]), {"unit_id": str(chance.choice((SH, BJ)))})
            case 1 if len(told[id]) > 1:
                log.void("opportunity", id, told[id].pop())
            case 2 | 3:
                moved = {"owner_id": str(chance.choice(PEOPLE)), "unit_id": str(chance.choice((SH, BJ)))}
                told[id].append(log.tell("opportunity", id, "OpportunityTransferred", at, moved))
            case 4 | 5 | 6:
                said = {"level": chance.choice(LEVELS)}
                told[id].append(log.tell("opportunity", id, "ProspectQualified", at, said))
            case _:
                fact, said = chance.choice(STEPS)
                told[id].append(log.tell("opportunity", id, fact, at, dict(said)))


@dataclass(frozen=True)
class Stood:
    """A prospect after one of its facts."""

    at: datetime
    status: str
    level: str
    owner: UUID
    unit: UUID


def histories(log: Log, position: int) -> Iterator[list[Stood]]:
    for _, facts in log.streams("opportunity", position):
        standing: dict[str, Any] = {}
        history = []
        for fact in facts:
            standing |= fact.changes
            history.append(
                Stood(
                    fact.at, standing["status"], standing["level"] or "N", UUID(standing["owner_id"]),
                    UUID(standing["unit_id"]),
                )
            )  # fmt: skip
        yield history


def cell(stood: Stood | None, units: set[UUID]) -> str | None:
    return stood.level if stood is not None and stood.status == "open" and stood.unit in units else None


def stock(log: Log, position: int, units: set[UUID], before: datetime) -> Counter[str]:
    """Open prospects by level just before an instant, as known at a position."""
    found: Counter[str] = Counter()
    for history in histories(log, position):
        last = next((stood for stood in reversed(history) if stood.at < before), None)
        if (level := cell(last, units)) is not None:
            found[level] += 1
    return found


def flows(log: Log, position: int, units: set[UUID], since: datetime, before: datetime) -> Counter[tuple[str, str]]:
    """What came and went between two instants, the first included, by level and kind."""
    found: Counter[tuple[str, str]] = Counter()
    for history in histories(log, position):
        was: Stood | None = None
        for stood in history:
            left, came = cell(was, units), cell(stood, units)
            if since <= stood.at < before and left != came:
                if left is not None:
                    found[left, _out(stood, came)] += 1
                if came is not None:
                    found[came, _in(was, left)] += 1
            was = stood
    return found


def _out(stood: Stood, came: str | None) -> str:
    if came is not None:
        return "level_out"
    return {"open": "transferred_out", "ordered": "won"}.get(stood.status, stood.status)


def _in(was: Stood | None, left: str | None) -> str:
    if left is not None:
        return "level_in"
    if was is None:
        return "new"
    return {"open": "transferred_in", "frozen": "resumed", "lost_contact": "resumed"}.get(was.status, "reopened")
