"""The feed goes on whatever a fact holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from shared.http.feed import rendered


def test_numbers_of_more_than_64_bits_do_not_end_the_feed() -> None:
    at = datetime(2026, 1, 31, 16, tzinfo=UTC)
    plain = {"items": [{"recorded_at": at, "data": {"x": 1}}], "next": "车"}
    great = {"items": [{"recorded_at": at, "data": {"x": 10**300}}], "next": "车"}
    assert json.loads(rendered(great))["items"][0] == {
        "recorded_at": json.loads(rendered(plain))["items"][0]["recorded_at"],
        "data": {"x": 10**300},
    }
