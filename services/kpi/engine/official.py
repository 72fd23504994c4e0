"""Official figures beside restated ones: as known when the months of a period were closed. Computes nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from services.kpi.asking import Asking, Reads
from services.kpi.engine.definition import Chosen, Dimension
from services.kpi.engine.period import Months, Period
from services.kpi.engine.question import Filters
from services.kpi.engine.values import Value, values
from services.kpi.months.closes import Close, basis


async def official(
    reads: Reads,
    asking: Asking,
    wanted: Sequence[Chosen],
    periods: Sequence[Period],
    closes: Mapping[date, Close],
    *,
    group_by: Sequence[Dimension],
    filters: Filters,
    months: Months,
) -> Sequence[Value]:
    """The figures of those periods whose months are closed: flows as known at the close of the last one, the opening
    stock as known at the close before the first."""
    found: list[Value] = []
    for period in periods:
        known = basis(closes, months.month_of(period.first - timedelta(days=1)), months.month_of(period.last))
        if known.flows is None:
            continue
        found += await values(
            reads,
            replace(asking, known_at=known.flows),
            wanted,
            (period,),
            group_by=group_by,
            filters=filters,
            compare=False,
            targets=False,
            opening_known_at=known.opening,
            months=months,
        )
    return found


def by_place(figures: Sequence[Value]) -> Mapping[Any, Value]:
    """Each figure by what it is of."""
    return {place(figure): figure for figure in figures}


def place(figure: Value) -> Any:
    definition = figure.chosen.definition
    return definition.id, definition.version, figure.period.first, figure.period.last, figure.keys, figure.currency
