"""What a story is made of: steps, each a command of somebody on a day. Pure: sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Id:
    """Stands in a body for what the server called a record, or for the version of one of its facts."""

    key: str


@dataclass(frozen=True)
class Step:
    """One command. `on` its business day; `told` the day it is told, by which the story is ordered.

    `path` names records as `{key}`; `of` is the record whose version the command needs; `new` the key of a record it
    makes; `fact` the key under which the version of what it recorded is kept; `behalf` whom it is entered for.
    """

    on: date
    by: str
    path: str
    body: Mapping[str, Any]
    told: date
    of: str | None = None
    new: str | None = None
    fact: str | None = None
    behalf: str | None = None


@dataclass
class Track:
    """What happens one after another: a deal's life, an account's visits. Tracks run beside each other."""

    steps: list[Step] = field(default_factory=list)

    @property
    def latest(self) -> date:
        """The day the last step was told."""
        return self.steps[-1].told if self.steps else date.min

    def add(self, on: date, by: str, path: str, *, told: date | None = None, **given: Any) -> None:
        """The next step, told no earlier than the one before. What is not of the step itself is the body."""
        own = {name: given.pop(name) for name in ("of", "new", "fact", "behalf") if name in given}
        self.steps.append(Step(on, by, path, given, max(told or on, self.latest), **own))


def within(tracks: Iterable[Track], first: date, last: date) -> list[list[Step]]:
    """The steps told from `first` to `last`, track by track."""
    parts = ([step for step in track.steps if first <= step.told <= last] for track in tracks)
    return [part for part in parts if part]
