"""Asks a running installation for its figures, and says where they are not what the oracle says. Computes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from tests.journeys.year.log import Period
from tests.journeys.year.oracle import Figure, Key, Oracle

VALUES = "/v1/kpi/values"
NEAR, NEAR_CENTS = Decimal("0.000051"), Decimal("0.0051")
"""Values are told rounded: ratios to six places, what something costs to the cent."""
NOTHING_IS_RIGHT = Decimal(100)
"""Points for a forecast of nothing of which nothing came."""
Told = Mapping[str, Any]


def key_of(row: Told, by: Sequence[str]) -> Key:
    return tuple(row[dimension] for dimension in by)


def period_of(row: Told) -> tuple[str, str]:
    return row["from"], row["to"]


def differences(
    rows: Iterable[Told],
    oracle: Oracle,
    kpis: Iterable[str],
    periods: Sequence[Period],
    by: Sequence[str] = (),
    *,
    parts: bool = True,
) -> list[str]:
    """Every figure that is told otherwise than the oracle says, or not told, or told of nothing.

    `parts` false: what is above and below the line is of something else; the value alone is compared.
    """
    told = {(row["kpi"], period_of(row), key_of(row, by), row["currency"]): row for row in rows}
    found: list[str] = []
    for kpi in kpis:
        for period in periods:
            days = (period.first.isoformat(), period.last.isoformat())
            right = oracle.figures(kpi, period, by)
            here = {place[2:]: row for place, row in told.items() if place[:2] == (kpi, days)}
            for group in right.keys() | here.keys():
                near = NEAR_CENTS if "cost" in kpi else NEAR
                if (said := _difference(right.get(group), here.get(group), near, parts)) is not None:
                    found.append(f"{kpi} {days[0][:7]} by {','.join(by) or 'all'} {group}: {said}")
    return found


def _difference(right: Figure | None, row: Told | None, near: Decimal, parts: bool) -> str | None:
    """Null: they agree. A group without anything may be told or left out."""
    if row is None:
        return f"not told, is {right}" if right is not None and (right.numerator or right.denominator) else None
    if row["state"] == "no_source":
        return f"says no source, is {right}" if right is not None else None
    numerator = Decimal() if right is None else right.numerator
    denominator = Decimal() if right is None else right.denominator
    if parts and Decimal(str(row["numerator"])) != numerator:
        return f"numerator {row['numerator']}, is {numerator}"
    if parts and row["denominator"] is not None and Decimal(str(row["denominator"])) != (denominator or Decimal()):
        return f"denominator {row['denominator']}, is {denominator}"
    value = right.value if right is not None else NOTHING_IS_RIGHT if row["kpi"] == "forecast_deviation" else None
    if row["value"] is None or value is None:
        alike = (row["value"] is None and value is None) or (right is None and not Decimal(str(row["value"] or 0)))
        return None if alike else f"value {row['value']}, is {value}"
    return None if abs(Decimal(str(row["value"])) - value) <= near else f"value {row['value']}, is {value}"


def as_official(row: Told) -> Told:
    """The same row with its official value for its value."""
    return {**row, "value": row["official"]}


def difference_told(row: Told) -> bool:
    """Whether restated, official and their difference go together; nothing is said of what was not official."""
    if row["official"] is None or row["restated"] is None:
        return row["difference"] is None
    off = Decimal(row["restated"]) - Decimal(row["official"]) - Decimal(row["difference"])
    return bool(row["restated"] == row["value"] and abs(off) <= NEAR_CENTS)


def closed(events: Iterable[Mapping[str, Any]]) -> Mapping[date, int]:
    """The position at which each month was closed."""
    return {
        date.fromisoformat(event["data"]["month"]): event["data"]["position"]
        for event in events
        if event["type"] == "MonthClosed"
    }
