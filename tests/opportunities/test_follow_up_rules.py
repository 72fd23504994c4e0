"""The rules of contacts, plans and follow-up policies, without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from services.opportunities.follow_ups.commands import MakeContact, PlanFollowUp
from services.opportunities.follow_ups.policy import (
    SHIPPED,
    FollowUpPolicies,
    PublishFollowUpPolicy,
    follow_up_policy_on,
)
from services.opportunities.opportunity.commands.closings import DisposeProspect, LoseContact, ResumeProspect
from services.opportunities.opportunity.commands.prospects import CaptureProspect
from services.opportunities.opportunity.opportunity import Opportunity
from shared.event_store.stream import Refused

NOW = datetime(2025, 3, 20, 2, tzinfo=UTC)
TODAY = date(2025, 3, 20)
TENANT, REP = uuid4(), uuid4()


@pytest.fixture
def deal() -> Opportunity:
    command = CaptureProspect(title="出租车")
    return Opportunity.capture(command, id=uuid4(), owner_id=REP, unit_id=uuid4(), at=NOW - timedelta(days=10))


def call(deal: Opportunity, days_ago: int = 0, **said: object) -> None:
    at = NOW - timedelta(days=days_ago)
    deal.contact(MakeContact.model_validate(said), by=REP, at=at, day=at.date())


def test_the_same_call_twice_a_day_is_two_calls(deal: Opportunity) -> None:
    call(deal, reached=False)
    call(deal, reached=False)
    assert [entry.type for entry in deal.entries()] == ["ProspectCaptured", "ContactMade", "ContactMade"]


def test_who_was_reached_is_no_longer_to_be_called_unless_a_next_day_is_named(deal: Opportunity) -> None:
    deal.plan_follow_up(PlanFollowUp(follow_up_on=TODAY, way="phone"), by=REP, at=NOW, day=TODAY)
    call(deal, reached=False)
    assert (deal.standing["follow_up_on"], deal.standing["follow_up_way"]) == (TODAY, "phone")
    call(deal)
    assert (deal.standing["follow_up_on"], deal.standing["follow_up_way"]) == (None, None)
    call(deal, next_on="2025-03-25", next_way="on_site")
    assert (deal.standing["follow_up_on"], deal.standing["follow_up_way"]) == (date(2025, 3, 25), "on_site")


def test_a_call_told_late_stands_before_the_plan_made_since(deal: Opportunity) -> None:
    deal.plan_follow_up(PlanFollowUp(follow_up_on=date(2025, 3, 24)), by=REP, at=NOW, day=TODAY)
    call(deal, days_ago=5)
    assert deal.standing["follow_up_on"] == date(2025, 3, 24)


@pytest.mark.parametrize(
    ("said", "days_ago", "code"),
    [
        ({"next_on": "2025-03-19"}, 0, "next_in_the_past"),
        ({"next_way": "phone"}, 0, "next_day_missing"),
        ({}, 11, "before_captured"),
    ],
)
def test_a_contact_that_cannot_be_is_refused(
    deal: Opportunity, said: dict[str, object], days_ago: int, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        call(deal, days_ago, **said)
    assert refused.value.code == code


def test_nobody_plans_for_yesterday_or_before_the_record(deal: Opportunity) -> None:
    plan = PlanFollowUp(follow_up_on=date(2025, 3, 19))
    with pytest.raises(Refused) as refused:
        deal.plan_follow_up(plan, by=REP, at=NOW, day=TODAY)
    assert refused.value.code == "planned_in_the_past"
    with pytest.raises(Refused) as refused:
        deal.plan_follow_up(plan, by=REP, at=NOW - timedelta(days=11), day=date(2025, 3, 9))
    assert refused.value.code == "before_captured"


def test_a_lost_customer_is_called_too_but_a_record_disposed_of_has_no_plan(deal: Opportunity) -> None:
    deal.lose_contact(LoseContact(reason="停机"), at=NOW, day=TODAY)
    assert {"contact", "plan-follow-up"} <= set(deal.allowed_actions(()))
    call(deal)
    deal.resume(ResumeProspect(), at=NOW)
    deal.dispose(DisposeProspect(disposal="no_intention"), at=NOW)
    assert {"contact", "plan-follow-up"} & set(deal.allowed_actions(())) == {"contact"}


def test_a_policy_holds_from_its_day_and_the_latest_published_of_a_day_counts() -> None:
    command = PublishFollowUpPolicy.model_validate(
        {"effective_from": "2025-03-01", "escalations": [{"level": "H", "after_days": 2}, {"level": "C"}]}
    )
    published = FollowUpPolicies.published(None, command, tenant_id=TENANT, at=NOW)
    again = FollowUpPolicies.published(published, command, tenant_id=TENANT, at=NOW)
    assert again.version == 1
    changed = command.model_copy(update={"otherwise_after_days": None})
    published = FollowUpPolicies.published(published, changed, tenant_id=TENANT, at=NOW)
    known = FollowUpPolicies.known(published)
    assert follow_up_policy_on(known, date(2025, 2, 28)) == SHIPPED
    found = follow_up_policy_on(known, date(2025, 3, 1))
    assert [(rule.level, rule.after_days) for rule in found.escalations] == [("H", 2), ("C", None)]
    assert found.otherwise_after_days is None
