"""One project: the rules of plan, money, reviews, risks, acceptance and lessons. Pure: no I/O, no clock, no framework.

What is late, how much of the budget is used, and which risks are open is derived when read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Final, Self
from uuid import UUID

from services.opportunities.events import (
    Acceptance,
    AcceptanceHeld,
    AcceptanceResult,
    BudgetLine,
    Cost,
    CostEntered,
    Lesson,
    LessonLearned,
    Milestone,
    MilestoneReached,
    MilestoneStep,
    OpenPointDone,
    Phase,
    PointLeft,
    ProjectBudgeted,
    ProjectClosed,
    ProjectManagerChanged,
    ProjectOpened,
    ProjectReplanned,
    ProjectReview,
    ProjectReviewed,
    ProjectStatus,
    RiskAssessed,
    RiskClosed,
    RiskStep,
)
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
from services.opportunities.projects.standing import STANDING, sets
from shared.event_store.stream import Entry, Refused
from shared.records.record import Correctable

ACTIONS: Final[Mapping[str, str]] = {
    "replan": "ProjectReplanned",
    "budget": "ProjectBudgeted",
    "assign-manager": "ProjectManagerChanged",
    "reach-milestone": "MilestoneReached",
    "enter-cost": "CostEntered",
    "review": "ProjectReviewed",
    "assess-risk": "RiskAssessed",
    "close-risk": "RiskClosed",
    "hold-acceptance": "AcceptanceHeld",
    "finish-point": "OpenPointDone",
    "learn-lesson": "LessonLearned",
    "close": "ProjectClosed",
    "correct": "FactCorrected",
    "void": "FactVoided",
}
"""Commands by the last part of their route, and the fact each records."""

OF_RUNNING: Final = frozenset({"ProjectReplanned", "MilestoneReached", "AcceptanceHeld"})
"""Possible until the customer has accepted; all but lessons and late money end with the project."""
EVEN_CLOSED: Final = frozenset({"CostEntered", "LessonLearned", "OpenPointDone", "FactCorrected", "FactVoided"})


class Project(Correctable):
    """See the module."""

    stream_type: ClassVar[str] = "project"
    standing_types: ClassVar[Mapping[str, Any]] = STANDING
    additive: ClassVar[frozenset[str]] = frozenset({"reached", "costs", "reviews", "risks", "open_points", "lessons"})
    before_first: ClassVar[str] = "before_project"
    not_correctable: ClassVar[frozenset[str]] = frozenset(
        {"status", "opportunity_id", "account_id", "owner_id", "unit_id", "manager_id"}
    )

    # -- facts applied -------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        """See `standing.py`."""
        return sets(fact)

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        status: ProjectStatus = standing["status"]
        if status is ProjectStatus.CLOSED and fact not in EVEN_CLOSED:
            return Refused("project_closed", "the project is closed")
        if status is ProjectStatus.ACCEPTED and fact in OF_RUNNING:
            return Refused("project_not_running", "the customer has accepted")
        match fact:
            case "ProjectReplanned":
                return _dropped(standing, changes)
            case "MilestoneReached":
                return _unreachable(standing, changes)
            case "RiskClosed":
                there = {code for code, risk in _last(standing.get("risks", ())).items() if not risk.closed}
                return _unknown("unknown_risk", there, changes.get("risks"))
            case "OpenPointDone":
                points = _last(standing.get("open_points", ()))
                there = {code for code, point in points.items() if point.done_on is None}
                return _unknown("unknown_point", there, changes.get("open_points"))
            case _:
                return None

    def require_sound(self, entry: Entry) -> None:
        if "milestones" in entry.changes:
            _require_plan(entry.changes["phases"], entry.changes["milestones"], "/changes")
        if "budget" in entry.changes:
            _require_once((line.category for line in entry.changes["budget"]), "/changes/budget")

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        command: OpenProject,
        *,
        id: UUID,
        account_id: UUID | None,
        owner_id: UUID,
        unit_id: UUID,
        manager_id: UUID,
        at: datetime,
    ) -> Self:
        """Set up a project. Raises Refused 422: see `_require_plan`, `code_twice`."""
        phases, milestones = _plan(command)
        _require_plan(phases, milestones)
        _require_once((line.category for line in command.budget), "/budget")
        return cls.begin(
            ProjectOpened,
            id=id,
            at=at,
            title=command.title,
            opportunity_id=command.opportunity_id,
            account_id=account_id,
            owner_id=owner_id,
            unit_id=unit_id,
            manager_id=manager_id,
            currency=command.currency,
            phases=phases,
            milestones=milestones,
            budget=_budget(command),
        )

    def replan(self, command: ReplanProject, *, at: datetime) -> None:
        """Plan anew. Milestones that were reached stay in the plan."""
        before = self.standing_at(at) or self.standing
        given = _plan(command)
        phases = before["phases"] if command.phases is None else given[0]
        milestones = before["milestones"] if command.milestones is None else given[1]
        _require_plan(phases, milestones)
        self.happen(ProjectReplanned, at=at, phases=phases, milestones=milestones, plan_reason=command.reason)

    def set_budget(self, command: BudgetProject, *, at: datetime) -> None:
        _require_once((line.category for line in command.budget), "/budget")
        self.happen(ProjectBudgeted, at=at, budget=_budget(command), budget_reason=command.reason)

    def assign(self, manager_id: UUID, *, at: datetime) -> None:
        before = self.standing_at(at) or self.standing
        self.happen(ProjectManagerChanged, at=at, manager_before=before["manager_id"], manager_id=manager_id)

    def reach(self, command: ReachMilestone, *, at: datetime, day: date) -> None:
        self.happen(MilestoneReached, at=at, reached=(MilestoneStep(command.code, day),))

    def spend(self, command: EnterCost, *, at: datetime, day: date) -> None:
        self.happen(CostEntered, at=at, costs=(Cost(command.category, command.amount, day, command.ref),))

    def review(self, command: ReviewProject, *, by: UUID, at: datetime, day: date) -> None:
        self.happen(ProjectReviewed, at=at, reviews=(ProjectReview(day, by, command.findings),))

    def assess(self, command: AssessRisk, *, at: datetime, day: date) -> None:
        before = self.standing_at(at) or self.standing
        owner = command.owner_id or before["manager_id"]
        step = RiskStep(command.code, command.title, command.probability, command.impact, command.measure, owner, day)
        self.happen(RiskAssessed, at=at, risks=(step,))

    def close_risk(self, command: CloseRisk, *, at: datetime, day: date) -> None:
        before = self.standing_at(at) or self.standing
        known = _last(before.get("risks", ())).get(command.code)
        if known is None:
            raise Refused("unknown_risk", "there is no such open risk", status=422, pointer="/code", given=command.code)
        step = RiskStep(
            known.code, known.title, known.probability, known.impact, known.measure, known.owner_id, day, closed=True
        )
        self.happen(RiskClosed, at=at, risks=(step,))

    def hold_acceptance(self, command: HoldAcceptance, *, at: datetime, day: date) -> None:
        _require_once((point.code for point in command.open_points), "/open_points")
        if (command.result is AcceptanceResult.WITH_OPEN_POINTS) != bool(command.open_points):
            raise Refused(
                "points_missing", "an acceptance with open points names them", status=422, pointer="/open_points"
            )
        refused = command.result is AcceptanceResult.REFUSED
        self.happen(
            AcceptanceHeld,
            at=at,
            status=ProjectStatus.RUNNING if refused else ProjectStatus.ACCEPTED,
            acceptance=Acceptance(day, command.result, command.person_id),
            open_points=tuple(PointLeft(point.code, point.title, point.due_on) for point in command.open_points),
        )

    def finish_point(self, command: FinishPoint, *, at: datetime, day: date) -> None:
        known = _last((self.standing_at(at) or self.standing).get("open_points", ())).get(command.code)
        title, due_on = (None, None) if known is None else (known.title, known.due_on)
        self.happen(OpenPointDone, at=at, open_points=(PointLeft(command.code, title, due_on, day),))

    def learn(self, command: LearnLesson, *, by: UUID, at: datetime, day: date) -> None:
        self.happen(LessonLearned, at=at, lessons=(Lesson(day, by, command.category, command.text),))

    def close(self, command: CloseProject, *, at: datetime, day: date) -> None:
        self.happen(ProjectClosed, at=at, closed_on=day, close_reason=command.reason)


# -- what is said ------------------------------------------------------------------------------------------


def _plan(command: OpenProject | ReplanProject) -> tuple[tuple[Phase, ...], tuple[Milestone, ...]]:
    return (
        tuple(Phase(phase.code, phase.title, phase.start_on, phase.end_on) for phase in command.phases or ()),
        tuple(Milestone(one.code, one.title, one.planned_on, one.phase) for one in command.milestones or ()),
    )


def _budget(command: OpenProject | BudgetProject) -> tuple[BudgetLine, ...]:
    return tuple(BudgetLine(line.category, line.amount) for line in command.budget)


def _require_plan(phases: Iterable[Phase], milestones: Iterable[Milestone], at: str = "") -> None:
    """Raises Refused 422 `code_twice`, `ends_before_start`, `unknown_phase`."""
    phases = tuple(phases)
    _require_once((phase.code for phase in phases), f"{at}/phases")
    _require_once((milestone.code for milestone in milestones), f"{at}/milestones")
    for index, phase in enumerate(phases):
        if phase.end_on < phase.start_on:
            raise Refused(
                "ends_before_start", f"{phase.code} ends before it starts", status=422,
                pointer=f"{at}/phases/{index}/end_on",
            )  # fmt: skip
    there = {phase.code for phase in phases}
    for index, milestone in enumerate(milestones):
        if milestone.phase is not None and milestone.phase not in there:
            raise Refused(
                "unknown_phase", f"there is no phase {milestone.phase}", status=422,
                pointer=f"{at}/milestones/{index}/phase", given=milestone.phase,
            )  # fmt: skip


def _require_once(codes: Iterable[str], pointer: str) -> None:
    for code, count in Counter(codes).items():
        if count > 1:
            raise Refused("code_twice", f"{code} is given twice", status=422, pointer=pointer, given=code)


def _last(steps: Iterable[Any]) -> dict[str, Any]:
    """The last step of each code."""
    return {step.code: step for step in steps}


def _reached(standing: Mapping[str, Any]) -> set[str]:
    return {code for code, step in _last(standing.get("reached", ())).items() if step.reached_on is not None}


def _dropped(standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
    if "milestones" not in changes:
        return None
    gone = _reached(standing) - {milestone.code for milestone in changes["milestones"]}
    if gone:
        return Refused("milestone_dropped", "a reached milestone stays in the plan", given=min(gone))
    return None


def _unreachable(standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
    planned = {milestone.code for milestone in standing.get("milestones", ())}
    reached = _reached(standing)
    if "reached" not in changes:
        return None if planned - reached else Refused("unknown_milestone", "none is left", status=422, given="")
    for step in changes["reached"]:
        if step.code not in planned:
            return Refused(
                "unknown_milestone", f"the plan has no {step.code}", status=422, pointer="/code", given=step.code
            )
        if step.code in reached and step.reached_on is not None:
            return Refused("milestone_reached", f"{step.code} was reached", given=step.code)
    return None


def _unknown(code: str, there: set[str], steps: Any) -> Refused | None:
    if not steps:
        return None if there else Refused(code, "there is none", status=422, given="")
    for step in steps:
        if step.code not in there:
            return Refused(code, f"there is no {step.code}", status=422, pointer="/code", given=step.code)
    return None
