"""The rules of a project: late and corrected facts too. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest

from services.opportunities.events import CostEntered, MilestoneReached, ProjectManagerChanged, ProjectStatus
from services.opportunities.projects.commands import (
    AssessRisk,
    BudgetProject,
    CloseProject,
    CloseRisk,
    EnterCost,
    FinishPoint,
    HoldAcceptance,
    LearnLesson,
    OpenProject,
    ReachMilestone,
    ReplanProject,
    ReviewProject,
)
from services.opportunities.projects.project import Project
from shared.event_store.stream import Refused
from shared.testing.scenario import given

NAMESPACE = UUID(int=27)
REP, UNIT = uuid5(NAMESPACE, "rep"), uuid5(NAMESPACE, "unit")
Step = Callable[[Project], object]


def day(number: int) -> date:
    return date(2025, 3, 1) + timedelta(days=number - 1)


def at(number: int) -> datetime:
    return datetime.combine(day(number), datetime.min.time(), UTC)


def milestone(code: str = "M1", number: int = 10) -> dict[str, Any]:
    return {"code": code, "title": code, "planned_on": day(number)}


def opened(number: int = 1, **said: Any) -> Callable[[], Project]:
    body = {"title": "交付", "opportunity_id": uuid5(NAMESPACE, "deal"), "milestones": [milestone()], **said}

    def first() -> Project:
        return Project.open(
            OpenProject.model_validate(body), id=uuid5(NAMESPACE, "project"), account_id=None, owner_id=REP,
            unit_id=UNIT, manager_id=REP, at=at(number),
        )  # fmt: skip

    return first


def reach(number: int, code: str = "M1") -> Step:
    return lambda project: project.reach(ReachMilestone(code=code), at=at(number), day=day(number))


def replan(number: int, *milestones: dict[str, Any]) -> Step:
    command = ReplanProject.model_validate({"milestones": milestones, "reason": "推迟"})
    return lambda project: project.replan(command, at=at(number))


def assess(number: int, code: str = "R1") -> Step:
    command = AssessRisk.model_validate({"code": code, "title": "缺货", "probability": "high", "impact": "low"})
    return lambda project: project.assess(command, at=at(number), day=day(number))


def close_risk(number: int, code: str = "R1") -> Step:
    return lambda project: project.close_risk(CloseRisk(code=code), at=at(number), day=day(number))


def accept(number: int, result: str = "accepted", *points: str) -> Step:
    given = [{"code": code, "title": code} for code in points]
    command = HoldAcceptance.model_validate({"result": result, "open_points": given})
    return lambda project: project.hold_acceptance(command, at=at(number), day=day(number))


def finish(number: int, code: str) -> Step:
    return lambda project: project.finish_point(FinishPoint(code=code), at=at(number), day=day(number))


def spend(number: int, amount: str = "5.00") -> Step:
    command = EnterCost.model_validate({"category": "travel", "amount": amount})
    return lambda project: project.spend(command, at=at(number), day=day(number))


def close(number: int) -> Step:
    return lambda project: project.close(CloseProject(reason="完成"), at=at(number), day=day(number))


def review(number: int) -> Step:
    return lambda project: project.review(ReviewProject(), by=REP, at=at(number), day=day(number))


@pytest.mark.parametrize(
    ("said", "code", "pointer"),
    [
        ({"milestones": [milestone(), milestone()]}, "code_twice", "/milestones"),
        ({"milestones": [{**milestone(), "phase": "P9"}]}, "unknown_phase", "/milestones/0/phase"),
        (
            {"phases": [{"code": "P1", "title": "x", "start_on": day(9), "end_on": day(8)}]},
            "ends_before_start",
            "/phases/0/end_on",
        ),
        ({"budget": [{"category": "a", "amount": "1"}, {"category": "a", "amount": "2"}]}, "code_twice", "/budget"),
    ],
)
def test_a_plan_makes_sense(said: dict[str, Any], code: str, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        opened(**said)()
    assert (refused.value.code, refused.value.pointer) == (code, pointer)


def test_a_milestone_is_reached_once_and_stays_in_the_plan() -> None:
    given(opened()).when(reach(5)).then(MilestoneReached)
    given(opened()).when(reach(5, "M9")).then_refused("unknown_milestone", "/code")
    given(opened(), reach(5)).when(reach(6)).then_refused("milestone_reached")
    given(opened(), reach(5)).when(replan(6, milestone("M2"))).then_refused("milestone_dropped")
    given(opened(), reach(5)).when(replan(6, milestone(number=12), milestone("M2"))).standing(plan_reason="推迟")
    given(opened(), reach(8)).when(replan(6, milestone("M2"))).then_refused("impossible_order", "/on")
    given(opened(3)).when(reach(2)).then_refused("before_project", "/on")


def test_risks_are_seen_otherwise_and_closed_once() -> None:
    given(opened()).when(close_risk(3)).then_refused("unknown_risk", "/code")
    given(opened(), assess(2), close_risk(3)).when(close_risk(4)).then_refused("unknown_risk", "/code")
    project = opened()()
    for step in (assess(2), close_risk(3), assess(4)):
        step(project)
    assert [risk.closed for risk in project.standing["risks"]] == [False, True, False]
    assert project.standing["risks"][0].owner_id == REP, "the manager, unless another is named"


def test_acceptance_names_open_points_exactly_when_there_are_some() -> None:
    given(opened()).when(accept(5, "accepted_with_open_points")).then_refused("points_missing", "/open_points")
    given(opened()).when(accept(5, "accepted", "O1")).then_refused("points_missing", "/open_points")
    given(opened()).when(accept(5, "accepted_with_open_points", "O1", "O1")).then_refused("code_twice", "/open_points")
    given(opened()).when(accept(5, "refused")).standing(status=ProjectStatus.RUNNING)
    with_points = (opened(), accept(5, "accepted_with_open_points", "O1"))
    given(*with_points).when(finish(6, "O9")).then_refused("unknown_point", "/code")
    given(*with_points, finish(6, "O1")).when(finish(7, "O1")).then_refused("unknown_point", "/code")
    given(*with_points).when(accept(6)).then_refused("project_not_running")
    given(*with_points).when(replan(6, milestone())).then_refused("project_not_running")


def test_a_closed_project_takes_late_money_and_lessons_and_nothing_else() -> None:
    closed = (opened(), close(5))
    given(*closed).when(review(6)).then_refused("project_closed")
    given(*closed).when(assess(6)).then_refused("project_closed")
    given(*closed).when(spend(6)).then(CostEntered)
    lesson = LearnLesson(category="delivery", text="提前预约")
    given(*closed).when(lambda project: project.learn(lesson, by=REP, at=at(6), day=day(6))).standing(
        status=ProjectStatus.CLOSED
    )


def test_repeating_says_nothing_and_corrections_are_checked() -> None:
    budget = BudgetProject.model_validate({"budget": [{"category": "a", "amount": "1"}], "reason": "x"})
    given(opened(), lambda project: project.set_budget(budget, at=at(2))).when(
        lambda project: project.set_budget(budget, at=at(3))
    ).then_nothing()
    other = uuid5(NAMESPACE, "other")
    given(opened()).when(lambda project: project.assign(other, at=at(2))).then(
        ProjectManagerChanged, manager_before=REP
    )
    project = opened()()
    reach(5)(project)
    twice = [{"code": "M1", "title": "x", "planned_on": "2025-03-10"}] * 2
    with pytest.raises(Refused) as refused:
        project.correct(1, {"milestones": twice}, occurred_at=None, reason="错", at=at(9))
    assert refused.value.code == "code_twice"
    with pytest.raises(Refused) as refused:
        project.correct(1, {"manager_id": str(other)}, occurred_at=None, reason="错", at=at(9))
    assert refused.value.code == "not_correctable"
    with pytest.raises(Refused) as refused:
        project.correct(1, {"milestones": []}, occurred_at=None, reason="错", at=at(9))
    assert refused.value.code == "impossible_order", "a milestone was reached"
