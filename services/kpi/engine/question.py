"""What a request for figures asks of every source: of whom, which periods, by which groups, how filtered. No SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from services.kpi.asking import Asking, Reads
from services.kpi.engine.definition import Dimension, Measure, Value
from services.kpi.engine.period import CALENDAR, Months, Period
from shared.projections.view import View
from shared.records.places import Places

Keys = tuple[str | None, ...]
"""Of one group: a key per dimension asked for; null where there is none."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is counted alone. `unit_id`: the unit and all below it, at the time; `keys`: exactly these groups."""

    unit_id: UUID | None = None
    person_id: UUID | None = None
    channel: str | None = None
    product: str | None = None
    currency: str | None = None
    keys: Keys | None = None


EVERYTHING = Filters()


@dataclass(frozen=True, slots=True)
class Question:
    """Figures for periods, ascending by first and last day. `opening_known_at`: what the log held when the
    opening stock was fixed; without it that is as known as all else."""

    asking: Asking
    periods: tuple[Period, ...]
    group_by: tuple[Dimension, ...] = ()
    filters: Filters = EVERYTHING
    places: Places = field(default_factory=dict)
    opening_known_at: int | None = None
    months: Months = CALENDAR
    after: tuple[datetime, ...] = ()
    """For measures that look beyond their period: until when."""

    @property
    def starts(self) -> list[datetime]:
        return [period.start(self.asking.zone) for period in self.periods]

    @property
    def ends(self) -> list[datetime]:
        """The first instant after each period."""
        return [period.end(self.asking.zone) for period in self.periods]

    @property
    def overlap(self) -> bool:
        """Whether something may happen in two of the periods at once."""
        return any(after.first <= before.last for before, after in zip(self.periods, self.periods[1:], strict=False))

    @property
    def begun(self) -> int:
        """How many of the periods have begun at the instant asked about."""
        return sum(start <= self.asking.at for start in self.starts)

    @property
    def just_after(self) -> datetime:
        """What stands just before this stands at the instant asked about."""
        return self.asking.at + timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Use:
    """A measure with the parameters it is asked with."""

    measure: Measure
    parameters: tuple[tuple[str, Value], ...] = ()

    def parameter(self, name: str) -> Any:
        return dict(self.parameters).get(name)


class Counted(NamedTuple):
    """What a source counted: of a period (its place in the question), a group, a currency; an amount per use."""

    period: int
    keys: Keys
    currency: str | None
    amounts: Sequence[Decimal | int | None]


class Place(NamedTuple):
    """Where a page of items ended: the last one's instant, record and number in it."""

    at: datetime
    id: UUID
    number: int


class Item(NamedTuple):
    """One record behind a figure, and how much of the figure it is. `owner_id`, `unit_id`: at that time."""

    kind: str
    id: UUID
    number: int
    at: datetime
    owner_id: UUID | None
    unit_id: UUID | None
    account_id: UUID | None
    currency: str | None
    amount: Decimal | int


class Source(Protocol):
    """One SQL over views of this service. `measures` by name; `dimensions` it can be grouped by."""

    @property
    def name(self) -> str: ...

    @property
    def views(self) -> Sequence[View]: ...

    @property
    def measures(self) -> Mapping[str, Measure]: ...

    @property
    def dimensions(self) -> Sequence[Dimension]: ...

    async def amounts(self, reads: Reads, question: Question, uses: Sequence[Use]) -> Sequence[Counted]:
        """One statement: an amount per use, for every period and group that has one."""
        ...

    async def items(
        self, reads: Reads, question: Question, use: Use, *, limit: int, after: Place | None
    ) -> Sequence[Item]:
        """The records behind the amounts of a question's periods, by instant; their amounts sum to them."""
        ...

    async def exists(self, reads: Reads, asking: Asking) -> bool:
        """Whether anything was ever told that this source counts: else a figure says `no_source`."""
        ...
