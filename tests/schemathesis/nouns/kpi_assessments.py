"""What operations on assessments and commissions need. Tests nothing itself.

Of a commission there is no maker: it wants a closed month, and what is closed here is another case's.
"""

from __future__ import annotations

from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

PART: JSON = {"code": "a", "zh": "甲", "en": "a", "weight": "1", "source": "kpi", "kpi": "deliveries"}
RULE_LINE: JSON = {"code": "a", "kpi": "deliveries", "rate": "800", "currency": "CNY"}
RATING: JSON = {"rater": "superior", "aspect": "attitude", "points": "90"}


def _opening(r: Records) -> JSON:
    return {"owner_id": r.person().id, "month": "2025-01"}


def _assessment(r: Records, *steps: tuple[str, JSON]) -> Made:
    made = r.tell("kpi", "/v1/assessments", _opening(r))
    for verb, body in steps:
        made = r.tell("kpi", f"/v1/assessments/{made.id}/{verb}", body, made.version)
    return made


def _on(body: JSON, *steps: tuple[str, JSON]) -> Maker:
    return lambda r, _: on("assessment_id", _assessment(r, *steps), body)


MADE: dict[str, Maker] = {
    "assessment_schemes.publish": lambda r, _: Ready(
        body={"effective_from": "2199-01-01", "post": "after_sales", "cycle": "month", "parts": [PART]}
    ),
    "commission_rules.publish": lambda r, _: Ready(
        body={"effective_from": "2199-01-01", "post": "after_sales", "lines": [RULE_LINE]}
    ),
    "assessments.open": lambda r, _: Ready(body=_opening(r)),
    "assessments.read": lambda r, _: on("assessment_id", r.often("assessment", lambda: _assessment(r))),
    "assessments.rate": _on(RATING),
    "assessments.void": _on({"version": 2, "reason": "错"}, ("rate", RATING)),
}
