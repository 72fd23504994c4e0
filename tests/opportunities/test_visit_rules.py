"""The rules of a visit: planned or not, it took place once, on a day, with some people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from services.opportunities.events import (
    Judged,
    VisitCancelled,
    VisitLogged,
    VisitPlanned,
    VisitReviewed,
    VisitStatus,
)
from services.opportunities.visits.commands import CancelVisit, LogPlannedVisit, LogVisit, PlanVisit
from services.opportunities.visits.visit import Visit
from shared.event_store.stream import FactCorrected, FactVoided
from shared.testing.scenario import Then, given, when_opened
from tests.opportunities.steps import ACCOUNT, EAST, HEAD, NAMESPACE, OPPORTUNITY, OTHER_REP, REP, at, day

VISIT = uuid5(NAMESPACE, "visit")
JUDGED = (Judged(OPPORTUNITY, 2),)


def planned(number: int = 3, **said: Any) -> Callable[[], Visit]:
    body = {"purpose": "push_forward", "way": "on_site", "planned_on": day(5), "opportunity_ids": [OPPORTUNITY]}
    command = PlanVisit.model_validate(body | said)
    return lambda: Visit.plan(command, id=VISIT, account_id=ACCOUNT, owner_id=REP, unit_id=EAST, at=at(number))


def unplanned(number: int = 5, **said: Any) -> Callable[[], Visit]:
    command = LogVisit.model_validate({"purpose": "develop", "way": "phone", **said})

    def first() -> Visit:
        return Visit.logged(
            command,
            id=VISIT,
            account_id=ACCOUNT,
            owner_id=REP,
            unit_id=EAST,
            judged=JUDGED,
            at=at(number),
            day=day(number),
        )

    return first


def log(number: int = 5, **said: Any) -> Callable[[Visit], object]:
    command = LogPlannedVisit.model_validate(said)
    return lambda visit: visit.log_planned(command, judged=JUDGED, at=at(number), day=day(number))


def review(number: int = 6, by: UUID = HEAD) -> Callable[[Visit], object]:
    return lambda visit: visit.review(by=by, at=at(number), day=day(number))


def cancel(number: int = 6) -> Callable[[Visit], object]:
    return lambda visit: visit.cancel(CancelVisit(reason="客户有事"), at=at(number))


def correct(version: int, changes: dict[str, Any], to: int | None = None) -> Callable[[Visit], object]:
    occurred_at = None if to is None else at(to)
    return lambda visit: visit.correct(version, changes, occurred_at=occurred_at, reason="误", at=at(20))


def test_a_planned_visit_is_logged_as_planned_unless_told_otherwise() -> None:
    given(planned(expected_objections=["price"])).when(log(way="phone", objections=["price", "price"])).then(
        VisitLogged,
        purpose="push_forward",
        way="phone",
        visited_on=day(5),
        opportunity_ids=(OPPORTUNITY,),
        objections=("price",),
        expected_objections=("price",),
        judged=JUDGED,
    ).standing(status=VisitStatus.LOGGED)


def test_a_visit_need_not_be_planned() -> None:
    opened = when_opened(unplanned())
    assert isinstance(opened, Then)
    opened.then(VisitLogged, account_id=ACCOUNT, reached=True).standing(status=VisitStatus.LOGGED)


def test_every_participant_is_credited_and_the_owner_is_one() -> None:
    opened = when_opened(planned(participants=[OTHER_REP, OTHER_REP]))
    assert isinstance(opened, Then)
    opened.then(VisitPlanned, participants=(REP, OTHER_REP))


def test_a_visit_concerns_what_it_judges() -> None:
    other = uuid5(NAMESPACE, "another")
    judgement = {"opportunity_id": str(other), "level": "H"}
    given(planned()).when(log(judgements=[judgement])).then(VisitLogged, opportunity_ids=(OPPORTUNITY, other))


def test_a_visit_takes_place_once() -> None:
    given(planned(), log()).when(log(6)).then_refused("already_logged")
    given(unplanned()).when(log(6)).then_refused("already_logged")
    given(planned(), cancel()).when(log(7)).then_refused("visit_cancelled")
    given(unplanned(), cancel()).when(log(7)).then_refused("visit_void")


def test_a_visit_takes_place_after_it_was_planned() -> None:
    given(planned(3)).when(log(2)).then_refused("before_planned", "/on")
    given(planned(3), log(5)).when(correct(2, {}, to=2)).then_refused("before_planned")


def test_the_next_step_comes_after_the_visit() -> None:
    given(planned()).when(log(5, next_on="2025-03-04")).then_refused("next_in_the_past", "/next_on")


def test_the_head_reviews_a_report_once() -> None:
    given(planned()).when(review()).then_refused("not_logged")
    scenario = given(planned(), log())
    scenario.when(review()).then(VisitReviewed, reviewed_by=HEAD)
    scenario.when(review(7)).then_nothing()
    scenario.when(review(8, OTHER_REP)).then(VisitReviewed)


def test_a_planned_visit_is_called_off_and_a_logged_one_is_void() -> None:
    called_off = given(planned())
    called_off.when(cancel()).then(VisitCancelled).standing(status=VisitStatus.CANCELLED)
    called_off.when(cancel()).then_nothing()
    taken_back = given(planned(), log())
    taken_back.when(cancel()).then(FactVoided, version=2).standing(status=VisitStatus.PLANNED)
    never = given(unplanned())
    never.when(cancel()).then(FactVoided, version=1).standing(status=None)
    never.when(cancel()).then_nothing()
    assert never.stream.about["owner_id"] == REP


def test_taking_back_a_visit_names_the_judgements_it_carried() -> None:
    assert given(unplanned()).stream.cancel(CancelVisit(reason="误"), at=at(6)) == JUDGED


def test_a_visit_is_corrected_but_not_its_status() -> None:
    given(unplanned()).when(correct(1, {"way": "on_site", "next_on": "2025-03-09"})).then(FactCorrected).standing(
        way="on_site", next_on=date(2025, 3, 9)
    )
    given(unplanned()).when(correct(1, {"status": "planned"})).then_refused("not_correctable")
    given(unplanned()).when(correct(1, {})).then_refused("nothing_to_correct")
