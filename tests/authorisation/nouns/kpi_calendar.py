"""The matrix and its targets for calendar: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.authorisation import expectations as who
from tests.authorisation.row import Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

DAY = {"day": "2030-02-05", "is_working": False, "occasion": "春节"}

ROWS: dict[str, Row] = {
    "calendar.read": listed(),
    "calendar.declare_days": Row(who.PUBLISHING, body={"days": [DAY]}, matched=False),
    "calendar.publish_sales_month": Row(
        who.PUBLISHING, body={"effective_from": "2030-01", "last_day": 25}, matched=False
    ),
}

MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {}
