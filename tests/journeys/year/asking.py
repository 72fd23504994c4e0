"""Asks a running installation for its figures, and says where they are not what the oracle says. Computes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tests.journeys.year.log import Period
from tests.journeys.year.oracle import Figure, Key, Oracle

VALUES = "/v1/kpi/values"
NEAR = Decimal("0.000051")
"""Values are told rounded."""
Told = Mapping[str, Any]


def key_of(row: Told, by: Sequence[str]) -> Key:
    return tuple(row[dimension] for dimension in by)


def period_of(row: Told) -> tuple[str, str]:
    return row["from"], row["to"]


def differences(
    rows: Iterable[Told], oracle: Oracle, kpis: Iterable[str], periods: Sequence[Period], by: Sequence[str] = ()
) -> list[str]:
    """Every figure that is told otherwise than the oracle says, or not told, or told of nothing."""
    told = {
        (row["kpi"], period_of(row), key_of(row, by), row["currency"]): row
        for row in rows
    }  # fmt: skip
    found: list[str] = []
    for kpi in kpis:
        for period in periods:
            days = (period.first.isoformat(), period.last.isoformat())
            right = oracle.figures(kpi, period, by)
            here = {place[2:]: row for place, row in told.items() if place[:2] == (kpi, days)}
            for group in right.keys() | here.keys():
                if (said := _difference(right.get(group), here.get(group))) is not None:
                    found.append(f"{kpi} {days[0][:7]} by {','.join(by) or 'all'} {group}: {said}")
    return found


def _difference(right: Figure | None, row: Told | None) -> str | None:
    """Null: they agree. A group without anything may be told or left out."""
    if row is None:
        return f"not told, is {right}" if right is not None and (right.numerator or right.denominator) else None
    if row["state"] == "no_source":
        return f"says no source, is {right}" if right is not None else None
    numerator = Decimal() if right is None else right.numerator
    denominator = Decimal() if right is None else right.denominator
    if Decimal(str(row["numerator"])) != numerator:
        return f"numerator {row['numerator']}, is {numerator}"
    if row["denominator"] is not None and Decimal(str(row["denominator"])) != (denominator or Decimal()):
        return f"denominator {row['denominator']}, is {denominator}"
    value = None if right is None else right.value
    if row["value"] is None or value is None:
        alike = (row["value"] is None and value is None) or (right is None and not Decimal(str(row["value"] or 0)))
        return None if alike else f"value {row['value']}, is {value}"
    return None if abs(Decimal(str(row["value"])) - value) <= NEAR else f"value {row['value']}, is {value}"
