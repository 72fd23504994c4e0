"""What operations on calendar need. Tests nothing itself."""

from __future__ import annotations

from tests.schemathesis.records import Maker, Ready

DAY = {"day": "2030-02-05", "is_working": False, "occasion": "春节"}

MADE: dict[str, Maker] = {
    "calendar.declare_days": lambda r, _: Ready(body={"days": [DAY]}),
    "calendar.publish_sales_month": lambda r, _: Ready(body={"effective_from": "2030-01", "last_day": 25}),
}
