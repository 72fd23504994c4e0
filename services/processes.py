"""The processes of one installation on one machine: started, started again when they die, ended together.

Knows commands and signals; what the processes do is theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 10.0  # who lived so long starts again at once
LOOK_SECONDS = 0.5
AFTER_GRACE_SECONDS = 2.0
LOG_LIMIT_BYTES = 10_000_000


class Part:
    """One process, under a name that lasts while the process may not."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, say: Callable[[str], None]) -> None:
        self.name = name
        self.command = command
        self.pid_file = folder / f"{name}.pid"
        self.log = folder / f"{name}.log"
        self.say = say
        self.process: asyncio.subprocess.Process | None = None

    async def keep(self, environment: Mapping[str, str]) -> None:
        """Run it, for ever."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = time.monotonic()
            self.process = await self._start(environment)
            self.pid_file.write_text(f"{self.process.pid}\n")
            status = await self.process.wait()
            pause = FIRST_PAUSE_SECONDS if time.monotonic() - began > STEADY_SECONDS else pause
            self.say(f"{self.name} ended ({_reason(status)}), starting again in {pause:g} s; see {self.log}")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _start(self, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            # a session of its own: Ctrl-C reaches only the process that ends all the others in order
            return await asyncio.create_subprocess_exec(
                *self.command,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def send(self, number: int) -> None:
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    async def ended(self) -> None:
        if self.process is not None:
            await self.process.wait()
        self.pid_file.unlink(missing_ok=True)


class Parts:
    """All processes of an installation, as one."""

    def __init__(self, names: Sequence[str], folder: Path, *, grace_seconds: float, say: Callable[[str], None]) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.grace_seconds = grace_seconds
        self.parts = [Part(name, _command(name), folder, say) for name in names]
        self._keeping: list[asyncio.Task[None]] = []

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start all at once; each starts again when it dies."""
        given = {**os.environ, **(environment or {})}
        self._keeping = [asyncio.create_task(part.keep(given)) for part in self.parts]

    async def stop(self) -> None:
        """SIGTERM to all, SIGKILL to those still there when the grace and a little more are over."""
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        for part in self.parts:
            part.send(signal.SIGTERM)
        ending = [asyncio.create_task(part.ended()) for part in self.parts]
        _, late = await asyncio.wait(ending, timeout=self.grace_seconds + AFTER_GRACE_SECONDS)
        if late:
            for part in self.parts:
                part.send(signal.SIGKILL)
            await asyncio.wait(late)


def _command(name: str) -> Sequence[str]:
    return [sys.executable, "-m", "services.serve", name, "--parent", str(os.getpid())]


def _reason(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"


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
