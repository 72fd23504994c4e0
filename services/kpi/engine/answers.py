"""Figures as rows of an answer: decimal text, names beside ids. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.kpi.asking import Asking, Labels, Reads
from services.kpi.engine.definition import Definition, Dimension
from services.kpi.engine.period import Period
from services.kpi.engine.values import Value
from shared.days import LAST_INSTANT
from shared.records.labels import GroupNames

CENTS = (2, 3, 4)
"""So many decimals an amount of money has of itself; with more it is a quotient."""


def text(value: Decimal | None, *, is_money: bool = False) -> str | None:
    """Decimal text: money with its cents, a count without, a ratio to six places."""
    if value is None:
        return None
    if is_money:
        shown = format(value, "f")
        cents = len(shown) - 1 - shown.find(".") if "." in shown else 0
        return shown if cents in CENTS else format(value, ".2f")
    if value == (whole := int(value)):
        return str(whole)
    shown = format(value, ".6f").rstrip("0")
    return shown.rstrip(".") if shown[-1] == "." else shown


async def names(
    reads: Reads, asking: Asking, labels: Labels, group_by: Sequence[Dimension], figures: Sequence[Value]
) -> GroupNames:
    """The labels of all groups."""
    groups = list(dict.fromkeys(figure.keys for figure in figures))
    return await labels.of_groups(reads, asking, group_by, groups)


def rows(figures: Sequence[Value], asking: Asking, labels: GroupNames, language: str) -> list[dict[str, Any]]:
    """Figures as they are answered. What many share is worked out once."""
    groups = {keys: labels.columns(keys) for keys in {figure.keys for figure in figures}}
    periods = {period: _period(period, asking) for period in {figure.period for figure in figures}}
    kpis = {id(figure.chosen): _Said(figure.chosen.definition, language) for figure in figures}
    return [kpis[id(figure.chosen)].row(figure, periods[figure.period], groups[figure.keys]) for figure in figures]


def _period(period: Period, asking: Asking) -> dict[str, Any]:
    complete = period.end(asking.zone) - LAST_INSTANT <= asking.at
    return {"period": period.key, "from": period.first, "to": period.last, "complete": complete}


class _Said:
    """What all figures of one definition say alike."""

    def __init__(self, definition: Definition, language: str) -> None:
        self.head = {
            "kpi": definition.id,
            "name": definition.zh if language == "zh-CN" else definition.en,
            "version": definition.version,
        }
        self.above = definition.unit == "money"
        self.below = (definition.per or definition.unit) == "money"
        self.is_money = definition.value_is_money

    def row(self, figure: Value, period: Mapping[str, Any], group: Mapping[str, Any]) -> dict[str, Any]:
        is_money = self.is_money
        return {
            **self.head,
            **period,
            **group,
            "currency": figure.currency,
            "numerator": text(figure.numerator, is_money=self.above),
            "denominator": text(figure.denominator, is_money=self.below),
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
