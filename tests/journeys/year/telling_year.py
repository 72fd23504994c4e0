"""The whole year, month by month, with what was asked at each month's end. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from tests.journeys.year.asking import VALUES, closed
from tests.journeys.year.cast import YEAR
from tests.journeys.year.log import Event, Period, months_from
from tests.journeys.year.oracle import Oracle
from tests.journeys.year.planning import Planning
from tests.journeys.year.region import Region
from tests.stack import Running

BYS: tuple[tuple[str, ...], ...] = ((), ("person",), ("branch",))
"""How every figure is asked for."""
MONTHS = months_from(date(YEAR, 1, 1), 12)
Answers = Mapping[tuple[str, ...], Sequence[Mapping[str, Any]]]


@dataclass
class Told:
    """The region at the year's end; what was asked at the end of each month, and the log's position then."""

    region: Region
    planning: Planning
    definitions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: dict[Period, Answers] = field(default_factory=dict)
    positions: dict[Period, int] = field(default_factory=dict)
    events: Sequence[Event] = ()

    @cached_property
    def at_closes(self) -> Mapping[date, Oracle]:
        """What was known when each month was closed, of all the time until the end of the year."""
        last = MONTHS[-1].last
        return {
            month: Oracle(self.events, as_of=last, known_at=position) for month, position in closed(self.events).items()
        }

    @property
    def kpis(self) -> list[str]:
        """Those that have a source."""
        return [id for id, one in self.definitions.items() if one["has_source"]]

    def offered(self, kpis: Sequence[str], by: Sequence[str]) -> list[str]:
        """Of these, those told apart so."""
        return [kpi for kpi in kpis if set(by) <= set(self.definitions[kpi]["dimensions"])]

    async def ask(self, period: Period, **query: Any) -> Answers:
        """Every KPI of a period, in all groups."""
        return await self.ask_between(period, period, **query)

    async def ask_between(self, first: Period, last: Period, **query: Any) -> Answers:
        days = {"from": first.first.isoformat(), "to": last.last.isoformat()}
        queries = [
            {
                "kpi": ",".join(self.offered(self.kpis, by)),
                **days,
                **({"group_by": ",".join(by)} if by else {}),
                **query,
            }
            for by in BYS
        ]
        answers = await self.region.teller.asked("office", VALUES, queries)
        return {by: answer["rows"] for by, answer in zip(BYS, answers, strict=True)}


async def told(running: Running) -> Told:
    """The region's two years: the one before as its past, then month by month."""
    region = await Region.founded(running)
    try:
        return await _told(region)
    except BaseException:
        await region.teller.end()
        raise


async def _told(region: Region) -> Told:
    planning = Planning(region)
    story = Told(region, planning)
    for month in months_from(date(YEAR - 1, 1, 1), 12):
        await region.tell_until(month.last)
        await planning.company_figures(month.first)
    await planning.rules()
    await planning.annual_plan()
    await planning.close(date(YEAR - 1, 12, 1))
    shown = await region.teller.read("office", "/v1/kpi/definitions", waits=False)
    story.definitions = {one["id"]: one for one in shown["items"]}
    for month in MONTHS:
        await region.tell_until(month.first)
        await planning.split(month.first)
        await planning.forecast(month.first)
        await region.tell_until(month.last)
        await planning.company_figures(month.first)
        story.positions[month] = region.teller.position
        story.asked[month] = await story.ask(month, as_of=month.last.isoformat())
        await planning.close(month.first)
    story.events = await region.teller.feed()
    return story


__all__ = ["BYS", "MONTHS", "Answers", "Told", "told"]
