"""A planned visit changes hands; one that took place never does."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from services.opportunities.events import VisitHandedOver, VisitLogged, VisitStatus
from services.opportunities.visits.hand_over import hand_back, hand_over
from services.opportunities.visits.visit import Visit
from shared.event_store.stream import FactCorrected, FactVoided
from shared.testing.scenario import given
from tests.opportunities.steps import EAST, HEAD, OTHER_REP, REP, WEST, at
from tests.opportunities.test_visit_rules import cancel, correct, log, planned, unplanned

Step = Callable[[Visit], object]


def hand(number: int = 4, *, of: UUID = REP, to: UUID = OTHER_REP) -> Step:
    return lambda visit: hand_over(visit, of, to, unit_id=WEST, reason="换手", at=at(number))


def test_the_successor_leads_the_visit_that_was_planned() -> None:
    handed = given(planned(participants=[HEAD]))
    handed.when(hand()).then(VisitHandedOver, owner_before=REP, unit_before=EAST, reason="换手").standing(
        owner_id=OTHER_REP, unit_id=WEST, participants=(OTHER_REP, HEAD), status=VisitStatus.PLANNED
    )
    handed.when(hand()).then_nothing()
    handed.when(log(5)).then(VisitLogged, owner_id=OTHER_REP, participants=(OTHER_REP, HEAD))


def test_who_was_to_take_part_is_replaced_and_the_lead_stays() -> None:
    given(planned(participants=[HEAD])).when(hand(of=HEAD)).then(VisitHandedOver).standing(
        owner_id=REP, unit_id=EAST, participants=(REP, OTHER_REP)
    )
    given(planned(participants=[OTHER_REP])).when(hand(of=OTHER_REP, to=REP)).then(VisitHandedOver).standing(
        participants=(REP,)
    )
    given(planned()).when(hand(of=HEAD)).then_nothing()


def test_only_plans_change_hands() -> None:
    given(planned(), log()).when(hand(6)).then_refused("already_logged")
    given(unplanned()).when(hand(6)).then_refused("already_logged")
    given(planned(), cancel()).when(hand(6)).then_refused("visit_cancelled")
    given(unplanned(), cancel()).when(hand(6)).then_refused("visit_void")
    given(planned(3)).when(hand(2)).then_refused("before_planned", "/on")


def test_a_plan_goes_back_as_it_was() -> None:
    visit = given(planned(participants=[HEAD]))
    before = dict(visit.stream.standing)
    visit.when(hand())
    visit.when(lambda made: hand_back(made, before, reason="误", at=at(5))).then(VisitHandedOver).standing(
        owner_id=REP, unit_id=EAST, participants=(REP, HEAD)
    )
    visit.when(lambda made: hand_back(made, before, reason="误", at=at(5))).then_nothing()


def test_a_visit_told_late_is_of_who_led_it_on_its_day() -> None:
    late = given(planned(3), hand(6))
    late.when(log(5, participants=[HEAD])).then_facts(FactVoided, VisitLogged).standing(
        owner_id=REP, unit_id=EAST, participants=(REP, HEAD)
    )
    given(planned(3), hand(6)).when(log(5, next_on="2025-03-04")).then_refused("next_in_the_past", "/next_on")


def test_a_visit_corrected_to_an_earlier_day_keeps_who_took_part() -> None:
    given(planned(3), hand(6), log(7, participants=[HEAD])).when(correct(3, {}, to=5)).then_facts(
        FactCorrected, FactVoided
    ).standing(owner_id=OTHER_REP, participants=(OTHER_REP, HEAD))
