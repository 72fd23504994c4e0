"""What operations on improvements need. Tests nothing itself."""

from __future__ import annotations

from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

DUE = "2199-01-01"
CHECK: JSON = {"effect": "effective", "finding": "好"}
HELD: JSON = {"result": "passed"}


def _planning(r: Records) -> JSON:
    measures = [{"text": "核对", "owner_id": r.a_person().id, "due_on": DUE}]
    return {"title": "及时率", "finding": "低", "unit_id": r.root, "due_on": DUE, "measures": measures}


def _improvement(r: Records, *steps: tuple[str, JSON]) -> Made:
    made = r.tell("kpi", "/v1/improvements", _planning(r))
    for verb, body in steps:
        made = r.tell("kpi", f"/v1/improvements/{made.id}/{verb}", body, made.version)
    return made


def _need(r: Records, *steps: tuple[str, JSON]) -> Made:
    made = r.tell("kpi", "/v1/training-needs", {"owner_id": r.a_person().id, "topic": "产品知识"})
    for verb, body in steps:
        made = r.tell("kpi", f"/v1/training-needs/{made.id}/{verb}", body, made.version)
    return made


def _on(body: JSON, *steps: tuple[str, JSON]) -> Maker:
    return lambda r, _: on("improvement_id", _improvement(r, *steps), body)


def _training(body: JSON, *steps: tuple[str, JSON]) -> Maker:
    return lambda r, _: on("need_id", _need(r, *steps), body)


DONE: tuple[str, JSON] = ("finish-measure", {"number": 1})

MADE: dict[str, Maker] = {
    "improvements.plan": lambda r, _: Ready(body=_planning(r)),
    "improvements.read": lambda r, _: on("improvement_id", r.often("improvement", lambda: _improvement(r))),
    "improvements.finish_measure": _on({"number": 1}),
    "improvements.check": _on(CHECK, DONE),
    "improvements.act": _on({"decision": "standardise", "rule": "写入制度"}, DONE, ("check", CHECK)),
    "improvements.correct": _on({"version": 1, "changes": {"title": "改名"}, "reason": "错"}),
    "improvements.void": _on({"version": 2, "reason": "错"}, DONE),
    "training_needs.propose": lambda r, _: Ready(body={"owner_id": r.a_person().id, "topic": "产品知识"}),
    "training_needs.read": lambda r, _: on("need_id", r.often("training need", lambda: _need(r))),
    "training_needs.plan": _training({"course": "新车型", "planned_on": DUE}),
    "training_needs.hold": _training(HELD),
    "training_needs.check": _training(CHECK, ("hold", HELD)),
    "training_needs.drop": _training({"reason": "调岗"}),
    "training_needs.correct": _training({"version": 1, "changes": {"topic": "改名"}, "reason": "错"}),
    "training_needs.void": _training({"version": 2, "reason": "错"}, ("hold", HELD)),
}
