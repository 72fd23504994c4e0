"""The feed goes on whatever a fact holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from httpx import AsyncClient

from shared.feed.envelope import rendered


def test_numbers_of_more_than_64_bits_do_not_end_the_feed() -> None:
    at = datetime(2026, 1, 31, 16, tzinfo=UTC)
    plain = {"items": [{"recorded_at": at, "data": {"x": 1}}], "next": "车"}
    great = {"items": [{"recorded_at": at, "data": {"x": 10**300}}], "next": "车"}
    assert json.loads(rendered(great))["items"][0] == {
        "recorded_at": json.loads(rendered(plain))["items"][0]["recorded_at"],
        "data": {"x": 10**300},
    }


async def test_a_place_the_log_has_not_reached_is_refused(head_office: AsyncClient) -> None:
    position = (await head_office.get("/v1/events/head")).json()["position"]
    at_the_end = await head_office.get(f"/v1/events?after={position}")
    assert (at_the_end.status_code, at_the_end.json()["items"]) == (200, [])
    beyond = await head_office.get(f"/v1/events?after={position + 1}")
    assert (beyond.status_code, beyond.json()["code"], beyond.json()["position"]) == (409, "not_recorded_yet", position)
