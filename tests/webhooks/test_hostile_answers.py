"""What a receiver answers to hurt whoever reads it is an answer like any other."""

from __future__ import annotations

import asyncio
import ssl
import threading
from typing import Any

import pytest

from shared.webhooks import names
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


async def test_names_that_hang_keep_no_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has many names may let all of them hang, whenever they are asked for."""
    let = threading.Event()

    def asked(host: str, port: int) -> list[Any]:
        if host.startswith("hangs"):
            let.wait(20)
        return [(0, 0, 0, "", ("192.0.2.7", port))]

    monkeypatch.setattr(names, "_getaddrinfo", asked)
    monkeypatch.setattr(names, "SLOW_SECONDS", 0.02)
    hanging = [f"hangs-{number}.example.com" for number in range(2 * names.THREADS)]
    resolver = names.Names()
    try:
        first = [asyncio.create_task(resolver.resolve(host)) for host in hanging]
        await asyncio.sleep(0.1)
        let.set()
        await asyncio.gather(*first)
        let.clear()
        asking = [asyncio.create_task(resolver.resolve(host)) for host in hanging[: names.THREADS]]
        await asyncio.sleep(0.05)
        async with asyncio.timeout(10):
            assert (await resolver.resolve("quick.example.com"))[0]["host"] == "192.0.2.7"
        assert not any(task.done() for task in asking)
    finally:
        let.set()
        await asyncio.gather(*asking)
        await resolver.close()
