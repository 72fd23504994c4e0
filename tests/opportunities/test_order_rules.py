"""Rules of an order on its way: promised days, shipment, installation, serials; late and corrected facts too."""

from __future__ import annotations

import pytest

from services.opportunities.opportunity.movements import promised
from services.opportunities.opportunity.opportunity import Opportunity
from shared.testing.scenario import given
from tests.opportunities.steps import (
    CAPTURED,
    HOT,
    LINES,
    Step,
    amend,
    cancel,
    captured,
    correct,
    day,
    deliver,
    install,
    reopen,
    reschedule,
    ship,
    tell_customer,
    void,
    win,
)

TWO = captured(lines=[*LINES, {"product": "Q5", "units": 2, "unit_price": "400000"}])
WON = win(5, promised_on=day(30), promises=[{"line": 2, "promised_on": day(35)}])
A, B = "LFV2A24F9K3000001", "LFV2A24F9K3000002"


def promises(stream: Opportunity) -> list[int]:
    """The days of March 2025 on which lines 1 and 2 are promised."""
    days = [promised(stream.standing, line) for line in (1, 2)]
    return [(found - day(1)).days + 1 for found in days if found is not None]


@pytest.mark.parametrize(
    ("steps", "days"),
    [
        ((), [30, 35]),
        ((reschedule(6, 40),), [40, 40]),
        ((reschedule(6, 40, line=1),), [40, 35]),
        ((reschedule(8, 50, line=2), reschedule(6, 40)), [40, 50]),  # told late: the later day counts
        ((reschedule(6, 40), reschedule(8, 38, line=1)), [38, 40]),
        ((reschedule(6, 40), amend(7, order_ref="HT-1")), [40, 40]),
        ((reschedule(6, 40, line=1), amend(7, promised_on=day(45))), [45, 45]),
        ((reschedule(6, 40), void(3)), [30, 35]),
        ((reschedule(6, 40), correct(3, {"promised_on": day(44).isoformat()})), [44, 44]),
        ((correct(2, {"promised_on": day(31).isoformat()}),), [31, 35]),
    ],
)
def test_what_is_promised_follows_the_days_on_which_it_was_said(steps: tuple[Step, ...], days: list[int]) -> None:
    assert promises(given(TWO, WON, *steps).stream) == days


@pytest.mark.parametrize(
    ("steps", "refused"),
    [
        ((WON, reschedule(10, 9)), "promise_in_the_past"),
        ((WON, reschedule(10, 40, line=3)), "no_such_line"),
        ((WON, deliver(6, 10), deliver(6, 2, line=2), reschedule(10, 40)), "nothing_to_come"),
        ((WON, cancel(6, 2, line=2), tell_customer(10, line=2)), "nothing_to_come"),
        ((WON, reschedule(10, 40, told_on=day(11))), "in_the_future"),
        ((HOT, reschedule(10, 40)), "not_ordered"),
        ((HOT, ship(10, 1)), "not_ordered"),
        ((win(5, promises=[{"line": 7, "promised_on": day(9)}]),), "no_such_line"),
        ((win(5, promises=[{"line": 1, "promised_on": day(9)}] * 2),), "duplicate_line"),
        ((WON, ship(6, 11)), "more_than_to_ship"),
        ((WON, ship(6, 8), cancel(7, 1), ship(8, 2)), "more_than_to_ship"),
        ((WON, ship(6, 1, line=9)), "no_such_line"),
        ((WON, install(6, 1)), "more_than_delivered"),
        ((WON, deliver(6, 2), install(7, 1), install(8, 2)), "more_than_delivered"),
        ((WON, deliver(6, 1, A, B)), "more_serials_than_units"),
        ((WON, deliver(6, 2, A, A)), "duplicate_serial"),
        ((WON, deliver(6, None, A), deliver(7, None, A)), "serial_delivered"),
        ((WON, deliver(6, None, A), deliver(7, None, A, line=2)), "serial_delivered"),
        ((WON, deliver(6, None, A), cancel(7, None, A)), "serial_delivered"),
        ((WON, cancel(6, None, A), deliver(7, None, A)), "serial_cancelled"),
        ((WON, cancel(6, None, A), ship(7, None, A)), "serial_cancelled"),
        ((WON, ship(6, None, A), ship(7, None, A)), "serial_shipped"),
        ((WON, deliver(6, 2, A), install(7, None, B)), "serial_not_delivered"),
        ((WON, deliver(6, 2, A, B), install(7, None, A), install(8, None, A)), "serial_installed"),
        ((WON, ship(6, 8), amend(7, lines=[{**LINES[0], "units": 7}, {"product": "Q5", "units": 2}])),
         "units_already_moved"),
        ((WON, cancel(6), reopen(7), win(8, lines=[{**LINES[0], "line": 3}]),
          amend(9, lines=[{**LINES[0], "line": 1}])), "line_number_used"),
        ((WON, cancel(6), correct(3, {"cancelled": [{"line": 1, "units": 4, "on": "2025-03-06", "reason": "错"}]})),
         "impossible_order"),  # not whole any more
        # told late, or taken back: what came after must still have been possible
        ((WON, ship(8, 10), cancel(6, 1)), "impossible_order"),
        ((WON, deliver(6, None, A), install(8, None, A), void(3)), "impossible_order"),
        ((WON, deliver(8, None, A), cancel(6, None, A)), "impossible_order"),
        ((WON, deliver(6, None, A), deliver(7, None, B),
          correct(4, {"delivered": [{"line": 1, "units": 1, "on": "2025-03-07", "serials": [A]}]})),
         "impossible_order"),
    ],
)  # fmt: skip
def test_what_cannot_have_happened_is_refused(steps: tuple[Step, ...], refused: str) -> None:
    *before, last = steps
    given(TWO, *before).when(last).then_refused(refused)


def test_a_reschedule_to_the_same_day_says_nothing_unless_the_customer_was_told() -> None:
    scenario = given(TWO, WON, reschedule(6, 40))
    scenario.when(reschedule(7, 40)).then_nothing()
    assert scenario.when(reschedule(7, 40, customer_told=True)).facts


def test_serials_are_capitals_and_count_as_units() -> None:
    stream = given(TWO, WON, deliver(6, None, A.lower(), B)).stream
    assert [(move.units, move.serials) for move in stream.standing["delivered"]] == [(2, (A, B))]


def test_a_cancelled_vehicle_may_be_delivered_on_the_order_that_follows() -> None:
    steps = (WON, cancel(6, None, A), cancel(7), reopen(8), win(9), deliver(10, None, A, line=3))
    assert given(TWO, *steps).stream.standing["delivered"][0].line == 3


def test_what_is_shipped_is_offered_until_nothing_is_left() -> None:
    assert {"ship", "deliver"} <= set(given(CAPTURED, WON_ONE).stream.allowed_actions([]))
    everything = given(CAPTURED, WON_ONE, ship(6, 10), deliver(7, 10))
    assert {"ship", "deliver", "reschedule", "tell-customer"}.isdisjoint(everything.stream.allowed_actions([]))
    assert "install" in everything.stream.allowed_actions([])
    assert "install" not in given(CAPTURED, WON_ONE, deliver(7, 10), install(8, 10)).stream.allowed_actions([])


WON_ONE = win(5)
