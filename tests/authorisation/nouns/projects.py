"""The matrix and its targets for projects: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from services.opportunities.events import AcceptanceResult
from services.opportunities.projects.commands import AssessRisk, HoldAcceptance, OpenProject
from services.opportunities.projects.project import Project
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.deals import OPPORTUNITIES, opportunity_of
from tests.authorisation.nouns.filings import DRAFTING
from tests.authorisation.row import Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import MARKS, World

OPENED = datetime(2025, 10, 1, 2, tzinfo=UTC)
LATER = datetime(2025, 10, 2, 2, tzinfo=UTC)
RISK = {"code": "R1", "title": "缺货", "probability": "high", "impact": "low"}


def _on(state: str, body: Any) -> Row:
    return Row(who.RECORD_CHANGE, f"project.{state}", body)


ROWS: dict[str, Row] = {
    "projects.list": listed(),
    "projects.read": Row(who.RECORD_READ, "project.running"),
    "projects.open": Row(
        DRAFTING, "deal.won", lambda target: {"opportunity_id": target.id, "title": "交付"}, matched=False
    ),
    "projects.replan": _on("running", {"milestones": [], "reason": "推迟"}),
    "projects.budget": _on("running", {"budget": [{"category": "travel", "amount": "5.00"}], "reason": "追加"}),
    "projects.assign_manager": _on("running", {"manager_id": str(id_of("b00.b"))}),
    "projects.reach_milestone": _on("running", {"code": "M1"}),
    "projects.enter_cost": _on("running", {"category": "travel", "amount": "5.00"}),
    "projects.review": _on("running", {"findings": ["好"]}),
    "projects.assess_risk": _on("running", RISK),
    "projects.close_risk": _on("risky", {"code": "R1"}),
    "projects.hold_acceptance": _on("running", {"result": "accepted"}),
    "projects.finish_point": _on("accepted", {"code": "O1"}),
    "projects.learn_lesson": _on("running", {"category": "delivery", "text": "提前预约"}),
    "projects.close": _on("running", {"reason": "完成"}),
    "projects.correct": _on("running", {"version": 1, "changes": {"title": "改名"}, "reason": "错"}),
    "projects.void": _on("risky", {"version": 2, "reason": "错"}),
    "reports.projects": listed(),
}


async def project(world: World, state: str) -> Target:
    """A fresh project of the first company, of an order of b00.a, managed by the director."""
    deal = opportunity_of(replace(OPPORTUNITIES["only.deal.hot"], state="won"), MARKS[0], uuid4())
    opening = {
        "title": "交付", "opportunity_id": str(deal.id),
        "milestones": [{"code": "M1", "title": "交车", "planned_on": "2026-01-01"}],
    }  # fmt: skip
    made = Project.open(
        OpenProject.model_validate(opening), id=uuid4(), account_id=deal.standing["account_id"],
        owner_id=id_of("b00.a"), unit_id=id_of("b00"), manager_id=id_of("director"), at=OPENED,
    )  # fmt: skip
    day = date(2025, 10, 2)
    if state == "risky":
        made.assess(AssessRisk.model_validate(RISK), at=LATER, day=day)
    if state == "accepted":
        points = [{"code": "O1", "title": "补脚垫"}]
        said = {"result": AcceptanceResult.WITH_OPEN_POINTS, "open_points": points}
        made.hold_acceptance(HoldAcceptance.model_validate(said), at=LATER, day=day)
    await world.append(0, [deal], actor="b00.a")
    await world.append(0, [made], actor="b00.a")
    return Target(str(made.id), made.version)


def _maker(state: str) -> Callable[[World], Awaitable[Target]]:
    return lambda world: project(world, state)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    f"project.{state}": _maker(state) for state in ("running", "risky", "accepted")
}
