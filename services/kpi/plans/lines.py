"""Rows of plans: sound ones, growth on a basis, parts that sum to the whole. Pure; knows no plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Final, TypeVar

from services.kpi.month import first_day, said
from services.kpi.plans.commands import GrowthGiven, RowGiven
from services.kpi.plans.events import PlanBasis, PlanGrowth, PlanMeasure, PlanRow
from shared.event_store.stream import Refused

WHOLE: Final = Decimal(1)
CENT: Final = Decimal("0.01")

K = TypeVar("K", bound=Hashable)
Key = tuple[date, PlanMeasure, str | None, str | None]


def key_of(row: PlanRow) -> Key:
    """What makes two rows of a plan the same: month, measure, product, currency."""
    return row.month, row.measure, row.product, row.currency


def sorted_rows(rows: Iterable[PlanRow]) -> tuple[PlanRow, ...]:
    """In the order shown."""
    measures = list(PlanMeasure)
    return tuple(
        sorted(rows, key=lambda row: (row.month, measures.index(row.measure), row.product or "", row.currency or ""))
    )


def rows_of(given: Iterable[RowGiven]) -> tuple[PlanRow, ...]:
    """Rows as facts hold them, in order."""
    return sorted_rows(
        PlanRow(first_day(row.month), row.measure, row.target, row.stretch, row.product, row.currency) for row in given
    )


def growths_of(given: Iterable[GrowthGiven]) -> tuple[PlanGrowth, ...]:
    """Growths as facts hold them. Raises Refused 422 `measure_twice`."""
    found = tuple(PlanGrowth(PlanMeasure(one.measure), one.target, one.stretch) for one in given)
    for measure, count in Counter(one.measure for one in found).items():
        if count > 1:
            raise Refused(
                "measure_twice", f"{measure} is given twice", status=422, pointer="/growths", given=str(measure)
            )
    return found


def merged(rows: Iterable[PlanRow], over: Iterable[PlanRow]) -> tuple[PlanRow, ...]:
    """The rows with others put over them."""
    found = {key_of(row): row for row in rows} | {key_of(row): row for row in over}
    return sorted_rows(found.values())


def require_sound_rows(rows: Sequence[PlanRow], months: Collection[date], pointer: str = "/rows") -> None:
    """Raises Refused 422 `month_outside`, `row_twice`, `currency_of_amount`, `not_whole`, `stretch_below`."""

    def no(code: str, why: str, row: PlanRow) -> Refused:
        return Refused(code, why, status=422, pointer=pointer, month=said(row.month), measure=str(row.measure))

    seen: set[Key] = set()
    for row in rows:
        if row.month not in months:
            raise no("month_outside", "the plan has no such month", row)
        if key_of(row) in seen:
            raise no("row_twice", "that is planned twice", row)
        seen.add(key_of(row))
        if (row.currency is not None) != (row.measure is PlanMeasure.AMOUNT):
            raise no("currency_of_amount", "an amount has a currency, units have none", row)
        of_units = row.measure is not PlanMeasure.AMOUNT
        if of_units and any(value is not None and value % 1 for value in (row.target, row.stretch)):
            raise no("not_whole", "units are whole", row)
        if row.stretch is not None and row.stretch < row.target:
            raise no("stretch_below", "the stretch target is below the target", row)


# -- from last year ------------------------------------------------------------------------------------------


def grown(growths: Iterable[PlanGrowth], basis: Iterable[PlanBasis]) -> tuple[PlanRow, ...]:
    """Each month's outcome of last year by the growth of its measure, to whole units."""
    known = {growth.measure: growth for growth in growths}
    rows = []
    for one in basis:
        if (growth := known.get(one.measure)) is None:
            continue
        target = _grown(one.outcome, growth.target)
        stretch = None if growth.stretch is None else max(target, _grown(one.outcome, growth.stretch))
        rows.append(PlanRow(one.month, one.measure, target, stretch))
    return sorted_rows(rows)


def _grown(outcome: Decimal, growth: Decimal) -> Decimal:
    return (outcome * (1 + growth)).quantize(WHOLE, ROUND_HALF_UP)


# -- parts and the whole ---------------------------------------------------------------------------------------


def parts_of(total: Decimal, weights: Mapping[K, Decimal], step: Decimal = WHOLE) -> dict[K, Decimal]:
    """Parts by weight that sum to the total: what is left after rounding down goes to the largest remainders.

    Without any weight, evenly. Of equal remainders the first of the mapping gets it.
    """
    whole = sum(weights.values(), Decimal(0))
    of = weights if whole else dict.fromkeys(weights, Decimal(1))
    whole = whole or Decimal(len(weights))
    exact = {key: total * weight / whole for key, weight in of.items()}
    found = {key: value.quantize(step, ROUND_FLOOR) for key, value in exact.items()}
    left = total - sum(found.values(), Decimal(0))
    for key in sorted(exact, key=lambda key: found[key] - exact[key]):
        given = min(step, left)
        if given <= 0:
            break
        found[key] += given
        left -= given
    return found


def divided(
    rows: Iterable[PlanRow], weights: Mapping[tuple[date, PlanMeasure], Mapping[K, Decimal]]
) -> dict[K, list[PlanRow]]:
    """Each row in parts, target and stretch both summing; the stretch of a part is not below its target."""
    found: dict[K, list[PlanRow]] = {}
    for row in rows:
        step = CENT if row.measure is PlanMeasure.AMOUNT else WHOLE
        by = weights[row.month, row.measure]
        targets = parts_of(row.target, by, step)
        more = None if row.stretch is None else parts_of(row.stretch - row.target, by, step)
        for key, target in targets.items():
            stretch = None if more is None else target + more[key]
            part = PlanRow(row.month, row.measure, target, stretch, row.product, row.currency)
            found.setdefault(key, []).append(part)
    return found


def difference(whole: Iterable[PlanRow], parts: Iterable[Iterable[PlanRow]]) -> tuple[Key, Decimal] | None:
    """The first row whose target or stretch the parts do not sum to, and what is missing (below 0: too much)."""
    left: dict[Key, list[Decimal]] = {}
    for row, sign in [*((row, 1) for row in whole), *((row, -1) for part in parts for row in part)]:
        sums = left.setdefault(key_of(row), [Decimal(0), Decimal(0)])
        sums[0] += sign * row.target
        sums[1] += sign * (row.target if row.stretch is None else row.stretch)
    for key in sorted(left, key=lambda key: (key[0], str(key[1]), key[2] or "", key[3] or "")):
        for missing in left[key]:
            if missing:
                return key, missing
    return None
