"""What operations on lead plans need. Tests nothing itself."""

from __future__ import annotations

from tests.schemathesis.nouns.kpi_splits import ahead
from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

RATES: list[JSON] = [
    {"name": "units_per_order", "value": "2"},
    {"name": "prospect_conversion", "value": "0.25"},
    {"name": "record_mix", "channel": "web", "value": "1"},
    {"name": "lead_to_record", "channel": "web", "value": "0.5"},
]
WEB: JSON = {"channel": "web", "leads": 70}


def _proposing(r: Records, month: str | None = None) -> JSON:
    return {"month": month or ahead(), "unit_id": r.root, "order_units": "10", "rates": RATES}


def _plan(r: Records, *, issued: bool = False) -> Made:
    made = r.tell("kpi", "/v1/lead-plans", _proposing(r))
    if issued:
        made = r.tell("kpi", f"/v1/lead-plans/{made.id}/issue", {}, made.version)
    return made


def _begun(r: Records) -> Made:
    """A plan of a month that has begun, of a unit of its own."""
    body = {**_proposing(r, "2024-03"), "unit_id": r.unit().id}
    made = r.tell("kpi", "/v1/lead-plans", body)
    return r.tell("kpi", f"/v1/lead-plans/{made.id}/issue", {}, made.version)


def _on(body: JSON, *, issued: bool = False) -> Maker:
    return lambda r, _: on("lead_plan_id", _plan(r, issued=issued), body)


def _often(r: Records) -> Ready:
    return on("lead_plan_id", r.often("lead plan", lambda: _plan(r)))


MADE: dict[str, Maker] = {
    "lead_plans.propose": lambda r, _: Ready(body=_proposing(r)),
    "lead_plans.read": lambda r, _: _often(r),
    "lead_plans.way_back": lambda r, _: _often(r),
    "lead_plans.weeks": lambda r, _: _often(r),
    "lead_plans.rework": _on({"rates": RATES, "history_months": 3}),
    "lead_plans.edit": _on({"channels": [WEB]}),
    "lead_plans.issue": _on({}),
    "lead_plans.change": _on({"channels": [WEB], "reason": "加投"}, issued=True),
    "lead_plans.review_week": lambda r, _: on("lead_plan_id", _begun(r), {"week": 1, "findings": ["不足"]}),
    "lead_plans.correct": _on({"version": 1, "changes": {"channels": [WEB]}, "reason": "错"}),
    "lead_plans.void": _on({"version": 2, "reason": "错"}, issued=True),
}
