"""The loop a team would write: httpx, some tasks, the same bytes, nothing remembered. Prints posts a second.

`python -m bench.bare_posts URL TASKS SECONDS`, the body on standard input.
"""

from __future__ import annotations

import asyncio
import sys
import time

import httpx
import uvloop

WARM_SECONDS = 0.5


async def post(url: str, body: bytes, tasks: int, seconds: float) -> float:
    done, began, stop = 0, time.monotonic() + WARM_SECONDS, time.monotonic() + WARM_SECONDS + seconds
    headers = {"content-type": "application/json"}

    async def loop(http: httpx.AsyncClient) -> None:
        nonlocal done
        while time.monotonic() < stop:
            (await http.post(url, content=body, headers=headers)).raise_for_status()
            done += time.monotonic() >= began

    limits = httpx.Limits(max_connections=tasks, max_keepalive_connections=tasks)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as http:
        await asyncio.gather(*(loop(http) for _ in range(tasks)))
    return done / (time.monotonic() - began)


if __name__ == "__main__":
    print(uvloop.run(post(sys.argv[1], sys.stdin.buffer.read(), int(sys.argv[2]), float(sys.argv[3]))))
