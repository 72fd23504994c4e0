"""Figures as rows of an answer: decimal text, names beside ids. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.kpi.asking import Asking, Labels, Reads, money
from services.kpi.engine.definition import Dimension
from services.kpi.engine.values import Value
from shared.days import LAST_INSTANT
from shared.records.labels import GroupNames

PLACES = Decimal("0.000001")


def text(value: Decimal | None, *, is_money: bool = False) -> str | None:
    """Decimal text: money with its cents, a count without, a ratio to six places."""
    if value is None:
        return None
    if is_money:
        return money(value if _cents(value) else value.quantize(Decimal("0.01")))
    shown = format(value if value == value.to_integral_value() else value.quantize(PLACES), "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _cents(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -4


async def names(
    reads: Reads, asking: Asking, labels: Labels, group_by: Sequence[Dimension], figures: Sequence[Value]
) -> GroupNames:
    """The labels of all groups."""
    groups = list(dict.fromkeys(figure.keys for figure in figures))
    return await labels.of_groups(reads, asking, group_by, groups)


def row(figure: Value, asking: Asking, group: Mapping[str, Any], language: str) -> dict[str, Any]:
    """One figure as it is answered."""
    definition = figure.chosen.definition
    above, below = definition.unit == "money", (definition.per or definition.unit) == "money"
    is_money = definition.value_is_money
    return {
        "kpi": definition.id,
        "name": definition.zh if language == "zh-CN" else definition.en,
        "version": definition.version,
        "period": figure.period.key,
        "from": figure.period.first,
        "to": figure.period.last,
        "complete": figure.period.end(asking.zone) - LAST_INSTANT <= asking.at,
        **group,
        "currency": figure.currency,
        "numerator": text(figure.numerator, is_money=above),
        "denominator": text(figure.denominator, is_money=below),
        "factor": text(figure.factor, is_money=True),
        "value": text(figure.value, is_money=is_money),
        "state": figure.state,
        "target": text(figure.target, is_money=is_money),
        "attainment": text(figure.attainment),
        "gap": text(figure.gap, is_money=is_money),
        "previous": text(figure.previous, is_money=is_money),
        "same_period_last_year": text(figure.same_period_last_year, is_money=is_money),
        "official": None,
        "restated": None,
        "difference": None,
    }
