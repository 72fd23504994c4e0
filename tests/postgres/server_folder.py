"""What a test does to an embedded server from outside: users come and are killed, processes are looked up by folder."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import asyncpg

from shared.postgres.launch import working_in

HOLDER = Path(__file__).with_name("holder.py")
PATIENCE_SECONDS = 30.0


class ServerFolder:
    """A data folder and the processes a test started on it."""

    def __init__(self, data: Path, *, prefix: Sequence[str] = ()) -> None:
        self.data = data
        self.prefix = prefix
        self.holders: list[subprocess.Popen[str]] = []

    def hold(self) -> tuple[subprocess.Popen[str], str]:
        """Start a user of the server and wait until it has it; the process and the URL it got."""
        process = self.hold_later()
        return process, self.url_of(process)

    def hold_later(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*self.prefix, sys.executable, str(HOLDER), str(self.data)],
            cwd=Path(__file__).parents[2],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.holders.append(process)
        return process

    @staticmethod
    def url_of(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the user of the server ended early"
        return line.split()[1]

    def supervisors(self) -> list[int]:
        """Supervisors of this folder, found by what they were started with."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if b"shared.postgres.supervisor" in words and bytes(self.data / "postgres") in words:
                    found.append(int(entry.name))
        return found

    def postmaster(self) -> int:
        return int((self.data / "postgres/cluster/postmaster.pid").read_text().split()[0])

    def servers(self) -> Sequence[int]:
        """The postmaster and its children."""
        return working_in(self.data / "postgres/cluster")

    def end(self) -> None:
        for process in self.holders:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        until(lambda: not self.supervisors() and not self.servers(), "everything has ended")


def until(true: Callable[[], bool], what: str) -> float:
    """Wait until something is so; seconds it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < PATIENCE_SECONDS, f"not within {PATIENCE_SECONDS} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - began


async def answer(url: str, query: str = "select 1") -> object:
    """What the server says, asked anew until it answers."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=5)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            assert time.monotonic() < deadline, "the server does not come back"
            await asyncio.sleep(0.05)
            continue
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)
