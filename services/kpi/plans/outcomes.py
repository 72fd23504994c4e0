"""What came out, by unit and month, from the figures' own sources; and what a plan is proposed from. Records nothing.

Credit is to the unit at the time; a unit's outcome is that of itself and all that is below it today.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from services.kpi.asking import Asking, Reads, Sql
from services.kpi.calendar.working_days import WorkingDays
from services.kpi.engine.period import Period
from services.kpi.engine.question import Question, Source, Use
from services.kpi.engine.sources.reported import REPORTED_UNITS, REPORTS
from services.kpi.engine.sources.steps import DELIVERED_UNITS, ORDERED_UNITS, STEPS
from services.kpi.month import later, said
from services.kpi.plans.events import BasisSource, PlanBasis, PlanMeasure
from services.kpi.plans.targets import TARGET_VIEWS, target_rows
from services.kpi.views.units import UNITS
from shared.projections.view import View

YEAR: Final = 12
"""Months."""
SOURCES: Final[Mapping[PlanMeasure, tuple[Source, Use]]] = {
    PlanMeasure.ORDERS: (STEPS, Use(ORDERED_UNITS)),
    PlanMeasure.DELIVERIES: (STEPS, Use(DELIVERED_UNITS)),
    PlanMeasure.REPORTED: (REPORTS, Use(REPORTED_UNITS)),
}
"""Where the outcome of each measure comes from. Leads and amounts are planned as stated."""
OUTCOME_VIEWS: Final[tuple[View, ...]] = (*STEPS.views, *REPORTS.views, *TARGET_VIEWS, UNITS)
"""What a read of outcomes waits for."""

TREE = "select u.stream_id as id, u.parent_id, u.status from {tree} as u where {holds}"
TARGETS = """
select t.month, t.measure, t.unit_id, t.target
  from {targets} as t
 where t.person_id is null and t.product is null and t.currency is null
   and t.month = any({months}::date[]) and t.unit_id = any({ids}::uuid[])
"""

Cell = tuple[date, PlanMeasure]
Outcomes = dict[UUID, dict[Cell, Decimal]]


@dataclass(frozen=True, slots=True)
class Tree:
    """The units, by what is above them."""

    above: Mapping[UUID, UUID | None]
    closed: frozenset[UUID]

    def children(self, unit_id: UUID) -> tuple[UUID, ...]:
        """Open units directly below."""
        return tuple(sorted(unit for unit, above in self.above.items() if above == unit_id and unit not in self.closed))

    def path(self, unit_id: UUID) -> Iterable[UUID]:
        """The unit and all above it."""
        passed: set[UUID] = set()
        at: UUID | None = unit_id
        while at is not None and at not in passed:
            passed.add(at)
            yield at
            at = self.above.get(at)


async def tree_of(reads: Reads, asking: Asking) -> Tree:
    """The organisation asked for."""
    sql = Sql(asking)
    relation, holds = sql.tree("u")
    above: dict[UUID, UUID | None] = {}
    closed = set()
    row: Any
    for row in await reads.fetch(sql.text(TREE, tree=relation, holds=holds), *sql.values):
        above[_id(row["id"])] = None if row["parent_id"] is None else _id(row["parent_id"])
        if row["status"] == "closed":
            closed.add(_id(row["id"]))
    return Tree(above, frozenset(closed))


async def outcomes(
    reads: Reads, asking: Asking, days: WorkingDays, months: Collection[date], units: Collection[UUID], tree: Tree
) -> Outcomes:
    """Of each of these units, with all below it, what came out in these months; what is not there is 0."""
    found: Outcomes = {unit: {} for unit in units}
    ordered = sorted(months)
    if not ordered:
        return found
    periods = tuple(Period(*days.month_bounds(month), said(month), "month", month) for month in ordered)
    question = Question(asking, periods, ("unit",), months=days)
    for source in (STEPS, REPORTS):
        measures = [measure for measure, (of, _) in SOURCES.items() if of is source]
        for counted in await source.amounts(reads, question, [SOURCES[measure][1] for measure in measures]):
            if counted.keys[0] is None:
                continue
            for unit in tree.path(UUID(counted.keys[0])):
                if unit not in found:
                    continue
                for measure, amount in zip(measures, counted.amounts, strict=True):
                    cell = (ordered[counted.period], measure)
                    found[unit][cell] = found[unit].get(cell, Decimal(0)) + Decimal(amount or 0)
    return found


async def bases(
    reads: Reads, asking: Asking, days: WorkingDays, *, year: int, units: Collection[UUID], tree: Tree
) -> dict[UUID, tuple[PlanBasis, ...]]:
    """Of each unit, what the proposal of a year begins from: last year's outcome of the same month.

    Of months of last year that are not over, their target in force; without one, what came out a year before them.
    """
    months = [date(year - 1, month, 1) for month in range(1, YEAR + 1)]
    open_months = [month for month in months if days.month_bounds(month)[1] >= asking.day]
    earlier = [later(month, -YEAR) for month in open_months]
    over = [month for month in months if month not in open_months]
    came = await outcomes(reads, asking, days, [*over, *earlier], units, tree)
    planned = await _planned(reads, asking, open_months, units)
    return {unit: tuple(_basis(year, over, came[unit], planned.get(unit, {}))) for unit in units}


def _basis(
    year: int, over: Collection[date], came: Mapping[Cell, Decimal], planned: Mapping[Cell, Decimal]
) -> Iterable[PlanBasis]:
    for number in range(1, YEAR + 1):
        month, last = date(year, number, 1), date(year - 1, number, 1)
        for measure in SOURCES:
            source: BasisSource
            if last in over:
                amount, source = came.get((last, measure), Decimal(0)), "outcome"
            elif (last, measure) in planned:
                amount, source = planned[last, measure], "target"
            else:
                amount, source = came.get((later(last, -YEAR), measure), Decimal(0)), "year_before"
            yield PlanBasis(month, measure, amount, source)


async def _planned(reads: Reads, asking: Asking, months: Collection[date], units: Collection[UUID]) -> Outcomes:
    found: Outcomes = {}
    if not months:
        return found
    sql = Sql(asking)
    text = sql.text(TARGETS, targets=target_rows(sql), months=sql(list(months)), ids=sql(list(units)))
    row: Any
    for row in await reads.fetch(text, *sql.values):
        found.setdefault(_id(row["unit_id"]), {})[row["month"], PlanMeasure(row["measure"])] = row["target"]
    return found


def _id(value: Any) -> UUID:
    """A plain UUID: those of the driver are not."""
    return UUID(bytes=value.bytes)
