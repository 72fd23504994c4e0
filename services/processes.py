"""The processes of one installation on one machine: started, started again when they die, ended together.

Knows names and signals; what the processes do is theirs, how they are made is the nursery's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 10.0  # who lived so long starts again at once
HOPELESS_FAILURES = 4
AFTER_GRACE_SECONDS = 2.0
LOG_LIMIT_BYTES = 10_000_000
NURSERY = ("-m", "services.nursery")


class Child:
    """A process that was started."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def send(self, number: int) -> None:
        if not self.ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Nursery:
    """The process that forks the parts, started when it is not there."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.command = command
        self.environment = environment
        self.log = log
        self._writer: asyncio.StreamWriter | None = None
        self._asked: dict[str, asyncio.Future[Child]] = {}
        self._children: dict[str, Child] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._telling: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    async def warm(self) -> None:
        """Begin to import what the parts will need."""
        async with self._lock:
            if self._telling is None or self._telling.done():
                await self._begin()

    async def start(self, name: str, log: Path) -> Child:
        """A new process of this name. Raises ConnectionError when the nursery dies first."""
        await self.warm()
        assert self._writer is not None
        asked: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._asked[name] = asked
        self._writer.write(f"{name} {log}\n".encode())
        return await asked

    async def end(self) -> None:
        """End it. What it forked unheard of ends with it."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        if self._telling is not None:
            await self._telling

    async def _begin(self) -> None:
        ours, theirs = socket.socketpair()
        with self.log.open("ab") as log, theirs:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.command,
                str(theirs.fileno()),
                str(os.getpid()),
                env=self.environment,
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        reader, self._writer = await asyncio.open_unix_connection(sock=ours)
        self._telling = asyncio.create_task(self._listen(reader, self._writer, self._process))

    async def _listen(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, process: asyncio.subprocess.Process
    ) -> None:
        try:
            while line := await reader.readline():
                what, name, number = line.decode().split()
                if what == "started":
                    child = self._children[name] = Child(int(number))
                    asked = self._asked.pop(name)
                    if not asked.done():  # else nobody waits any more
                        asked.set_result(child)
                elif name in self._children:
                    self._children.pop(name).ended.set_result(int(number))
        except ConnectionError:
            pass
        except asyncio.CancelledError:  # the whole loop is being ended: nobody would hear of the children any more
            process.kill()
        writer.close()
        status = await process.wait()
        for child in self._children.values():  # they have been told to end by the kernel
            child.ended.set_result(-signal.SIGTERM)
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(ConnectionError(f"the nursery ended with status {status}; see {self.log}"))
        self._children.clear()
        self._asked.clear()


class Part:
    """One process, under a name that lasts while the process may not."""

    def __init__(self, name: str, nursery: Nursery, folder: Path, say: Callable[[str], None]) -> None:
        self.name = name
        self.nursery = nursery
        self.pid_file = folder / f"{name}.pid"
        self.log = folder / f"{name}.log"
        self.say = say
        self.child: Child | None = None
        self.failures = 0
        """Ends in a row that came soon after a start."""

    async def keep(self) -> None:
        """Run it, for ever."""
        while True:
            began = time.monotonic()
            rotate(self.log)
            try:
                self.child = await self.nursery.start(self.name, self.log)
                beside = self.pid_file.with_suffix(".pid.new")
                beside.write_text(f"{self.child.pid}\n")
                beside.replace(self.pid_file)  # whoever reads it finds a whole number
                why = f"{_reason(await asyncio.shield(self.child.ended))}; see {self.log}"
            except ConnectionError as error:
                why = str(error)
            self.failures = 0 if time.monotonic() - began > STEADY_SECONDS else self.failures + 1
            pause = min(FIRST_PAUSE_SECONDS * 2.0 ** max(0, self.failures - 1), LONGEST_PAUSE_SECONDS)
            self.say(f"{self.name} ended ({why}), starting again in {pause:g} s")
            await asyncio.sleep(pause)

    def send(self, number: int) -> None:
        if self.child is not None:
            self.child.send(number)

    async def ended(self) -> None:
        if self.child is not None:
            await self.child.ended
        self.pid_file.unlink(missing_ok=True)


class Parts:
    """All processes of an installation, as one."""

    def __init__(
        self,
        names: Sequence[str],
        folder: Path,
        *,
        grace_seconds: float,
        say: Callable[[str], None],
        environment: Mapping[str, str] | None = None,
        nursery: Sequence[str] = NURSERY,
    ) -> None:
        folder = folder.absolute()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.grace_seconds = grace_seconds
        self.nursery = Nursery(nursery, {**os.environ, **(environment or {})}, folder / "nursery.log")
        self.parts = [Part(name, self.nursery, folder, say) for name in names]
        self._keeping: list[asyncio.Task[None]] = []

    async def warm(self) -> None:
        """Begin what takes time, while other things are done."""
        await self.nursery.warm()

    def start(self) -> None:
        """Start all at once; each starts again when it dies."""
        self._keeping = [asyncio.create_task(part.keep()) for part in self.parts]

    async def hopeless(self) -> str:
        """Wait until a part has failed HOPELESS_FAILURES times in a row; its name."""
        while True:
            for part in self.parts:
                if part.failures >= HOPELESS_FAILURES:
                    return part.name
            await asyncio.sleep(FIRST_PAUSE_SECONDS)

    async def stop(self) -> None:
        """SIGTERM to all, SIGKILL to those still there when the grace and a little more are over."""
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        for part in self.parts:
            part.send(signal.SIGTERM)
        ending = [asyncio.create_task(part.ended()) for part in self.parts]
        if ending:
            _, late = await asyncio.wait(ending, timeout=self.grace_seconds + AFTER_GRACE_SECONDS)
            if late:
                for part in self.parts:
                    part.send(signal.SIGKILL)
                await asyncio.wait(late)
        await self.nursery.end()


def rotate(log: Path) -> None:
    """Keep one earlier log."""
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


def _reason(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
