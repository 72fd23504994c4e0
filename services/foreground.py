"""When a process in the foreground should end: signals, and what make does not pass on. Ends nothing itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

LOOK_SECONDS = 0.5


async def told_to_stop() -> None:
    """Wait for SIGINT, SIGTERM or SIGHUP, or for `make`, if it started us, to be told so.

    A signal sent to make alone does not reach us: on SIGINT it waits for its child without a word. But it has then
    taken its handler off, and that can be seen.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, told.set)
    make = Path(f"/proc/{os.getppid()}") if _handles_interrupt(os.getppid()) and _is_make(os.getppid()) else None
    while not told.is_set():
        if make is not None and not _handles_interrupt(int(make.name)):
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), LOOK_SECONDS)


def _is_make(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/comm").read_text().strip() in {"make", "gmake"}
    except OSError:
        return False


def _handles_interrupt(process: int) -> bool:
    """Whether the process catches SIGINT; false when it is gone, or when the system does not say."""
    try:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) & 1 << signal.SIGINT - 1)
    except OSError:
        return False
    return False
