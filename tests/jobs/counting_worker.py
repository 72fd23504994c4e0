"""A worker process whose one kind of operation counts lines, slowly. Run by tests, which kill it."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from services.work import Worker
from shared.jobs import Failed, Problem, Running
from shared.settings import Settings


async def count(running: Running) -> dict[str, Any]:
    """Count the lines of a file, some at a time; an empty line is a problem. `counted` tells how often each was."""
    text = b"".join([chunk async for chunk in running.file("lines")]).decode()
    lines = text.splitlines()
    if "forbidden" in lines:
        raise Failed("there is a forbidden line")
    begun_at = running.done
    for start in range(begun_at, len(lines), 10):
        part = lines[start : start + 10]
        problems = [
            Problem("empty_line", "the line is empty", line=start + n, column="text", params={"line": start + n})
            for n, line in enumerate(part, 1)
            if not line
        ]
        await asyncio.sleep(0.05)
        await running.progress(start + len(part), len(lines), checkpoint={"line": start + len(part)}, problems=problems)
    return {"lines": len(lines), "begun_at": begun_at, "attempts": running.attempts}


async def main() -> None:
    worker = Worker([], {"count": count}, Settings())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop.set)
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
