"""What operations on projects need. Tests nothing itself."""

from __future__ import annotations

from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

RISK: JSON = {"code": "R1", "title": "缺货", "probability": "high", "impact": "low"}
ACCEPTED: JSON = {"result": "accepted_with_open_points", "open_points": [{"code": "O1", "title": "补脚垫"}]}


def _opening(r: Records) -> JSON:
    milestones = [{"code": "M1", "title": "交车", "planned_on": "2030-01-01"}]
    return {"opportunity_id": r.prospect().id, "title": "交付", "milestones": milestones}


def _project(r: Records, *steps: tuple[str, JSON]) -> Made:
    made = r.tell("opportunities", "/v1/projects", _opening(r))
    for verb, body in steps:
        made = r.tell("opportunities", f"/v1/projects/{made.id}/{verb}", body, made.version)
    return made


def _on(body: JSON, *steps: tuple[str, JSON]) -> Maker:
    return lambda r, _: on("project_id", _project(r, *steps), body)


MADE: dict[str, Maker] = {
    "projects.open": lambda r, _: Ready(body=_opening(r)),
    "projects.read": lambda r, _: on("project_id", r.often("project", lambda: _project(r))),
    "projects.replan": _on({"milestones": [], "reason": "推迟"}),
    "projects.budget": _on({"budget": [{"category": "travel", "amount": "5.00"}], "reason": "追加"}),
    "projects.assign_manager": lambda r, _: on("project_id", _project(r), {"manager_id": r.a_person().id}),
    "projects.reach_milestone": _on({"code": "M1"}),
    "projects.enter_cost": _on({"category": "travel", "amount": "5.00"}),
    "projects.review": _on({"findings": ["好"]}),
    "projects.assess_risk": _on(RISK),
    "projects.close_risk": _on({"code": "R1"}, ("assess-risk", RISK)),
    "projects.hold_acceptance": _on({"result": "accepted"}),
    "projects.finish_point": _on({"code": "O1"}, ("hold-acceptance", ACCEPTED)),
    "projects.learn_lesson": _on({"category": "delivery", "text": "提前预约"}),
    "projects.close": _on({"reason": "完成"}),
    "projects.correct": _on({"version": 1, "changes": {"title": "改名"}, "reason": "错"}),
    "projects.void": _on({"version": 2, "reason": "错"}, ("assess-risk", RISK)),
}
