"""The event stream of a running installation with a thousand clients, of whom half take nothing.

With DAKEHU_SOAK=1 for so long that those are cut off.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from pathlib import Path

import httpx

from tests.stack import Running
from tests.streams.listeners import Listener, listen, token
from tests.streams.test_view_stream import tell

CLIENTS = 1_000
ROUNDS = 60 if os.environ.get("DAKEHU_SOAK") else 6
AT_ONCE = 20
MOST_GROWN = 64 * 1024
"""KiB: what half a thousand clients who take nothing may cost is bounded by what is under way to each."""
PATIENCE_SECONDS = 60.0


def resident(process: int) -> int:
    """KiB of memory a process holds."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    assert found is not None
    return int(found.group(1))


async def told(http: httpx.AsyncClient, running: Running) -> list[int]:
    """New accounts; their positions in order."""
    positions: list[int] = []
    for _ in range(ROUNDS):
        positions += await asyncio.gather(*(tell(http, running) for _ in range(AT_ONCE)))
    return sorted(positions)


async def heard(listeners: list[Listener], last: int) -> float:
    """Wait until all have heard of this position; seconds it took."""
    begun = time.monotonic()
    async with asyncio.timeout(PATIENCE_SECONDS):
        for listener in listeners:
            while not listener.heard or listener.heard[-1] < last:
                await asyncio.sleep(0.01)
    return time.monotonic() - begun


async def test_a_thousand_clients_half_of_whom_take_nothing(running: Running) -> None:
    door = running.pid("door")
    stalled: list[Listener] = []
    reading: list[Listener] = []
    back: list[Listener] = []
    limits = httpx.Limits(max_connections=AT_ONCE)
    async with httpx.AsyncClient(base_url=running.url(), timeout=60, limits=limits, trust_env=False) as http:
        try:
            await told(http, running)  # all paths are warm
            for _ in range(0, CLIENTS, 50):
                stalled += await asyncio.gather(*(listen(running, token(running), small=True) for _ in range(25)))
                reading += await asyncio.gather(*(listen(running, token(running)) for _ in range(25)))
            for listener in stalled:
                listener.stop_reading()
            before = resident(door)
            positions = await told(http, running)
            seconds = await heard(reading, positions[-1])
            grown = resident(door) - before
            print(f"{CLIENTS} streams: the last heard after {seconds:.2f} s, memory grew by {grown / 1024:.1f} MiB")
            for listener in reading:
                assert [position for position in listener.heard if position >= positions[0]] == positions
                assert not listener.over
            assert grown < MOST_GROWN, f"{grown} KiB"

            # who has gone comes back with their last id, and has missed nothing
            again = reading[:20]
            for listener in (*stalled, *again):
                listener.transport.abort()
            missed = await told(http, running)
            back += await asyncio.gather(
                *(listen(running, token(running), last_id=listener.last_id) for listener in again)
            )
            await heard(back, missed[-1])
            for listener in back:
                assert listener.heard == missed
        finally:
            for listener in (*stalled, *reading, *back):
                listener.transport.abort()
