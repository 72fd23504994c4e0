"""What a part of a person's day is. Knows no noun: a noun's parts stand in its folder and are named in `registry.py`.

A part says which sections it fills and finds their items in one statement. Items are few: the first of each section,
with the number of all. Names of accounts and persons are put beside the ids afterwards, for all sections at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.opportunities.follow_ups.rules import Rules
from services.opportunities.reports.asking import Asking, Reads
from services.opportunities.reports.labels import Labels
from shared.http.kit import Kit
from shared.projections.view import View

MOST = 50
"""Items shown of one section: a day holds no more. The count is of all."""


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose day it is. `asking` is the reader's: what they do not see is not shown; its day is the day asked for.

    `itself`: the reader asks for their own day, today.
    """

    person_id: UUID
    functions: frozenset[str]
    unit_id: UUID | None
    itself: bool
    kit: Kit
    asking: Asking
    rules: Rules
    labels: Labels


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do. `path`: the record to read; `action`: the command there that would do it."""

    kind: str
    id: UUID
    path: str
    action: str | None = None
    title: str | None = None
    account_id: UUID | None = None
    opportunity_id: UUID | None = None
    due_on: date | None = None
    days_overdue: int = 0
    level: str | None = None
    owner_id: UUID | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The items of a section, at most `MOST`, and how many there are."""

    items: Sequence[Item] = ()
    count: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What one noun adds to a day: `find` gives its sections by their codes; one left out is empty."""

    sections: Sequence[str]
    find: Callable[[Reads, Whose], Awaitable[Mapping[str, Found]]]
    views: Sequence[View] = field(default=())


def one_of(rows: Sequence[Any], items: Sequence[Item]) -> Found:
    """A section of rows that carry the number of all as `count`."""
    count = rows[0]["count"] if rows else 0
    return Found(items, count, count > len(items))
