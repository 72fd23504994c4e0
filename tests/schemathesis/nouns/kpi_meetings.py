"""What operations on meetings need. Tests nothing itself."""

from __future__ import annotations

from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on


def _holding(r: Records) -> JSON:
    return {"kind": "other", "title": "周会", "unit_id": r.root}


def _instructing(r: Records) -> JSON:
    return {"text": "约见", "owner_id": r.a_person().id, "due_on": "2199-01-01"}


def _meeting(r: Records) -> Made:
    return r.tell("kpi", "/v1/meetings", _holding(r))


def _instructed(r: Records) -> Made:
    made = _meeting(r)
    return r.tell("kpi", f"/v1/meetings/{made.id}/instruct", _instructing(r), made.version)


def _on(body: JSON) -> Maker:
    return lambda r, _: on("meeting_id", _instructed(r), body)


MADE: dict[str, Maker] = {
    "meetings.hold": lambda r, _: Ready(body=_holding(r)),
    "meetings.read": lambda r, _: on("meeting_id", r.often("meeting", lambda: _meeting(r))),
    "meetings.decide": _on({"text": "主推混动"}),
    "meetings.instruct": lambda r, _: on("meeting_id", _meeting(r), _instructing(r)),
    "meetings.finish_instruction": _on({"number": 1}),
    "meetings.drop_instruction": _on({"number": 1, "reason": "取消"}),
    "meetings.write_minutes": _on({"minutes": "一、……"}),
    "meetings.close": _on({}),
    "meetings.correct": _on({"version": 1, "changes": {"title": "改名"}, "reason": "错"}),
    "meetings.void": _on({"version": 2, "reason": "错"}),
}
