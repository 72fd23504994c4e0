"""The rules of one opportunity, as a salesperson would state them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.opportunities.events import (
    ContactLost,
    DealLost,
    DealReopened,
    DealWon,
    DefeatRejected,
    DefeatRequested,
    FreezeRejected,
    FreezeRequested,
    InstructionCompleted,
    InstructionGiven,
    Line,
    OpportunityTransferred,
    OrderAmended,
    ProspectCaptured,
    ProspectDisposed,
    ProspectFrozen,
    ProspectQualified,
    ProspectResumed,
    Review,
    Status,
    UnitsCancelled,
    UnitsDelivered,
)
from services.opportunities.opportunity.movements import units_left
from services.opportunities.opportunity.opportunity import ACTIONS, FOR_APPROVERS, RESTRICTED
from shared.event_store.stream import FactCorrected, FactVoided, Refused
from shared.testing.scenario import Then, given, when_opened
from tests.opportunities.steps import (
    CAPTURED,
    DEFEAT_REQUESTED,
    DEFEATED,
    EAST,
    FROZEN,
    HEAD,
    HOT,
    LOST_CONTACT,
    OTHER_REP,
    REP,
    WEST,
    WON,
    Step,
    amend,
    approve_defeat,
    approve_freeze,
    cancel,
    captured,
    complete_instruction,
    correct,
    day,
    deliver,
    dispose,
    freeze,
    freeze_instead,
    give_to,
    install,
    instruct,
    lose_contact,
    qualify,
    refer,
    reject_defeat,
    reject_freeze,
    reopen,
    request_defeat,
    reschedule,
    resume,
    ship,
    tell_customer,
    transfer,
    verify_defeat,
    void,
    win,
)

# -- capture -----------------------------------------------------------------------------------------------


def test_a_record_is_valid_with_unit_person_number_and_intention() -> None:
    full = when_opened(captured(contact={"name": "王主任", "phone": "13800000000"}))
    assert isinstance(full, Then)
    full.then(ProspectCaptured, valid=True, missing=())
    bare = when_opened(captured(account_id=None, title=None, lines=[]))
    assert isinstance(bare, Then)
    bare.then(ProspectCaptured, valid=False, missing=("unit_name", "person", "reachable", "intention"))


def test_a_key_person_counts_as_reachable_only_if_a_number_is_known() -> None:
    opened = when_opened(captured(key_person_id=REP))
    assert isinstance(opened, Then)
    opened.then(ProspectCaptured, valid=False, missing=("reachable",))


def test_a_captured_prospect_is_open_and_not_judged() -> None:
    given(CAPTURED).when(lambda o: None).standing(level=None, status=Status.OPEN, review=None, owner_id=REP)


def test_an_intended_duplicate_needs_a_reason() -> None:
    refused = when_opened(captured(duplicate="intended"))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.status) == ("duplicate_reason_missing", 422)


def test_a_stated_total_must_agree_with_the_prices_of_the_lines() -> None:
    refused = when_opened(captured(amount="1"))
    assert isinstance(refused, Refused)
    assert refused.code == "amount_differs"
    same = when_opened(captured(amount="3000000"))
    assert isinstance(same, Then)
    same.then(ProspectCaptured, amount=None)


def test_line_numbers_are_given_and_never_twice() -> None:
    two = [{"product": "A6L", "units": 1}, {"product": "Q5", "units": 2}]
    opened = when_opened(captured(lines=two))
    assert isinstance(opened, Then)
    opened.then(ProspectCaptured, lines=(Line(1, "A6L", 1), Line(2, "Q5", 2)))
    twice = when_opened(captured(lines=[{**line, "line": 3} for line in two]))
    assert isinstance(twice, Refused)
    assert (twice.code, twice.pointer) == ("duplicate_line", "/lines/1/line")


# -- judgement ---------------------------------------------------------------------------------------------


def test_a_judgement_says_the_level_before_and_after() -> None:
    given(CAPTURED, HOT).when(qualify(3, "A", expected_on="2025-03-15")).then(
        ProspectQualified, level_before="H", level="A", judged_by=REP
    ).standing(level="A", expected_on=day(15))


def test_what_a_judgement_does_not_mention_stays_but_the_expected_day_does_not() -> None:
    detailed = qualify(2, "H", expected_on="2025-03-10", obstacle="财务未批", evidence={"budget": True})
    given(CAPTURED, detailed).when(qualify(3, "B")).standing(obstacle="财务未批", expected_on=None, level="B")


def test_new_lines_replace_a_stated_total() -> None:
    by_total = captured(lines=[], amount="500")
    given(by_total).when(qualify(2, "B", lines=[{"product": "Q5", "units": 1, "unit_price": "7"}])).standing(
        amount=None, lines=(Line(1, "Q5", 1, Decimal(7)),)
    )


def test_an_unknown_level_is_refused() -> None:
    given(CAPTURED).when(qualify(2, "S")).then_refused("unknown_level", "/level")


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ((WON,), "already_ordered"),
        ((DEFEATED,), "already_defeated"),
        ((FROZEN,), "frozen"),
        ((LOST_CONTACT,), "contact_lost"),
        ((WON, cancel(6)), "order_cancelled"),
        ((dispose(5),), "disposed"),
    ],
)
def test_a_closed_prospect_is_not_judged(steps: tuple[Step, ...], code: str) -> None:
    given(CAPTURED, HOT, *steps).when(qualify(9)).then_refused(code)


def test_a_prospect_under_review_can_be_judged() -> None:
    given(CAPTURED, HOT, DEFEAT_REQUESTED).when(qualify(6, "A")).then(ProspectQualified).standing(review=Review.DEFEAT)


# -- defeat ------------------------------------------------------------------------------------------------


def test_a_requested_defeat_stays_in_stock_at_its_level() -> None:
    given(CAPTURED, HOT).when(request_defeat(5, competitor_brand="BMW")).then(
        DefeatRequested, level_before="H", category="other_brand", requested_on=day(5)
    ).standing(status=Status.OPEN, level="H", review=Review.DEFEAT, competitor_brand="BMW")


def test_a_defeat_counts_when_it_is_approved() -> None:
    given(CAPTURED, HOT, DEFEAT_REQUESTED).when(approve_defeat(8)).then(
        DealLost, level_before="H", reviewed_by=HEAD, requested_by=REP, reason="other_brand.price"
    ).standing(status=Status.DEFEATED, review=None, level="H")


def test_the_reviewer_may_state_another_reason() -> None:
    given(CAPTURED, HOT, DEFEAT_REQUESTED).when(approve_defeat(8, reason="own.slow_follow_up")).then(
        DealLost, reason="own.slow_follow_up", category="own"
    )


def test_a_false_defeat_is_never_approved() -> None:
    given(CAPTURED, request_defeat(5, kind="false")).when(approve_defeat(8)).then_refused("false_defeat")
    given(CAPTURED, DEFEAT_REQUESTED).when(approve_defeat(8, kind="false")).then_refused("false_defeat")
    given(CAPTURED).when(request_defeat(5, kind="false", automatic=True)).then_facts(DefeatRequested)


def test_a_rejected_defeat_goes_on_at_the_level_before() -> None:
    given(CAPTURED, HOT, DEFEAT_REQUESTED).when(reject_defeat(6)).then(DefeatRejected, reviewed_by=HEAD).standing(
        status=Status.OPEN, level="H", review=None, defeat_reason=None, defeat_kind=None
    )


def test_automatic_approval_closes_at_once() -> None:
    given(CAPTURED, HOT).when(DEFEATED).then_facts(DefeatRequested, DealLost).standing(
        status=Status.DEFEATED, reviewed_by=None
    )


def test_nothing_is_approved_that_nobody_asked_for() -> None:
    given(CAPTURED, HOT).when(approve_defeat(6)).then_refused("no_defeat_requested")
    given(CAPTURED, HOT, freeze(3)).when(reject_defeat(6)).then_refused("no_defeat_requested")


def test_a_reason_outside_the_catalogue_is_refused() -> None:
    given(CAPTURED).when(request_defeat(5, "own.hair_colour")).then_refused("unknown_reason", "/reason")
    given(CAPTURED).when(request_defeat(5, other_reasons=["price"])).then_refused("unknown_reason", "/other_reasons/0")


def test_the_main_reason_is_not_repeated_among_the_others() -> None:
    given(CAPTURED).when(request_defeat(5, other_reasons=["other_brand.price", "own.attitude", "own.attitude"])).then(
        DefeatRequested, other_reasons=("own.attitude",)
    )


def test_a_second_request_waits_for_the_first() -> None:
    given(CAPTURED, DEFEAT_REQUESTED).when(request_defeat(6, "own.attitude")).then_refused("under_review")
    given(CAPTURED, DEFEAT_REQUESTED).when(freeze(6)).then_refused("under_review")


def test_a_won_deal_cannot_be_lost() -> None:
    given(CAPTURED, HOT, WON).when(request_defeat(8)).then_refused("already_ordered")


def test_lost_contact_or_a_freeze_may_end_as_a_defeat() -> None:
    given(CAPTURED, LOST_CONTACT, request_defeat(9)).when(approve_defeat(9)).standing(status=Status.DEFEATED)
    given(CAPTURED, FROZEN, request_defeat(9)).when(reject_defeat(9)).standing(status=Status.FROZEN)


def test_a_defeat_comes_to_life_again() -> None:
    given(CAPTURED, HOT, DEFEATED).when(reopen(20)).then(DealReopened, from_status=Status.DEFEATED).standing(
        status=Status.OPEN, level="H", defeat_reason=None
    )


# -- freeze, contact lost, disposal ------------------------------------------------------------------------


def test_a_freeze_waits_for_approval_and_names_a_recall_date() -> None:
    given(CAPTURED).when(freeze(3)).then(FreezeRequested, recall_on=day(60)).standing(
        status=Status.OPEN, review=Review.FREEZE
    )
    given(CAPTURED, freeze(3)).when(approve_freeze(4)).then(
        ProspectFrozen, requested_by=REP, reviewed_by=HEAD, recall_on=day(60)
    ).standing(status=Status.FROZEN)
    given(CAPTURED, freeze(3)).when(reject_freeze(4)).then(FreezeRejected).standing(
        status=Status.OPEN, review=None, recall_on=None
    )
    given(CAPTURED).when(freeze(3, recall=3)).then_refused("recall_in_the_past", "/recall_on")


def test_frozen_and_lost_prospects_are_resumed_at_their_level() -> None:
    given(CAPTURED, HOT, FROZEN).when(resume(9)).then(ProspectResumed, from_status=Status.FROZEN).standing(
        status=Status.OPEN, level="H", freeze_reason=None, recall_on=None
    )
    given(CAPTURED, HOT).when(lose_contact(5)).then(ContactLost, level_before="H")
    given(CAPTURED, HOT, LOST_CONTACT).when(resume(9)).standing(status=Status.OPEN, contact_lost_reason=None)
    given(CAPTURED, HOT, WON).when(resume(9)).then_refused("already_ordered")


def test_a_record_without_intention_is_disposed_of_and_may_return() -> None:
    given(CAPTURED).when(dispose(3)).then(ProspectDisposed).standing(status=Status.DISPOSED)
    given(CAPTURED, dispose(3)).when(reopen(4)).standing(status=Status.OPEN, disposal=None)


# -- order -------------------------------------------------------------------------------------------------


def test_an_order_takes_the_lines_of_the_prospect_unless_told_otherwise() -> None:
    given(CAPTURED, HOT).when(win(5)).then(DealWon, level_before="H", lines=(Line(1, "A6L", 10, Decimal(300000)),))
    given(CAPTURED).when(win(5, lines=[{"product": "Q5", "units": 2}])).then(DealWon, lines=(Line(1, "Q5", 2),))


def test_an_order_has_lines() -> None:
    given(captured(lines=[])).when(win(5)).then_refused("no_lines", "/lines")


def test_an_order_withdraws_a_pending_request() -> None:
    given(CAPTURED, DEFEAT_REQUESTED).when(win(6)).then(DealWon, withdrawn=Review.DEFEAT).standing(
        review=None, defeat_reason=None
    )


def test_it_stays_ordered_until_every_unit_is_delivered_or_cancelled() -> None:
    scenario = given(CAPTURED, WON, deliver(6, 4))
    scenario.when(cancel(7, 1)).then(UnitsCancelled, whole=False).standing(status=Status.ORDERED)
    assert units_left(scenario.stream.standing) == {1: 5}
    scenario.when(deliver(8, 5)).then(UnitsDelivered).standing(status=Status.ORDERED)
    assert units_left(scenario.stream.standing) == {1: 0}


def test_no_more_is_delivered_or_cancelled_than_was_ordered() -> None:
    given(CAPTURED, WON, deliver(6, 4)).when(deliver(7, 7)).then_refused("more_than_ordered")
    given(CAPTURED, WON, deliver(6, 4)).when(cancel(7, 7)).then_refused("more_than_ordered")
    given(CAPTURED, WON).when(deliver(7, 1, line=2)).then_refused("no_such_line")
    given(CAPTURED).when(deliver(7, 1)).then_refused("not_ordered")


def test_a_cancelled_order_can_be_reopened_won_again_and_delivered() -> None:
    again = given(CAPTURED, WON, cancel(6))
    again.when(reopen(7)).then(DealReopened, lines=(Line(2, "A6L", 10, Decimal(300000)),))
    again.when(win(8)).then(DealWon)
    assert units_left(again.stream.standing) == {2: 10}
    again.when(deliver(9, 10, line=2)).then(UnitsDelivered)


def test_a_cancelled_order_may_end_as_a_defeat() -> None:
    given(CAPTURED, WON, cancel(6), request_defeat(7)).when(approve_defeat(8)).then(
        DealLost, status_before=Status.CANCELLED
    ).standing(status=Status.DEFEATED)


def test_an_amendment_keeps_what_was_delivered() -> None:
    fewer = [{"line": 1, "product": "A6L", "units": 8, "unit_price": "300000"}]
    given(CAPTURED, WON, deliver(6, 8)).when(amend(7, lines=fewer)).then(OrderAmended)
    given(CAPTURED, WON, deliver(6, 9)).when(amend(7, lines=fewer)).then_refused("units_already_moved")
    other = [{"line": 1, "product": "Q5", "units": 10}]
    given(CAPTURED, WON, deliver(6, 1)).when(amend(7, lines=other)).then_refused("units_already_moved")
    given(CAPTURED).when(amend(7, promised_on="2025-05-01")).then_refused("not_ordered")


def test_an_amendment_leaves_what_it_does_not_mention() -> None:
    given(CAPTURED, win(5, order_ref="HT-1")).when(amend(7, promised_on="2025-05-01")).then(
        OrderAmended, order_ref="HT-1", promised_on=date(2025, 5, 1)
    )


# -- hand-over, instructions -------------------------------------------------------------------------------


def test_a_transfer_moves_an_opportunity_as_it_is() -> None:
    given(CAPTURED, HOT, DEFEAT_REQUESTED).when(transfer(6)).then(
        OpportunityTransferred, owner_before=REP, unit_before=EAST
    ).standing(owner_id=OTHER_REP, unit_id=WEST, level="H", review=Review.DEFEAT)


def test_the_latest_open_instruction_counts() -> None:
    scenario = given(CAPTURED, instruct(3))
    scenario.when(instruct(4, "带技术支持同去")).then(InstructionGiven)
    assert scenario.stream.standing["instruction"].text == "带技术支持同去"
    scenario.when(complete_instruction(5)).then(InstructionCompleted).standing(instruction=None)


# -- late facts --------------------------------------------------------------------------------------------


def test_a_late_judgement_never_overwrites_a_newer_one() -> None:
    given(CAPTURED, qualify(9, "A", expected_on="2025-03-20")).when(qualify(4, "C")).then(
        ProspectQualified, level_before=None
    ).standing(level="A")


def test_a_late_judgement_after_a_transfer_leaves_the_owner() -> None:
    given(CAPTURED, transfer(6)).when(qualify(4, "B")).standing(owner_id=OTHER_REP, level="B")


def test_a_judgement_may_be_told_after_the_order() -> None:
    given(CAPTURED, win(9)).when(qualify(4, "H")).then(ProspectQualified).standing(status=Status.ORDERED, level="H")


def test_nothing_happens_before_the_record() -> None:
    given(captured(5)).when(qualify(4)).then_refused("before_captured", "/on")
    given(captured(5)).when(win(4)).then_refused("before_captured", "/on")  # not: an order without lines


def test_nothing_is_told_that_makes_the_rest_impossible() -> None:
    given(CAPTURED, win(9)).when(request_defeat(5, automatic=True)).then_refused("impossible_order", "/on")
    given(CAPTURED, win(9)).when(deliver(5, 1)).then_refused("not_ordered")
    given(CAPTURED, win(5), deliver(9, 10)).when(cancel(7, 1)).then_refused("impossible_order")


def test_late_deliveries_add_up_in_any_order() -> None:
    scenario = given(CAPTURED, WON, deliver(9, 4))
    scenario.when(deliver(7, 6)).then(UnitsDelivered)
    assert units_left(scenario.stream.standing) == {1: 0}


# -- corrections -------------------------------------------------------------------------------------------


def test_a_corrected_price_stands_in_place_of_the_old_one() -> None:
    lines = [{"line": 1, "product": "A6L", "units": 10, "unit_price": "290000"}]
    given(CAPTURED, WON).when(correct(2, {"lines": lines})).then(FactCorrected).standing(
        lines=(Line(1, "A6L", 10, Decimal(290000)),)
    )


def test_a_correction_may_move_a_fact_in_time_unless_the_rest_becomes_impossible() -> None:
    given(CAPTURED, WON, deliver(9, 1)).when(correct(3, to=7)).then(FactCorrected)
    given(CAPTURED, WON, deliver(9, 1)).when(correct(2, to=12)).then_refused("impossible_order", "/on")
    given(CAPTURED, HOT).when(correct(1, to=3)).then_refused("impossible_order")


def test_a_correction_of_units_is_held_against_the_deliveries() -> None:
    fewer = [{"line": 1, "product": "A6L", "units": 3}]
    given(CAPTURED, WON, deliver(9, 4)).when(correct(2, {"lines": fewer})).then_refused("impossible_order")
    more = [{"line": 1, "units": 11, "on": "2025-03-09"}]
    given(CAPTURED, WON, deliver(9, 4)).when(correct(3, {"delivered": more})).then_refused("impossible_order")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": "open"}, "not_correctable"),
        ({"owner_id": str(OTHER_REP)}, "not_set_by_fact"),
        ({"level": "Z"}, "unknown_level"),
        ({"expected_on": "soon"}, "invalid_value"),
        ({"lines": [{"line": 1, "product": "A6L", "units": 0}]}, "invalid_value"),
        ({"lines": [{"line": 1, "product": "A6L", "units": 1}] * 2}, "duplicate_line"),
        ({"lines": [{"line": 1, "product": "A6L", "units": 1, "unit_price": "-1"}]}, "invalid_value"),
        ({"lines": [{"line": 1, "product": "A6L", "units": 2_000_000}]}, "invalid_value"),
        ({"probability": "1.5"}, "invalid_value"),
        ({"probability": "NaN"}, "invalid_value"),
        ({"probability": "1e-99"}, "invalid_value"),
        ({}, "nothing_to_correct"),
    ],
)
def test_a_correction_cannot_say_what_could_not_be_recorded(changes: dict[str, object], code: str) -> None:
    judged = qualify(2, "H", probability="0.5", lines=[{"product": "A6L", "units": 1}])
    given(CAPTURED, judged).when(correct(2, changes)).then_refused(code)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"expected_on": "soon"}, "/changes/expected_on"),
        ({"lines": [{"product": "A6L", "units": 1}, {"product": "Q5L", "units": "two"}]}, "/changes/lines/1/units"),
        ({"lines": [{"units": 1}]}, "/changes/lines/0"),
        ({"lines": "A6L"}, "/changes/lines"),
    ],
)
def test_a_value_that_cannot_be_is_pointed_at(changes: dict[str, object], pointer: str) -> None:
    judged = qualify(2, "H", lines=[{"product": "A6L", "units": 1}])
    given(CAPTURED, judged).when(correct(2, changes)).then_refused("invalid_value", pointer)


def test_corrected_lines_need_no_numbers() -> None:
    judged = qualify(2, "H", lines=[{"line": 3, "product": "A6L", "units": 1, "unit_price": "18333"}])
    lines = [{"product": "Q5L", "units": 2}, {"product": "A6L", "units": 1, "unit_price": "183330"}]
    given(CAPTURED, judged).when(correct(2, {"lines": lines})).standing(
        lines=(Line(1, "Q5L", 2), Line(3, "A6L", 1, Decimal(183330)))
    )


def test_a_corrected_reason_brings_its_category_along() -> None:
    given(CAPTURED, DEFEATED).when(correct(3, {"defeat_reason": "own.attitude"})).standing(
        defeat_reason="own.attitude", defeat_category="own"
    )
    given(CAPTURED, DEFEATED).when(correct(3, {"defeat_reason": "own.hair"})).then_refused(
        "unknown_reason", "/changes/defeat_reason"
    )


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity", "1e30", "1e-30"])
def test_an_amount_is_of_a_size_that_can_be_added(amount: str) -> None:
    by_total = captured(lines=[], amount="500")
    given(by_total).when(correct(1, {"amount": amount})).then_refused("invalid_value", "/changes/amount")


def test_a_voided_fact_never_happened() -> None:
    given(CAPTURED, HOT, qualify(3, "A")).when(void(3)).then(FactVoided).standing(level="H")
    given(CAPTURED, DEFEAT_REQUESTED, approve_defeat(6)).when(void(3)).standing(
        status=Status.OPEN, review=Review.DEFEAT
    )


def test_the_record_itself_and_what_others_stand_on_are_not_voided() -> None:
    given(CAPTURED).when(void(1)).then_refused("first_fact")
    given(CAPTURED, WON, deliver(6, 1)).when(void(2)).then_refused("impossible_order", "/version")
    given(CAPTURED).when(void(9)).then_refused("no_such_fact")


def test_a_voided_correction_gives_back_what_was_said_first() -> None:
    given(CAPTURED, HOT, correct(2, {"level": "A"})).when(void(3)).then(FactVoided).standing(level="H")


# -- laws --------------------------------------------------------------------------------------------------

REPEATABLE: dict[str, tuple[tuple[Step, ...], Step]] = {
    "qualify": ((), qualify(3, "B", evidence={"budget": True}, amount="3000000")),
    "win": ((HOT,), win(5, order_ref="HT-1")),
    "amend": ((WON,), amend(6, promised_on="2025-05-01")),
    "deliver": ((WON,), deliver(6, 10)),
    "cancel": ((WON,), cancel(6)),
    "reschedule": ((WON,), reschedule(6, 40)),
    "tell-customer": ((WON,), tell_customer(6)),
    "ship": ((WON,), ship(6, 10)),
    "install": ((WON, deliver(6, 10)), install(7, 10)),
    "request-defeat": ((), request_defeat(5, competitor_price="12.50")),
    "request-defeat, automatic": ((), DEFEATED),
    "approve-defeat": ((DEFEAT_REQUESTED,), approve_defeat(6, comment="核实")),
    "reject-defeat": ((DEFEAT_REQUESTED,), reject_defeat(6)),
    "verify-defeat": ((DEFEAT_REQUESTED,), verify_defeat(6)),
    "verify-defeat, automatic": ((DEFEAT_REQUESTED,), verify_defeat(6, automatic=True)),
    "freeze-instead": ((DEFEAT_REQUESTED,), freeze_instead(6)),
    "give-to": ((DEFEAT_REQUESTED,), give_to(6)),
    "freeze": ((), freeze(5)),
    "freeze, automatic": ((), FROZEN),
    "approve-freeze": ((freeze(5),), approve_freeze(6)),
    "reject-freeze": ((freeze(5),), reject_freeze(6)),
    "lose-contact": ((), lose_contact(5)),
    "resume": ((FROZEN,), resume(9)),
    "reopen": ((DEFEATED,), reopen(9)),
    "dispose": ((), dispose(5)),
    "transfer": ((), transfer(5)),
    "refer": ((), refer(5)),
    "instruct": ((), instruct(5)),
    "complete-instruction": ((instruct(5),), complete_instruction(6)),
    "correct": ((HOT,), correct(2, {"level": "A"}, to=3)),
    "void": ((HOT,), void(2)),
}
MOVEMENTS = {"deliver": "more_than_ordered", "ship": "more_than_to_ship", "install": "more_than_delivered"}
"""To deliver the same again is another delivery; that it is one too many is refused."""


EACH_COUNTS = {"contact", "plan-follow-up"}
"""Said again it is another fact: tests/opportunities/test_follow_up_rules.py."""


@pytest.mark.parametrize("name", REPEATABLE)
def test_repeating_a_command_records_nothing(name: str) -> None:
    before, command = REPEATABLE[name]
    scenario = given(CAPTURED, *before)
    assert scenario.when(command).facts
    again = scenario.when(command)
    if name in MOVEMENTS:
        again.then_refused(MOVEMENTS[name])
    else:
        again.then_nothing()


def test_every_command_is_held_to_that_law() -> None:
    assert {name.partition(",")[0] for name in REPEATABLE} == set(ACTIONS) - EACH_COUNTS


def test_a_command_is_offered_exactly_when_it_is_not_refused() -> None:
    standings: dict[str, tuple[Step, ...]] = {
        "open": (HOT,),
        "review": (DEFEAT_REQUESTED,),
        "freezing": (freeze(5),),
        "defeated": (DEFEATED,),
        "frozen": (FROZEN,),
        "lost": (LOST_CONTACT,),
        "ordered": (WON,),
        "cancelled": (WON, cancel(6)),
        "disposed": (dispose(5),),
    }
    commands: dict[str, Step] = {
        "qualify": qualify(20, "C", obstacle="新"),
        "win": win(20),
        "amend": amend(20, order_ref="新"),
        "deliver": deliver(20, 1),
        "cancel": cancel(20, 1),
        "reschedule": reschedule(20, 60),
        "tell-customer": tell_customer(20),
        "ship": ship(20, 1),
        "request-defeat": request_defeat(20, "own.attitude"),
        "approve-defeat": approve_defeat(20, by=REP),
        "reject-defeat": reject_defeat(20),
        "verify-defeat": verify_defeat(20),
        "freeze-instead": freeze_instead(20, recall=90),
        "give-to": give_to(20),
        "freeze": freeze(20, recall=90),
        "approve-freeze": approve_freeze(20),
        "reject-freeze": reject_freeze(20),
        "lose-contact": lose_contact(20),
        "dispose": dispose(20),
    }
    for steps in standings.values():
        for action, command in commands.items():
            scenario = given(CAPTURED, *steps)
            offered = action in scenario.stream.allowed_actions(RESTRICTED)
            result = scenario.when(command)
            assert offered == bool(result.facts), (steps, action, result.refused)


def test_only_who_approves_is_offered_approvals() -> None:
    stream = given(CAPTURED, DEFEAT_REQUESTED).stream
    assert {"approve-defeat", "reject-defeat"} <= set(stream.allowed_actions(FOR_APPROVERS))
    assert RESTRICTED.isdisjoint(stream.allowed_actions([]))


def test_subscribers_see_lines_with_their_units() -> None:
    shown = given(CAPTURED, WON, deliver(6, 4), cancel(7, 1)).stream.public_standing()
    assert shown["lines"] == [
        {
            "line": 1,
            "product": "A6L",
            "units": 10,
            "unit_price": Decimal(300000),
            "ordered": 10,
            "delivered": 4,
            "cancelled": 1,
        }
    ]
    assert "level" not in shown
