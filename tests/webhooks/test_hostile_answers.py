"""What a receiver answers to hurt whoever reads it is an answer like any other."""

from __future__ import annotations

import ssl

import pytest

from shared.webhooks.posting import Poster
from shared.webhooks.proving import echoes
from tests.webhooks.receivers import LOOPBACK, receiver, says


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 20 Nov 99999999999999999999 10:00:00 GMT",
        "Mon, 20 Nov 2026 10:00:00 +999999999999999999",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 20 Nov 2026 99:99:99 GMT",
    ],
)
async def test_a_clock_beyond_any_time_is_no_reason_to_fail(date: str) -> None:
    async with Poster(trust=ssl.create_default_context()) as poster, receiver(says(headers=[("Date", date)])) as theirs:
        answer = await poster.post(theirs.url, {}, b"{}", allowed=LOOPBACK)
    assert answer.ok


@pytest.mark.parametrize("heard", [b"[" * 2_000, b'{"a":' * 400, b"9" * 2_000, b"\xff", b"NaN"])
def test_brackets_without_end_are_no_challenge(heard: bytes) -> None:
    assert echoes(heard, "challenge") is False
