"""From values to points to a score, and what late entries change of a commission. No I/O."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal as D

import pytest

from services.kpi.assessments.scheme import FORECAST_DEVIATION, SHIPPED, require_whole
from services.kpi.assessments.scoring import Figure, adjusted, mean_of, points_of, scored
from services.kpi.assessments.settling import Counted, Known, Rule, factor_of, settled
from services.kpi.engine.shipped import BY_ID
from services.kpi.events import (
    Aspect,
    Factor,
    PartSource,
    PointStep,
    PointTable,
    Rater,
    Rating,
    RuleLine,
    Scale,
    SchemePart,
)
from services.kpi.month import later
from shared.event_store.stream import Refused
from tests.authorisation.company import id_of

DAY = date(2026, 6, 30)


def part(code: str, weight: str, *, zero: bool = False, table: PointTable | None = None) -> SchemePart:
    return SchemePart(code, code, code, D(weight), PartSource.KPI, kpi=code, table=table, missing_counts_zero=zero)


def test_the_forecast_deviation_table_of_the_handbook() -> None:
    expected = {"0": 100, "0.2": 100, "0.21": 80, "0.5": 80, "1": 60, "1.5": 40, "2": 40, "2.01": 20}
    assert {value: points_of(FORECAST_DEVIATION, D(value)) for value in expected} == {
        value: D(points) for value, points in expected.items()
    }


def test_tables_from_a_bound_percent_and_points() -> None:
    steps = (PointStep(D("0.8"), D(60)), PointStep(D(1), D(100)))
    reached = PointTable(Scale.FROM, steps, otherwise=D(30))
    assert [points_of(reached, D(value)) for value in ("0.79", "0.8", "0.99", "1", "3")] == [30, 60, 60, 100, 100]
    percent = PointTable(Scale.PERCENT, most=D(120))
    assert [points_of(percent, D(value)) for value in ("-1", "0.505", "1", "1.5")] == [0, D("50.5"), 100, 120]
    assert points_of(PointTable(Scale.POINTS), D(101)) == 100
    assert points_of(None, D("70.005")) == D("70.01")


def test_a_part_without_a_value_leaves_its_weight_to_the_others_unless_it_counts_zero() -> None:
    figures = {"a": Figure("ok", D(80)), "b": Figure("no_source", None), "c": Figure("ok", D(50))}
    parts, score = scored([part("a", "0.5"), part("b", "0.2"), part("c", "0.3")], figures)
    assert score == D("68.75")
    assert [one.counted_weight for one in parts] == [D("0.625"), 0, D("0.375")]
    assert sum((one.weighted for one in parts), D(0)) == score
    _, strict = scored([part("a", "0.5"), part("b", "0.2", zero=True), part("c", "0.3")], figures)
    assert strict == D("55.00")
    assert scored([part("b", "1")], figures)[1] is None
    again = adjusted(parts, "b", D(100))
    assert again is not None
    assert again[1] == D("75.00")
    assert [one.adjusted for one in again[0]] == [False, True, False]
    assert adjusted(parts, "x", D(1)) is None


def test_the_last_rating_of_each_rater_counts() -> None:
    def rating(points: int, by: str, rater: Rater = Rater.PEER) -> Rating:
        return Rating(rater, Aspect.TEAMWORK, D(points), id_of(by), DAY)

    given = [rating(60, "a"), rating(90, "b"), rating(80, "a"), rating(10, "c", Rater.SUPERIOR)]
    assert mean_of(given, Rater.PEER, Aspect.TEAMWORK) == Figure("ok", D("85.00"), ratings=2)
    assert mean_of(given, Rater.CUSTOMER, Aspect.SATISFACTION).value is None


def test_the_shipped_schemes_are_whole_and_ask_for_figures_there_are() -> None:
    for scheme in SHIPPED:
        require_whole(scheme.parts)
        for one in scheme.parts:
            if one.kpi is not None:
                assert ("unit" if one.of_unit else "person") in BY_ID[one.kpi][1].dimensions, one.kpi
    with pytest.raises(Refused) as refused:
        require_whole([part("a", "0.5"), part("b", "0.4")])
    assert refused.value.code == "weights_not_one"
    with pytest.raises(Refused) as refused:
        require_whole([part("a", "0.5"), part("a", "0.5")])
    assert refused.value.code == "part_twice"


JULY = date(2026, 7, 1)
JUNE = date(2026, 6, 1)
RULE = Rule(
    date(2026, 1, 1),
    (
        RuleLine("units", "deliveries", D(800), "CNY"),
        RuleLine("share", "order_amount", D("0.01"), None),
    ),
    Factor("attainment_deliveries", (PointStep(D("0.8"), D(1)), PointStep(D(1), D("1.2"))), D("0.5")),
)


def units(month: date, value: int, reached: str | None = None) -> Known:
    figures: dict[tuple[date, str, str | None], list[Counted]] = {
        (month, "deliveries", None): [Counted(1, None, D(value))]
    }
    return Known(figures, {} if reached is None else {(month, "attainment_deliveries"): D(reached)})


def test_a_commission_is_rate_times_figure_times_factor_by_currency() -> None:
    amounts = [Counted(1, "CNY", D("300000.50")), Counted(1, "EUR", D(1000))]
    known = Known(
        {(JULY, "deliveries", None): [Counted(1, None, D(3))], (JULY, "order_amount", None): amounts},
        {(JULY, "attainment_deliveries"): D("1.01")},
    )
    lines, due = settled(JULY, (), lambda _: RULE, known, Known({}, {}))
    assert [(line.code, line.currency, line.amount) for line in lines] == [
        ("units", "CNY", D("2880.00")), ("share", "CNY", D("3600.01")), ("share", "EUR", D("12.00")),
    ]  # fmt: skip
    assert [(one.currency, one.amount) for one in due] == [("CNY", D("6480.01")), ("EUR", D("12.00"))]


def test_a_late_entry_is_paid_once_and_what_is_taken_back_is_taken_back() -> None:
    now = Known({**units(JULY, 3).figures, **units(JUNE, 2).figures}, {})
    lines, due = settled(JULY, (JUNE,), lambda _: RULE, now, units(JUNE, 1))
    assert [(line.month, line.code, line.figure_before, line.figure, line.due) for line in lines] == [
        (JULY, "units", D(0), D(3), D(2400)), (JUNE, "units", D(1), D(2), D(800)),
    ]  # fmt: skip
    assert due[0].amount == 3200
    _, back = settled(JULY, (JUNE,), lambda _: RULE, units(JUNE, 0), units(JUNE, 1))
    assert back[0].amount == -800
    _, factor = settled(JULY, (JUNE,), lambda _: RULE, units(JUNE, 2, "1"), units(JUNE, 2, "0.9"))
    assert factor[0].amount == 320, "the target was changed late"
    assert settled(JULY, (JUNE,), lambda _: None, now, now) == ((), ())
    assert factor_of(RULE.factor, D("0.1")) == D("0.5")


def test_what_a_month_is_paid_in_all_is_the_rule_on_what_the_last_close_knows() -> None:
    """Whatever is told when: the payments of a year add up to the rule applied to what was known at its last close."""
    chance = random.Random(7)
    months = [date(2026, number, 1) for number in range(1, 13)]
    known: dict[date, dict[date, int]] = {}
    figures: dict[date, int] = {}
    paid = D(0)
    for month in months:
        figures = {one: max(0, value + chance.choice((0, 0, 0, 1, -1))) for one, value in figures.items()}
        figures[month] = chance.randint(0, 6)
        known[month] = figures

        def at(close: date) -> Known:
            told = known.get(close, {})
            return Known({(one, "deliveries", None): [Counted(1, None, D(told[one]))] for one in told}, {})

        earlier = [one for one in (later(month, -back) for back in range(1, 13)) if one in figures]
        _, due = settled(month, earlier, lambda _: RULE, at(month), at(later(month, -1)))
        paid += sum((one.amount for one in due), D(0))
    assert paid == 800 * sum(known[months[-1]].values())
