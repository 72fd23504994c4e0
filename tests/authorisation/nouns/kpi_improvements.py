"""The matrix and its targets for improvements: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from services.kpi.events import Effect, TrainingResult
from services.kpi.improvements.commands import (
    CheckImprovement,
    FinishMeasure,
    HoldTraining,
    MeasureGiven,
    PlanImprovement,
    ProposeTraining,
)
from services.kpi.improvements.improvement import Improvement
from services.kpi.improvements.training import TrainingNeed
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.row import BRANCH, OWN, Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

AT = datetime(2025, 10, 6, 2, tzinfo=UTC)
DAY = date(2025, 10, 6)
DUE = "2030-01-01"
MEASURE = {"text": "晨会核对", "owner_id": OWN, "due_on": DUE}
LEADING = {who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL, who.OTHER_TENANT}
ABOUT_A_PERSON = who.looking({who.OWNER, who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL} | who.LOOKING)
"""The person, who heads their unit or above, and who sees everything; no deputy of the person."""
BY_HEADS = who.acting({who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL}, {who.OWNER})


def _on(state: str, body: Any) -> Row:
    return Row(who.RECORD_CHANGE, f"improvement.{state}", body)


def _training(state: str, body: Any) -> Row:
    return Row(BY_HEADS, f"training.{state}", body)


ROWS: dict[str, Row] = {
    "improvements.list": listed(),
    "improvements.read": Row(who.RECORD_READ, "improvement.planned"),
    "improvements.plan": Row(
        who.reserved(LEADING, elsewhere="done"),
        body={"title": "及时率", "finding": "低", "unit_id": BRANCH, "due_on": DUE, "measures": [MEASURE]},
    ),
    "improvements.finish_measure": _on("planned", {"number": 1}),
    "improvements.check": _on("done", {"effect": "effective", "finding": "好"}),
    "improvements.act": _on("checked", {"decision": "standardise", "rule": "写入制度"}),
    "improvements.correct": _on("planned", {"version": 1, "changes": {"title": "改名"}, "reason": "错"}),
    "improvements.void": _on("done", {"version": 2, "reason": "错"}),
    "kpi.training_findings": listed(),
    "training_needs.list": listed(),
    "training_needs.read": Row(ABOUT_A_PERSON, "training.proposed"),
    "training_needs.propose": Row(
        who.reserved(LEADING | {who.OWNER}, elsewhere="done"), body={"owner_id": OWN, "topic": "产品知识"}
    ),
    "training_needs.plan": _training("proposed", {"course": "新车型", "planned_on": DUE}),
    "training_needs.hold": _training("proposed", {"result": "passed"}),
    "training_needs.check": _training("held", {"effect": "effective", "finding": "好"}),
    "training_needs.drop": _training("proposed", {"reason": "调岗"}),
    "training_needs.correct": _training("proposed", {"version": 1, "changes": {"topic": "改名"}, "reason": "错"}),
    "training_needs.void": _training("held", {"version": 2, "reason": "错"}),
}


async def improvement(world: World, state: str) -> Target:
    """A fresh improvement loop of the first company at b00, b00.a answering for it."""
    said = PlanImprovement(
        title="及时率", finding="低", unit_id=id_of("b00"), due_on=date(2030, 1, 1),
        measures=(MeasureGiven(text="核对", owner_id=id_of("b00.a"), due_on=date(2030, 1, 1)),),
    )  # fmt: skip
    made = Improvement.plan(said, id=uuid4(), owner_id=id_of("b00.a"), before=None, at=AT)
    if state != "planned":
        made.finish(FinishMeasure(number=1), at=AT, day=DAY)
    if state == "checked":
        made.check(CheckImprovement(effect=Effect.PARTLY, finding="好"), after=None, at=AT)
    await world.append(0, [made], actor="b00.a")
    return Target(str(made.id), made.version)


async def training(world: World, state: str) -> Target:
    """A fresh training need of b00.a."""
    said = ProposeTraining(owner_id=id_of("b00.a"), topic="产品知识")
    made = TrainingNeed.propose(said, id=uuid4(), unit_id=id_of("b00"), post="representative", before=None, at=AT)
    if state == "held":
        made.hold(HoldTraining(result=TrainingResult.PASSED), at=AT, day=DAY)
    await world.append(0, [made], actor="b00.manager")
    return Target(str(made.id), made.version)


def _maker(make: Callable[[World, str], Awaitable[Target]], state: str) -> Callable[[World], Awaitable[Target]]:
    return lambda world: make(world, state)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    **{f"improvement.{state}": _maker(improvement, state) for state in ("planned", "done", "checked")},
    **{f"training.{state}": _maker(training, state) for state in ("proposed", "held")},
}
