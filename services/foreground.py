"""When a process in the foreground should end: signals, what make does not pass on, nobody reading. Ends nothing."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
from pathlib import Path
from types import FrameType
from typing import TextIO

LOOK_SECONDS = 0.5


def leave_at_once_when_told() -> None:
    """Until `told_to_stop` listens nothing is running that must be ended in order: a signal just ends this process."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)


class Terminal(io.TextIOBase):
    """Standard output for as long as anybody reads it. A closed pipe or a lost terminal is a hang-up, not an error."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._lost = False

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._output.encoding

    def fileno(self) -> int:
        return self._output.fileno()

    def isatty(self) -> bool:
        return not self._lost and self._output.isatty()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        try:
            return self._output.write(text)
        except OSError:
            self._hang_up()
            return len(text)

    def flush(self) -> None:
        try:
            self._output.flush()
        except OSError:
            self._hang_up()

    def _hang_up(self) -> None:
        """Ask to be ended, and let what is still said go nowhere."""
        if self._lost:
            return
        self._lost = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (1, 2) if os.path.sameopenfile(1, 2) else (1,):
            os.dup2(nowhere, descriptor)
        os.close(nowhere)
        os.kill(os.getpid(), signal.SIGHUP)


async def told_to_stop() -> None:
    """Wait for SIGINT, SIGTERM or SIGHUP (unless it is ignored: nohup), or for `make`, if it started us, to be told so.

    A signal sent to make alone does not reach us: on SIGINT it waits for its child without a word. But it has then
    taken its handler off, and that can be seen.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue
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
