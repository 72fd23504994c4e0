"""Official figures beside restated ones: as known when the months of a period were closed. Computes nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.kpi.asking import Asking, Reads
from services.kpi.engine.computing import computed
from services.kpi.engine.definition import Chosen, Dimension
from services.kpi.engine.period import Months, Period
from services.kpi.engine.question import Filters
from services.kpi.engine.values import Value, values
from services.kpi.months.closes import Close, basis

ZERO = Decimal(0)


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
    stock as known at the close before the first. Units roll up along the same tree as those not official."""
    found: list[Value] = []
    for period in periods:
        known = basis(closes, months.month_of(period.first - timedelta(days=1)), months.month_of(period.last))
        if known.flows is None:
            continue
        found += await values(
            reads,
            replace(asking, known_at=known.flows, tree_of=asking),
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


def with_gone(found: Sequence[Value], fixed: Sequence[Value]) -> list[Value]:
    """The figures, and those that only the official ones know: of groups of which nothing is left as known now."""
    known = {place(figure) for figure in found}
    gone = [_nothing(one) for one in fixed if place(one) not in known]
    order = {id: number for number, id in enumerate(dict.fromkeys(one.chosen.definition.id for one in found))}

    def shown(one: Value) -> tuple[int, date, tuple[tuple[bool, str], ...], str]:
        keys = tuple((key is None, key or "") for key in one.keys)
        return order.get(one.chosen.definition.id, len(order)), one.period.first, keys, one.currency or ""

    return sorted([*found, *gone], key=shown) if gone else list(found)


def _nothing(one: Value) -> Value:
    """The figure of the same place where nothing is counted."""
    if one.state == "no_source":
        return one
    value = computed(one.chosen.definition, 0, 0, 0)
    return replace(
        one,
        numerator=ZERO,
        denominator=None if one.denominator is None else ZERO,
        factor=None if one.factor is None else ZERO,
        value=value,
        state="zero_denominator" if value is None else "ok",
    )


def by_place(figures: Sequence[Value]) -> Mapping[Any, Value]:
    """Each figure by what it is of."""
    return {place(figure): figure for figure in figures}


def place(figure: Value) -> Any:
    definition = figure.chosen.definition
    return definition.id, definition.version, figure.period.first, figure.period.last, figure.keys, figure.currency
