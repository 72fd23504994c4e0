"""What operations on approvals need. Tests nothing itself."""

from __future__ import annotations

from tests.schemathesis.records import Maker, Ready, Records, on

RECALL = {"reason": "预算推迟", "recall_on": "2199-01-01"}


def _decide(records: Records, service: str) -> Ready:
    made = records.prospect("request-defeat", "verify-defeat")
    item = {"kind": "defeat", "id": made.id, "version": made.version, "decision": "approve", "body": {}}
    return Ready(body={"items": [item]})


def _verify(records: Records, service: str) -> Ready:
    return on("opportunity_id", records.prospect("request-defeat"), {"verdict": "confirmed", "attempts": 2})


def _freeze(records: Records, service: str) -> Ready:
    return on("opportunity_id", records.prospect("request-defeat"), RECALL)


def _give(records: Records, service: str) -> Ready:
    body = {"owner_id": records.person().id, "finding": "own_doing"}
    return on("opportunity_id", records.prospect("request-defeat"), body)


MADE: dict[str, Maker] = {
    "approvals.decide": _decide,
    "opportunities.verify_defeat": _verify,
    "opportunities.freeze_instead": _freeze,
    "opportunities.give_to": _give,
}
