"""Memory of each process, and how long each takes from its start to its first ready answer."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from bench.figure import Figure, bounded, median
from bench.ground import Ground, Place, end, free_port, say, serving
from bench.load import Job, generate
from services.installation import wait_until_ready

PARTS = ("accounts", "opportunities", "kpi", "door", "work")
PATHS = ["/v1/me", "/v1/views"]
LOOK_SECONDS = 0.02


async def starts(ground: Ground, *, rounds: int) -> list[Figure]:
    """Each part by itself, as `dakehu serve` runs it: seconds to ready, megabytes after some requests."""
    place = await ground.place("starts")
    ready: dict[str, list[float]] = {part: [] for part in PARTS}
    resident: dict[str, list[float]] = {part: [] for part in PARTS}
    proportional: dict[str, list[float]] = {part: [] for part in PARTS}
    for turn in range(rounds + 1):  # the first fills the caches of files
        for part in PARTS:
            seconds, (rss, pss) = await _start(ground, place, part)
            if turn:
                ready[part].append(seconds)
                resident[part].append(rss)
                proportional[part].append(pss)
    seconds_of = {part: median(found) for part, found in ready.items()}
    memory = {part: median(found) for part, found in resident.items()}
    say("starts: " + ", ".join(f"{part} {seconds_of[part]:.2f} s {memory[part]:.0f} MB" for part in PARTS))
    sizes = {"rounds": rounds}
    conditions = {"start": "each part a new process, warm files, database up and migrated; ready: GET /readyz is 200"}
    return [
        bounded("start_to_ready_seconds", seconds_of, dict.fromkeys(PARTS, 3.0), sizes=sizes, conditions=conditions),
        bounded(
            "memory_mb", memory, dict.fromkeys(PARTS, 150.0), sizes=sizes,
            conditions={
                "resident": "RSS after some requests, each part started by itself",
                "proportional": {part: round(median(found), 1) for part, found in proportional.items()},
            },
        ),
    ]  # fmt: skip


async def _start(ground: Ground, place: Place, part: str) -> tuple[float, tuple[float, float]]:
    port = free_port()
    name = "DAKEHU_PORT" if part == "door" else f"DAKEHU_{part.upper()}_PORT"
    environment = {
        "DATABASE_URL": place.database_url, "DAKEHU_DATA": str(place.data), name: str(port),
        "DAKEHU_LOG_LEVEL": "warning",
    }  # fmt: skip
    began = time.perf_counter()
    process = ground.start(serving(part), environment, log=part)
    try:
        await wait_until_ready(f"http://127.0.0.1:{port}")
        seconds = time.perf_counter() - began
        if part != "work":
            await generate(Job(port=port, token=place.token, connections=4, seconds=0.5, warm_seconds=0, reads=PATHS))
        else:
            await asyncio.sleep(0.5)
        return seconds, memory_of(process.pid)
    finally:
        await end(process)


def memory_of(pid: int) -> tuple[float, float]:
    """Megabytes resident, and proportional where the system tells (else resident again)."""
    if sys.platform != "linux":
        return float("nan"), float("nan")
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return sizes["Rss"] / 1024, sizes["Pss"] / 1024
