"""Definitions say what they count and by which date; one that mixes without saying so cannot be made. No I/O."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.kpi.engine.computing import computed, points
from services.kpi.engine.definition import Definition, Mixed, plus
from services.kpi.engine.period import Grain, months_in, period_of, periods_between, previous, year_before
from services.kpi.engine.shipped import BY_ID, DEFINITIONS
from services.kpi.engine.sources.steps import CANCELLED_UNITS, CAPTURED, DEFEATS_REOPENED, ORDERED_UNITS, WON

SAID: dict[str, Any] = {
    "id": "x", "zh": "某率", "en": "X", "what_zh": "甲 ÷ 乙", "what_en": "a / b", "unit": "units", "date": "order",
    "numerator": plus(ORDERED_UNITS),
}  # fmt: skip


def made(**said: Any) -> Definition:
    return Definition(**{**SAID, **said})


@pytest.mark.parametrize(
    "said",
    [
        {"numerator": plus(ORDERED_UNITS, WON)},  # units and prospects added up
        {"unit": "prospects"},
        {"denominator": plus(CAPTURED), "kind": "ratio", "other_dates": ("capture",)},  # prospects under units
        {"numerator": plus(ORDERED_UNITS, CANCELLED_UNITS)},  # by the date of order and of cancellation
        {"date": "hand_over"},
        {"denominator": plus(ORDERED_UNITS)},  # a sum has none
        {"kind": "ratio"},
        {"kind": "cost", "denominator": plus(ORDERED_UNITS)},
        {"numerator": ()},
        {"unit": "deals", "date": "approval", "numerator": plus(DEFEATS_REOPENED)},  # within how many days?
    ],
    ids=str,
)
def test_a_definition_that_mixes_without_saying_so_cannot_be_made(said: dict[str, Any]) -> None:
    made()
    with pytest.raises(Mixed):
        made(**said)


def test_what_is_said_may_be_mixed() -> None:
    made(denominator=plus(CAPTURED), kind="ratio", per="prospects", other_dates=("capture",))
    made(numerator=plus(ORDERED_UNITS, CANCELLED_UNITS), other_dates=("cancellation",))


def test_at_least_twenty_four_ship_and_each_says_itself_in_both_languages() -> None:
    assert len(BY_ID) >= 24
    for one in DEFINITIONS:
        assert all((one.zh, one.en, one.what_zh, one.what_en, one.source)), one.id
        assert set(one.defaults) >= {name for term in one.terms for name in term.measure.parameters}


def test_versions_of_a_kpi_count_from_one() -> None:
    for versions in BY_ID.values():
        assert list(versions) == list(range(1, len(versions) + 1))


def test_a_zero_denominator_is_no_figure() -> None:
    ratio = made(denominator=plus(ORDERED_UNITS), kind="ratio")
    assert computed(ratio, 3, 4, 0) == Decimal("0.75")
    assert computed(ratio, 3, 0, 0) is None
    assert computed(made(kind="growth"), 3, 4, 0) == Decimal("-0.25")
    assert computed(made(kind="growth"), 3, 0, 0) is None
    assert computed(made(), 0, 0, 0) == 0


def test_a_forecast_has_points_by_its_deviation() -> None:
    bounds = [points(forecast, 10) for forecast in (10, 12, 13, 15, 16, 20, 21, 30, 31)]
    assert bounds == [100, 100, 80, 80, 60, 60, 40, 40, 20]
    assert (points(0, 0), points(1, 0), points(0, 10)) == (100, 20, 60)


@pytest.mark.parametrize(
    ("day", "grain", "key", "first", "last", "before", "year"),
    [
        ("2024-02-29", "day", "2024-02-29", "2024-02-29", "2024-02-29", "2024-02-28", "2023-02-28"),
        ("2026-01-01", "week", "2026-W01", "2025-12-29", "2026-01-04", "2025-W52", "2025-W01"),
        ("2026-02-10", "month", "2026-02", "2026-02-01", "2026-02-28", "2026-01", "2025-02"),
        ("2026-02-10", "quarter", "2026-Q1", "2026-01-01", "2026-03-31", "2025-Q4", "2025-Q1"),
        ("2026-02-10", "year", "2026", "2026-01-01", "2026-12-31", "2025", "2025"),
        ("2026-02-10", "rolling_12", "2026-02", "2025-03-01", "2026-02-28", "2025-02", "2025-02"),
    ],
)
def test_periods_have_their_days_and_the_ones_before(
    day: str, grain: Grain, key: str, first: str, last: str, before: str, year: str
) -> None:
    one = period_of(date.fromisoformat(day), grain)
    assert (one.key, str(one.first), str(one.last)) == (key, first, last)
    assert (previous(one).key, year_before(one).key) == (before, year)


class SalesMonths:
    """Months that end on the 25th."""

    def month_bounds(self, month: date) -> tuple[date, date]:
        before = date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 26)
        return before, month.replace(day=25)

    def month_of(self, day: date) -> date:
        month = day.replace(day=1)
        return month if day.day <= 25 else date(day.year + (day.month == 12), day.month % 12 + 1, 1)


def test_months_quarters_and_years_are_those_the_tenant_published() -> None:
    told = SalesMonths()
    found = periods_between(date(2025, 12, 26), date(2026, 2, 1), "month", told, most=9)
    assert [(one.key, str(one.first), str(one.last)) for one in found] == [
        ("2026-01", "2025-12-26", "2026-01-25"), ("2026-02", "2026-01-26", "2026-02-25"),
    ]  # fmt: skip
    year = period_of(date(2025, 12, 26), "year", told)
    assert (year.key, str(year.first), str(year.last)) == ("2026", "2025-12-26", "2026-12-25")
    assert len(months_in(year, told)) == 12
    assert months_in(period_of(date(2026, 1, 7), "week"), told) == []
