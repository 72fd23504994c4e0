"""What operations on leads need. Tests nothing itself."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from tests.schemathesis.records import JSON, Made, Maker, NotMade, Ready, Records, on


def _asked() -> JSON:
    return {"channel": "web", "account_name": secrets.token_hex(4)}


def _lead(r: Records) -> Made:
    return r.tell("opportunities", "/v1/leads", _asked())


def _on_lead(body: Callable[[Records], JSON]) -> Maker:
    return lambda r, _: on("lead_id", _lead(r), body(r))


def _visitors(r: Records) -> JSON:
    return {"counts": [{"unit_id": r.root, "channel": secrets.token_hex(4), "day": "2025-03-01", "count": 5}]}


def _counted(r: Records) -> Made:
    headers = {**r._said, "idempotency-key": secrets.token_hex(8)}
    answer = r._http["opportunities"].post("/v1/visitor-counts", json=_visitors(r), headers=headers)
    if answer.status_code != 200:
        raise NotMade(answer.text)
    return Made(answer.json()["ids"][0], 1)


def _spent(r: Records) -> JSON:
    return {"unit_id": r.root, "channel": "web", "month": "2025-03", "amount": "100.00"}


def _on_spend(body: JSON) -> Maker:
    return lambda r, _: on("spend_id", r.tell("opportunities", "/v1/spend", _spent(r)), body)


MADE: dict[str, Maker] = {
    "leads.receive": lambda r, _: Ready(body=_asked()),
    "leads.receive_many": lambda r, _: Ready(body={"leads": [_asked(), _asked()]}),
    "leads.read": lambda r, _: on("lead_id", r.often("lead", lambda: _lead(r))),
    "leads.assign": _on_lead(lambda r: {"owner_id": r.a_person().id, "unit_id": r.root}),
    "leads.claim": _on_lead(lambda _: {}),
    "leads.contact": _on_lead(lambda _: {"way": "phone"}),
    "leads.dispose": _on_lead(lambda _: {"disposal": "no_intention"}),
    "leads.capture": _on_lead(lambda r: r.capturing()),
    "leads.correct": _on_lead(lambda _: {"version": 1, "changes": {"channel": "phone"}, "reason": "错"}),
    "leads.void": lambda r, _: _contacted(r),
    "visitor_counts.count": lambda r, _: Ready(body=_visitors(r)),
    "visitor_counts.correct": lambda r, _: on(
        "count_id", _counted(r), {"version": 1, "changes": {"count": 6}, "reason": "错"}
    ),
    "visitor_counts.void": lambda r, _: on("count_id", _counted(r), {"version": 1, "reason": "错"}),
    "spend.record": lambda r, _: Ready(body=_spent(r)),
    "spend.correct": _on_spend({"version": 1, "changes": {"amount": "120.00"}, "reason": "错"}),
    "spend.void": _on_spend({"version": 1, "reason": "错"}),
    "opportunities.check": lambda r, _: Ready(body={"account_id": r.an_account().id}),
}


def _contacted(r: Records) -> Ready:
    lead = _lead(r)
    made = r.tell("opportunities", f"/v1/leads/{lead.id}/contact", {"way": "phone"}, lead.version)
    return on("lead_id", made, {"version": made.version, "reason": "错"})
