"""A project from its plan to the customer's acceptance, as of earlier days and as known then."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.telling import OPPORTUNITIES, Company, Deal, Person, ago, lines
from tests.stack import Running

PROJECTS = "/v1/projects"


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    for branch in ("E", "W"):
        company.hire(f"rep {branch}", "representative", branch)
    company.office.tell("/v1/products", {"code": "A6L", "name": "奥迪 A6L", "currency": "CNY"})
    return company


class Followed(Deal):
    """One project, its version kept."""

    def tell(self, by: Person, verb: str, days_ago: int, **body: Any) -> None:
        path = f"{PROJECTS}/{self.id}/{verb}"
        self.version = by.tell(path, body | {"on": ago(days_ago)}, self.version)["version"]

    def row(self, by: Person, *, seen: int = 0, **when: str) -> dict[str, Any]:
        (found,) = [row for row in by.read("/v1/reports/projects", when, seen=seen)["rows"] if row["id"] == self.id]
        return dict(found)

    def refused(self, by: Person, verb: str, **body: Any) -> tuple[int, str]:
        status, said = by.send(f"{PROJECTS}/{self.id}/{verb}", body, self.version)
        return status, said["code"]


def test_a_project_from_plan_to_acceptance(company: Company) -> None:
    rep = company.people["rep E"]
    manager_id = company.hire("manager W", "project_manager", "W")
    manager = company.people["manager W"]
    account = rep.tell("/v1/accounts", {"name": "申城出租", "on": ago(90)})
    body = {"account_id": account["id"], "title": "出租车更新", "lines": lines(A6L=3), "on": ago(80)}
    deal = Deal(rep.tell(OPPORTUNITIES, body)["id"])
    deal.tell(rep, "win", 70)
    rep.position = max(rep.position, manager.position)
    opening: dict[str, Any] = {
        "opportunity_id": deal.id, "title": "交付项目", "currency": "CNY", "manager_id": manager_id,
        "phases": [{"code": "P1", "title": "上牌", "start_on": ago(60), "end_on": ago(30)}],
        "milestones": [
            {"code": "M1", "title": "资料齐全", "planned_on": ago(55), "phase": "P1"},
            {"code": "M2", "title": "首批交车", "planned_on": ago(40), "phase": "P1"},
        ],
        "budget": [{"category": "travel", "amount": "10000.00"}, {"category": "training", "amount": "5000.00"}],
        "on": ago(65),
    }  # fmt: skip
    twice = opening | {"budget": [{"category": "travel", "amount": "1"}] * 2}
    assert rep.send(PROJECTS, twice)[1]["code"] == "code_twice"
    phase = {"code": "P1", "title": "上牌", "start_on": ago(30), "end_on": ago(60)}
    assert rep.send(PROJECTS, opening | {"phases": [phase]})[1]["code"] == "ends_before_start"
    assert rep.send(PROJECTS, opening | {"phases": []})[1]["code"] == "unknown_phase"
    nothing = {name: value for name, value in opening.items() if name != "opportunity_id"}
    assert rep.send(PROJECTS, nothing)[1]["code"] == "no_subject"
    project = Followed(rep.tell(PROJECTS, opening)["id"])
    manager.position = rep.position

    # the manager works in the other branch and sees it; nobody else there does
    assert manager.status(f"{OPPORTUNITIES}/{deal.id}") == 404
    project.tell(manager, "reach-milestone", 54, code="M1")
    assert project.refused(manager, "reach-milestone", code="M1") == (409, "milestone_reached")
    assert project.refused(manager, "reach-milestone", code="M9") == (422, "unknown_milestone")
    row = project.row(manager)
    assert (row["milestones"], row["milestones_reached"], row["milestones_reached_late"], row["milestones_late"]) == (
        2, 1, 1, 1,
    )  # fmt: skip
    assert project.row(manager, as_of=ago(40))["milestones_late"] == 0, "its own day is still in time"
    assert project.row(manager, as_of=ago(39))["milestones_late"] == 1
    moved = [opening["milestones"][0], {**opening["milestones"][1], "planned_on": ago(20)}]
    assert project.refused(manager, "replan", milestones=moved[1:], reason="x") == (409, "milestone_dropped")
    known = manager.position
    project.tell(manager, "replan", 45, milestones=moved, reason="客户推迟上牌")
    row = project.row(manager, as_of=ago(39))
    assert (row["milestones_late"], row["slipped_days"], row["next_milestone_on"]) == (0, 20, ago(20))
    assert project.row(manager, as_of=ago(39), known_at=str(known))["milestones_late"] == 1, "as known then"

    # money
    project.tell(manager, "enter-cost", 44, category="travel", amount="9000.00", ref="BX-1")
    project.tell(manager, "enter-cost", 30, category="gifts", amount="7000.00")
    row = project.row(manager)
    assert (row["budget"], row["cost"], row["budget_used"], row["over_budget"]) == (
        "15000.00", "16000.00", 1.066667, True,
    )  # fmt: skip
    assert project.row(manager, as_of=ago(44))["budget_used"] == 0.6
    assert row["money"] == [
        {"category": "gifts", "budget": "0.00", "cost": "7000.00"},
        {"category": "training", "budget": "5000.00", "cost": "0.00"},
        {"category": "travel", "budget": "10000.00", "cost": "9000.00"},
    ]
    fix = {"version": project.version, "changes": {}, "reason": "金额录错"}
    fix["changes"] = {"costs": [{"category": "gifts", "amount": "700.00", "on": ago(30)}]}
    before = manager.position
    project.version = manager.tell(f"{PROJECTS}/{project.id}/correct", fix, project.version)["version"]
    assert project.row(manager)["cost"] == "9700.00"
    assert project.row(manager, known_at=str(before))["cost"] == "16000.00"
    project.tell(manager, "budget", 29, budget=[{"category": "travel", "amount": "20000.00"}], reason="追加")

    # review and risks
    project.tell(manager, "review", 28, findings=["上牌窗口不足"])
    project.tell(manager, "assess-risk", 28, code="R1", title="上牌名额不足", probability="high", impact="medium")
    project.tell(manager, "assess-risk", 27, code="R2", title="备件缺货", probability="low", impact="low")
    row = project.row(manager)
    assert (row["open_risks"], row["high_risks"], row["findings"]) == (2, 1, ["上牌窗口不足"])
    project.tell(manager, "close-risk", 22, code="R1")
    assert project.refused(manager, "close-risk", code="R1") == (422, "unknown_risk")
    assert (project.row(manager)["open_risks"], project.row(manager, as_of=ago(23))["open_risks"]) == (1, 2)

    # acceptance, open points, lessons
    project.tell(manager, "reach-milestone", 18, code="M2")
    bare = {"result": "accepted_with_open_points"}
    assert project.refused(manager, "hold-acceptance", **bare) == (422, "points_missing")
    project.tell(manager, "hold-acceptance", 15, result="refused")
    assert project.row(manager)["acceptance"] == "refused"
    points = [{"code": "O1", "title": "补两套脚垫", "due_on": ago(5)}]
    project.tell(manager, "hold-acceptance", 10, **bare, open_points=points)
    row = project.row(manager)
    assert (row["status"], row["acceptance"], row["open_points"], row["overdue_points"]) == (
        "accepted", "accepted_with_open_points", 1, 1,
    )  # fmt: skip
    assert project.refused(manager, "replan", milestones=moved, reason="x") == (409, "project_not_running")
    project.tell(manager, "finish-point", 4, code="O1")
    project.tell(manager, "learn-lesson", 3, category="delivery", text="上牌须提前两周预约窗口")
    project.tell(manager, "close", 2, reason="全部完成")
    assert project.refused(manager, "review") == (409, "project_closed")
    shown = manager.read(f"{PROJECTS}/{project.id}")
    assert shown["standing"]["lessons"][0]["text"] == "上牌须提前两周预约窗口"
    assert "learn-lesson" in shown["allowed_actions"]
    assert "replan" not in shown["allowed_actions"]
    assert rep.read(f"{PROJECTS}/{project.id}", {"as_of": ago(50)}, seen=manager.position)["standing"]["status"] == (
        "running"
    )

    # one of the account alone, and who sees what
    own = Followed(rep.tell(PROJECTS, {"account_id": account["id"], "title": "年度服务", "on": ago(20)})["id"])
    seen = max(rep.position, manager.position)
    listed = rep.read(PROJECTS, {"account_id": account["id"]}, seen=seen)["items"]
    assert [row["title"] for row in listed] == ["年度服务", "交付项目"]
    assert [row["title"] for row in manager.read(PROJECTS, seen=seen)["items"]] == ["交付项目"]
    total = company.office.read("/v1/reports/projects", seen=seen)["total"]
    assert (total["projects"], total["milestones_late"], total["accepted"]) == (2, 0, 1)
    other = company.people["rep W"]
    for id in (project.id, own.id):
        assert other.status(f"{PROJECTS}/{id}") == 404
        assert other.send(f"{PROJECTS}/{id}/review", {}, 1)[0] == 404
    assert other.read(PROJECTS, seen=seen)["items"] == []
    assert other.read("/v1/reports/projects", seen=seen)["rows"] == []
    assert other.send(PROJECTS, {"opportunity_id": deal.id, "title": "x"})[1]["code"] == "unknown_opportunity"
    assert other.send(PROJECTS, {"account_id": account["id"], "title": "x"})[1]["code"] == "unknown_account"
