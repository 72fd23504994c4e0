"""The matrix and its targets for follow ups: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.opportunities.follow_ups.policy import PublishFollowUpPolicy
from tests.authorisation import expectations as who
from tests.authorisation.row import Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

ROWS: dict[str, Row] = {
    "opportunities.contact": Row(
        who.RECORD_CHANGE, "deal.hot", {"way": "phone", "next_on": "2199-01-01"}, matched=False
    ),
    "opportunities.contacts": Row(who.RECORD_READ, "deal.hot"),
    "opportunities.plan_follow_up": Row(who.RECORD_CHANGE, "deal.hot", {"follow_up_on": "2199-01-01"}),
    "follow_up_policies.publish": Row(
        who.PUBLISHING,
        body=PublishFollowUpPolicy.model_config["json_schema_extra"]["examples"][0],  # type: ignore[index]
    ),
    "follow_up_policies.read": listed(),
    "follow_ups.list": listed(),
    "today.read": listed(),
    "reports.follow_ups": listed(),
    "reports.hot_changes": listed(),
}

MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {}
