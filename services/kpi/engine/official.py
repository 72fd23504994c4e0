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
from services.kpi.months.closes import Basis, Close, basis

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
        known = _basis(closes, period, months)
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


def beside(
    found: Sequence[Value],
    fixed: Sequence[Value],
    periods: Sequence[Period],
    closes: Mapping[date, Close],
    months: Months,
) -> Sequence[tuple[Value, Value | None]]:
    """Each figure with the official one; null where its months are not closed.

    Groups that only one of both knows have nothing in the other: what is gone by now is shown too.
    """
    closed = {period for period in periods if _basis(closes, period, months).flows is not None}
    then_of = {place(figure): figure for figure in fixed}
    known = {place(figure) for figure in found}
    gone = [one for one in fixed if place(one) not in known]
    pairs = [(one, then_of.get(place(one)) or (_nothing(one) if one.period in closed else None)) for one in found]
    if not gone:
        return pairs
    order = {id: number for number, id in enumerate(dict.fromkeys(one.chosen.definition.id for one in found))}

    def shown(pair: tuple[Value, Value | None]) -> tuple[int, date, tuple[tuple[bool, str], ...], str]:
        one = pair[0]
        keys = tuple((key is None, key or "") for key in one.keys)
        return order.get(one.chosen.definition.id, len(order)), one.period.first, keys, one.currency or ""

    return sorted([*pairs, *((_nothing(one), one) for one in gone)], key=shown)


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


def _basis(closes: Mapping[date, Close], period: Period, months: Months) -> Basis:
    return basis(closes, months.month_of(period.first - timedelta(days=1)), months.month_of(period.last))


def place(figure: Value) -> Any:
    definition = figure.chosen.definition
    return definition.id, definition.version, figure.period.first, figure.period.last, figure.keys, figure.currency
