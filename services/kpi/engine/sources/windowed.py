"""A source of rows whose relation is made for the question: it reads no more days than asked for. Counts nothing.

Made for what is not stored as it is counted (duties, what is open at an end, a month's share of an amount): days and
instants of the question stand in its SQL as constants.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from services.kpi.asking import Asking, Reads, Sql
from services.kpi.engine.definition import DIMENSIONS, Dimension, Measure
from services.kpi.engine.question import Counted, Item, Place, Question, Use
from services.kpi.engine.sources.rows import RowMeasure, RowSource
from shared.days import day_of
from shared.projections.view import View

Make = Callable[[Reads, Question], Awaitable[str]]
"""The relation of a question; see `RowSource.relation`."""
MANY = 12
"""From so many periods on a pool is asked for the earlier and the later half at once."""
EXISTS = "select exists (select from {there} as t where t.tenant_id = $1)"


@dataclass(frozen=True, slots=True)
class WindowedSource:
    """See the module. `there`: a view without a row of which there is no source. `bounded`: see `RowSource`."""

    name: str
    kind: str
    make: Make
    views: Sequence[View]
    of: Mapping[str, RowMeasure]
    there: str
    dimensions: Sequence[Dimension] = DIMENSIONS
    bounded: bool = False
    measures: Mapping[str, Measure] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "measures", {name: one.measure for name, one in self.of.items()})

    async def amounts(self, reads: Reads, question: Question, uses: Sequence[Use]) -> Sequence[Counted]:
        periods = question.periods
        if not self.bounded or len(periods) < MANY or question.overlap or not hasattr(reads, "acquire"):
            return await self._amounts(reads, question, uses)
        half = len(periods) // 2
        earlier, later = await asyncio.gather(
            self._amounts(reads, replace(question, periods=periods[:half]), uses),
            self._amounts(reads, replace(question, periods=periods[half:]), uses),
        )
        return [*earlier, *(counted._replace(period=counted.period + half) for counted in later)]

    async def _amounts(self, reads: Reads, question: Question, uses: Sequence[Use]) -> Sequence[Counted]:
        if not question.begun:
            return []
        return await (await self._rows(reads, question)).amounts(reads, question, uses)

    async def items(
        self, reads: Reads, question: Question, use: Use, *, limit: int, after: Place | None
    ) -> Sequence[Item]:
        if not question.begun:
            return []
        return await (await self._rows(reads, question)).items(reads, question, use, limit=limit, after=after)

    async def exists(self, reads: Reads, asking: Asking) -> bool:
        sql = Sql(asking)
        return bool(await reads.fetchval(sql.text(EXISTS, there=sql.text("{" + self.there + "}")), *sql.values))

    async def _rows(self, reads: Reads, question: Question) -> RowSource:
        relation = await self.make(reads, question)
        return RowSource(self.name, self.kind, relation, self.views, self.of, self.dimensions, self.bounded)


def holds(alias: str) -> str:
    """The predicate, in a relation, that a row of an interval view holds at the instant asked about."""
    return f"{alias}.tenant_id = $1 and {alias}.from_at <= {{at}} and ({alias}.to_at is null or {alias}.to_at > {{at}})"


def first_day(question: Question) -> date:
    """The first day asked for."""
    return min(period.first for period in question.periods)


def last_day(question: Question) -> date:
    """The last day asked for that has come."""
    return min(max(period.last for period in question.periods), question.asking.day)


def day(value: date) -> str:
    """A day as a constant of SQL."""
    return f"'{value.isoformat()}'::date"


def instant(value: datetime) -> str:
    """An instant as a constant of SQL."""
    return f"'{value.isoformat()}'::timestamptz"


def ends(question: Question) -> list[tuple[datetime, datetime]]:
    """Of each period that has begun its end, and the last instant of it that has come."""
    at = question.asking.at
    return [(end, min(end - timedelta(microseconds=1), at)) for end in question.ends[: question.begun]]


def months(question: Question) -> list[tuple[date, date, datetime]]:
    """The calendar months that end, or are running, on the days asked for: first and last day, and the last instant."""
    asking = question.asking
    found, first = [], first_day(question).replace(day=1)
    while first <= last_day(question):
        following = (first + timedelta(days=31)).replace(day=1)
        end = datetime.combine(following, datetime.min.time(), asking.zone) - timedelta(microseconds=1)
        found.append((first, following - timedelta(days=1), min(end, asking.at)))
        first = following
    return [month for month in found if day_of(month[2], asking.zone) >= first_day(question)]
