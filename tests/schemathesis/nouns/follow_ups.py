"""What operations on follow ups need. Tests nothing itself."""

from __future__ import annotations

from tests.schemathesis.records import Maker, Ready, on

MADE: dict[str, Maker] = {
    "opportunities.contact": lambda r, _: on(
        "opportunity_id", r.prospect(), {"way": "phone", "result": "interested", "next_on": "2199-01-01"}
    ),
    "opportunities.contacts": lambda r, _: on("opportunity_id", r.often("called", r.prospect)),
    "opportunities.plan_follow_up": lambda r, _: on("opportunity_id", r.prospect(), {"follow_up_on": "2199-01-01"}),
    "follow_up_policies.publish": lambda r, _: Ready(
        body={"effective_from": "2199-01-01", "escalations": [{"level": "H", "after_days": 1}]}
    ),
}
