"""What customer service and the head make of a defeat that was asked for, as they would state it."""

from __future__ import annotations

from services.opportunities import events
from services.opportunities.events import (
    DealLost,
    DefeatRejected,
    DefeatRequested,
    DefeatVerified,
    OpportunityTransferred,
    ProspectFrozen,
    Review,
    Status,
    Verdict,
)
from services.opportunities.opportunity.commands.closings import ApproveDefeat
from services.opportunities.opportunity.opportunity import FOR_APPROVERS, FOR_VERIFIERS
from services.opportunities.policies.approval_policy import ApprovalPolicy
from services.opportunities.policies.reason_catalogue import SHIPPED
from shared.event_store.facts import registry
from shared.testing.scenario import given
from tests.opportunities.steps import (
    CAPTURED,
    CUSTOMER_SERVICE,
    DEFEAT_REQUESTED,
    FROZEN,
    HEAD,
    HOT,
    LOST_CONTACT,
    OTHER_REP,
    REP,
    WON,
    Step,
    approve_defeat,
    approve_freeze,
    at,
    cancel,
    correct,
    day,
    freeze,
    freeze_instead,
    give_to,
    reject_defeat,
    reopen,
    request_defeat,
    verify_defeat,
    void,
    win,
)


def approve_after_a_call(number: int) -> Step:
    return lambda o: o.approve_defeat(ApproveDefeat(), by=HEAD, at=at(number), catalogue=SHIPPED, verifies=True)


def test_a_request_says_what_shows_it_and_the_approval_keeps_it() -> None:
    asked = request_defeat(5, evidence="行驶证已见")
    given(CAPTURED).when(asked).then(DefeatRequested, evidence="行驶证已见").standing(defeat_evidence="行驶证已见")
    given(CAPTURED, asked).when(approve_defeat(8)).then(DealLost, evidence="行驶证已见")


def test_a_call_back_is_on_record_and_leaves_the_request_waiting() -> None:
    given(CAPTURED, HOT, DEFEAT_REQUESTED).when(verify_defeat(6, attempts=2, comment="已提车")).then(
        DefeatVerified, verdict=Verdict.CONFIRMED, attempts=2, reached=True, verified_by=CUSTOMER_SERVICE
    ).standing(review=Review.DEFEAT, verdict=Verdict.CONFIRMED, verified_on=day(6), status=Status.OPEN, level="H")


def test_the_latest_call_counts() -> None:
    nobody = verify_defeat(6, "not_reached")
    given(CAPTURED, DEFEAT_REQUESTED, nobody).when(verify_defeat(7, attempts=3)).standing(
        verify_attempts=3, verify_reached=True, verdict=Verdict.CONFIRMED
    )


def test_who_finds_another_reason_says_which() -> None:
    given(CAPTURED, DEFEAT_REQUESTED).when(verify_defeat(6, "other_reason")).then_refused("reason_missing", "/reason")
    wrong = verify_defeat(6, "other_reason", reason="own.hair_colour")
    given(CAPTURED, DEFEAT_REQUESTED).when(wrong).then_refused("unknown_reason", "/reason")


def test_a_defeat_counts_for_the_reason_found_unless_the_head_says_otherwise() -> None:
    found = verify_defeat(6, "other_reason", reason="own.slow_follow_up")
    given(CAPTURED, DEFEAT_REQUESTED, found).when(approve_defeat(8)).then(
        DealLost, reason="own.slow_follow_up", category="own"
    ).standing(reason_found="own.slow_follow_up")
    given(CAPTURED, DEFEAT_REQUESTED, found).when(approve_defeat(8, reason="own.attitude")).then(
        DealLost, reason="own.attitude"
    )


def test_nothing_is_verified_that_nobody_asked_for() -> None:
    given(CAPTURED, HOT).when(verify_defeat(6)).then_refused("no_defeat_requested")
    given(CAPTURED, HOT, freeze(3)).when(verify_defeat(6)).then_refused("no_defeat_requested")
    given(CAPTURED, HOT, WON).when(verify_defeat(9)).then_refused("already_ordered")


def test_a_defeat_is_approved_only_after_the_call_where_the_policy_asks_for_it() -> None:
    given(CAPTURED, DEFEAT_REQUESTED).when(approve_after_a_call(8)).then_refused("not_verified")
    given(CAPTURED, DEFEAT_REQUESTED, verify_defeat(6)).when(approve_after_a_call(8)).then_facts(DealLost)
    nobody = verify_defeat(6, "not_reached")
    given(CAPTURED, DEFEAT_REQUESTED, nobody).when(approve_after_a_call(8)).then_facts(DealLost)


def test_who_still_buys_is_not_lost() -> None:
    buying = verify_defeat(6, "still_buying")
    given(CAPTURED, DEFEAT_REQUESTED, buying).when(approve_defeat(8)).then_refused("false_defeat")
    given(CAPTURED, DEFEAT_REQUESTED, buying).when(approve_defeat(8, kind="presumed")).then_facts(DealLost)
    given(CAPTURED, DEFEAT_REQUESTED, buying).when(reject_defeat(8)).standing(
        review=None, verdict=None, verified_by=None
    )


def test_automatic_approval_waits_for_the_call_and_follows_it() -> None:
    given(CAPTURED, HOT, DEFEAT_REQUESTED).when(verify_defeat(6, automatic=True)).then_facts(
        DefeatVerified, DealLost
    ).standing(status=Status.DEFEATED, reviewed_by=None)
    found = verify_defeat(6, "other_reason", reason="own.attitude", automatic=True)
    given(CAPTURED, DEFEAT_REQUESTED).when(found).then_facts(DefeatVerified, DealLost).standing(
        defeat_reason="own.attitude", defeat_category="own"
    )
    for verdict in ("still_buying", "not_reached"):
        given(CAPTURED, DEFEAT_REQUESTED).when(verify_defeat(6, verdict, automatic=True)).then_facts(DefeatVerified)
    false = request_defeat(5, kind="false")
    given(CAPTURED, false).when(verify_defeat(6, automatic=True)).then_facts(DefeatVerified)


def test_a_new_request_is_verified_anew() -> None:
    given(CAPTURED, DEFEAT_REQUESTED, verify_defeat(6), reject_defeat(7)).when(request_defeat(8)).standing(
        verdict=None, verified_on=None, verify_attempts=None
    )


def test_a_defeat_may_end_in_a_freeze() -> None:
    given(CAPTURED, HOT, DEFEAT_REQUESTED).when(freeze_instead(6)).then(
        ProspectFrozen, reviewed_by=HEAD, requested_by=REP, instead_of=Review.DEFEAT, level_before="H"
    ).standing(status=Status.FROZEN, review=None, recall_on=day(60), defeat_kind=None, defeat_reason=None)
    given(CAPTURED, LOST_CONTACT, request_defeat(9)).when(freeze_instead(10)).standing(status=Status.FROZEN)
    given(CAPTURED, FROZEN, request_defeat(9)).when(freeze_instead(10)).standing(status=Status.FROZEN, review=None)


def test_a_freeze_instead_needs_a_defeat_that_waits_and_a_day_to_come() -> None:
    given(CAPTURED, HOT).when(freeze_instead(6)).then_refused("no_defeat_requested")
    given(CAPTURED, freeze(5)).when(freeze_instead(6)).then_refused("no_defeat_requested")
    given(CAPTURED, DEFEAT_REQUESTED).when(approve_freeze(6)).then_refused("no_freeze_requested")
    given(CAPTURED, DEFEAT_REQUESTED).when(freeze_instead(6, recall=6)).then_refused("recall_in_the_past", "/recall_on")
    given(CAPTURED, WON, cancel(6), request_defeat(7)).when(freeze_instead(8)).then_refused("order_cancelled")


def test_a_defeat_given_to_somebody_else_is_rejected_and_handed_over_at_once() -> None:
    given(CAPTURED, HOT, DEFEAT_REQUESTED).when(give_to(6)).then_facts(DefeatRejected, OpportunityTransferred).standing(
        owner_id=OTHER_REP, review=None, status=Status.OPEN, level="H", defeat_kind=None
    )
    given(CAPTURED, DEFEAT_REQUESTED).when(give_to(6, REP)).then_refused("same_owner", "/owner_id")
    given(CAPTURED, HOT).when(give_to(6)).then_refused("no_defeat_requested")


def test_what_was_found_is_corrected_but_not_by_whom() -> None:
    given(CAPTURED, DEFEAT_REQUESTED, verify_defeat(6)).when(correct(3, {"verify_attempts": 4})).standing(
        verify_attempts=4
    )
    given(CAPTURED, DEFEAT_REQUESTED, verify_defeat(6)).when(correct(3, {"verified_by": str(REP)})).then_refused(
        "not_correctable"
    )


def test_a_corrected_call_is_one_that_could_have_been_told() -> None:
    told = (CAPTURED, DEFEAT_REQUESTED, verify_defeat(6))
    given(*told).when(correct(3, {"verify_attempts": 0})).then_refused("invalid_value", "/changes/verify_attempts")
    given(*told).when(correct(3, {"reason_found": "own.hair"})).then_refused("unknown_reason", "/changes/reason_found")


def test_the_request_under_a_call_cannot_be_taken_back_alone() -> None:
    given(CAPTURED, DEFEAT_REQUESTED, verify_defeat(6)).when(void(2)).then_refused("impossible_order")
    given(CAPTURED, DEFEAT_REQUESTED, freeze_instead(6)).when(void(3)).standing(
        status=Status.OPEN, review=Review.DEFEAT, defeat_reason="other_brand.price"
    )


def test_a_late_call_is_put_where_it_belongs() -> None:
    given(CAPTURED, DEFEAT_REQUESTED, approve_defeat(9)).when(verify_defeat(7)).then_facts(DefeatVerified).standing(
        status=Status.DEFEATED, verdict=Verdict.CONFIRMED
    )
    given(CAPTURED, DEFEAT_REQUESTED, approve_defeat(9), reopen(12)).when(verify_defeat(13)).then_refused(
        "no_defeat_requested"
    )


def test_an_order_withdraws_the_request_with_its_call() -> None:
    given(CAPTURED, HOT, DEFEAT_REQUESTED, verify_defeat(6, "still_buying")).when(win(8)).standing(
        status=Status.ORDERED, review=None, verdict=None
    )


def test_only_customer_service_is_offered_the_call_and_heads_the_decisions() -> None:
    stream = given(CAPTURED, DEFEAT_REQUESTED).stream
    assert "verify-defeat" in stream.allowed_actions(FOR_VERIFIERS)
    assert not {"approve-defeat", "give-to"} & set(stream.allowed_actions(FOR_VERIFIERS))
    assert {"freeze-instead", "give-to"} <= set(stream.allowed_actions(FOR_APPROVERS))
    assert "verify-defeat" not in stream.allowed_actions(FOR_APPROVERS)


def test_facts_told_before_there_were_call_backs_are_read_as_they_were_meant() -> None:
    facts = registry(events).types
    rejected = facts["DefeatRejected"].decode({"reviewed_by": str(HEAD), "finding": "other", "comment": None})
    assert rejected["given_to"] is None
    frozen = {"level_before": None, "requested_by": str(REP), "reviewed_by": None, "reason": "x", "comment": None}
    assert facts["ProspectFrozen"].decode(frozen | {"recall_on": None})["instead_of"] is None
    published = {"effective_from": "2024-01-01", "approve_defeat": "manual", "approve_freeze": "manual"}
    policy = ApprovalPolicy(**facts["ApprovalPolicyPublished"].decode(published | {"duplicate_days": 30}))
    assert (policy.verifies, policy.lost_contact_days, policy.recall_days) == (False, 60, 90)
