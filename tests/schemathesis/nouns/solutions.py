"""What operations on solutions need. Tests nothing itself. To draft one takes technical support, which no caller is."""

from __future__ import annotations

from tests.schemathesis.nouns.dealing import asked, correction, deal
from tests.schemathesis.records import Made, Maker, Ready, Records, on

PATH = "/v1/solutions"


def _technician(r: Records) -> Made:
    body = {"name": "李工", "functions": ["technical_support"], "unit_id": r.root}
    return r.tell("accounts", "/v1/people", body)


def _requested(r: Records) -> Made:
    return asked(r, PATH, {**deal(r), "need": "车"})


def _drafted(r: Records) -> Made:
    made = _requested(r)
    technician = r.often("technician", lambda: _technician(r), 100).id
    return asked(r, f"{PATH}/{made.id}/draft", {"summary": "稿"}, made.version, technician)


def _submitted(r: Records) -> Made:
    made = _drafted(r)
    return asked(r, f"{PATH}/{made.id}/submit", {}, made.version)


def _approved(r: Records) -> Made:
    made = _submitted(r)
    return r.tell("opportunities", f"{PATH}/{made.id}/approve", {}, made.version)


MADE: dict[str, Maker] = {
    "solutions.request": lambda r, _: Ready(body={**deal(r), "need": "车"}),
    "solutions.read": lambda r, _: on("solution_id", r.often("solution", lambda: _requested(r))),
    "solutions.submit": lambda r, _: on("solution_id", _drafted(r), {}),
    "solutions.approve": lambda r, _: on("solution_id", _submitted(r), {}),
    "solutions.return": lambda r, _: on("solution_id", _submitted(r), {"comment": "补"}),
    "solutions.present": lambda r, _: on("solution_id", _approved(r), {"reaction": "accepted"}),
    "solutions.withdraw": lambda r, _: on("solution_id", _requested(r), {"reason": "租赁"}),
    "solutions.correct": lambda r, _: on("solution_id", _requested(r), correction({"need": "客车"})),
    "solutions.void": lambda r, _: on("solution_id", _drafted(r), {"version": 2, "reason": "错"}),
}
