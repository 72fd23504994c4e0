"""What a month's sales are paid: rule lines times figures, and what late entries change of earlier months. Pure.

commission(M) = rule(M) on the figures of M as known at close(M), and for each earlier month m of the last twelve:
rule(m) on its figures as known at close(M), less the same as known at close(M - 1). So whatever is told late is paid,
or taken back, once, in the month whose close first knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from services.kpi.assessments.scoring import ZERO, rounded
from services.kpi.events import AmountDue, CommissionLine, Factor, RuleLine

BACK: Final = 12
"""Months before whose late entries are settled."""
ONE: Final = Decimal(1)


class Counted(NamedTuple):
    """A KPI's figure of one month and currency (null: units)."""

    version: int
    currency: str | None
    value: Decimal


@dataclass(frozen=True, slots=True)
class Known:
    """The figures of some months as known at one position: by (month, kpi, product); factors by (month, kpi)."""

    figures: Mapping[tuple[date, str, str | None], Sequence[Counted]]
    factors: Mapping[tuple[date, str], Decimal | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule in force for a month."""

    effective_from: date
    lines: tuple[RuleLine, ...]
    factor: Factor | None


NOTHING: Final = Known({}, {})


def settled(
    month: date, earlier: Sequence[date], rule_of: Callable[[date], Rule | None], now: Known, before: Known
) -> tuple[tuple[CommissionLine, ...], tuple[AmountDue, ...]]:
    """The lines of the month, and those of earlier months that differ; and what is due by currency."""
    lines: list[CommissionLine] = []
    for one in (month, *earlier):
        rule = rule_of(one)
        if rule is None:
            continue
        was = NOTHING if one == month else before
        for line in rule.lines:
            lines += _line(one, rule, line, now, was, keep=one == month)
    due: dict[str, Decimal] = {}
    for found in lines:
        due[found.currency] = due.get(found.currency, ZERO) + found.due
    return tuple(lines), tuple(AmountDue(currency, due[currency]) for currency in sorted(due))


def factor_of(factor: Factor | None, value: Decimal | None) -> Decimal:
    """What a commission is multiplied by: that of the highest bound reached; 1 without a factor or a value."""
    if factor is None or value is None:
        return ONE
    for step in sorted(factor.steps, key=lambda step: step.bound, reverse=True):
        if value >= step.bound:
            return step.points
    return factor.otherwise


def _line(
    month: date, rule: Rule, line: RuleLine, now: Known, before: Known, *, keep: bool
) -> Sequence[CommissionLine]:
    """A line per currency; of earlier months those alone of which something is due."""
    at_close, earlier = (_by_currency(known, month, line) for known in (now, before))
    factor, factor_before = (_factor(known, month, rule.factor) for known in (now, before))
    found = []
    for currency in sorted(at_close.keys() | earlier.keys() | ({line.currency} if keep and line.currency else set())):
        version, figure = at_close.get(currency, (0, ZERO))
        version_before, figure_before = earlier.get(currency, (0, ZERO))
        amount = rounded(figure * line.rate * factor)
        amount_before = rounded(figure_before * line.rate * factor_before)
        if not keep and amount == amount_before:
            continue
        found.append(
            CommissionLine(
                month=month,
                rule_from=rule.effective_from,
                code=line.code,
                kpi=line.kpi,
                definition_version=version or version_before,
                product=line.product,
                currency=currency,
                rate=line.rate,
                figure=figure,
                factor=factor,
                amount=amount,
                figure_before=figure_before,
                factor_before=factor_before,
                amount_before=amount_before,
                due=amount - amount_before,
            )
        )
    return found


def _by_currency(known: Known, month: date, line: RuleLine) -> dict[str, tuple[int, Decimal]]:
    found: dict[str, tuple[int, Decimal]] = {}
    for version, currency, value in known.figures.get((month, line.kpi, line.product), ()):
        paid_in = line.currency or currency
        if paid_in is not None:
            found[paid_in] = (version, found.get(paid_in, (version, ZERO))[1] + value)
    return found


def _factor(known: Known, month: date, factor: Factor | None) -> Decimal:
    return ONE if factor is None else factor_of(factor, known.factors.get((month, factor.kpi)))
