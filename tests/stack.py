"""A whole `dakehu run` of its own: data folder, free ports, real processes. Starts and ends only what is its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
DAKEHU = Path(sys.executable).with_name("dakehu")
PATIENCE_SECONDS = 60.0
PORTS = ("DAKEHU_PORT", "DAKEHU_ACCOUNTS_PORT", "DAKEHU_OPPORTUNITIES_PORT", "DAKEHU_KPI_PORT")


@contextmanager
def started(folder: Path, **environment: str) -> Iterator[Running]:
    """One that is ready within the block, ends well after it, and leaves nothing behind."""
    running = Running(folder, **environment)
    running.start()
    try:
        running.ready()
        yield running
        assert running.end() == 0
    finally:
        running.clear()


class Running:
    """An installation of its own: data folder, ports, process."""

    def __init__(self, folder: Path, command: Sequence[str] = (str(DAKEHU), "run"), **environment: str) -> None:
        self.data = folder / "data"
        self.command = command
        self.given = environment
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.output = folder / "output"
        self.process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client(timeout=30)

    @property
    def environment(self) -> Mapping[str, str]:
        """Of this installation, and of any command that is about it."""
        ours = ("DAKEHU_", "DEMO_", "MAKE", "DATABASE_URL")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        environment |= {name: str(port) for name, port in self.ports.items()} | {"DAKEHU_DATA": str(self.data)}
        return environment | self.given

    def start(self, output: int | None = None) -> None:
        """`output`: a descriptor to write to, instead of a file."""
        with self.output.open("wb") as file:
            written = file.fileno() if output is None else output
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=written, stderr=written, start_new_session=True
            )

    def said(self) -> str:
        return self.output.read_text()

    def dakehu(self, *verb: str) -> subprocess.CompletedProcess[str]:
        """Another command about this installation, to its end."""
        return subprocess.run(
            [str(DAKEHU), *verb], cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120
        )

    def url(self, port: str = "DAKEHU_PORT") -> str:
        return f"http://127.0.0.1:{self.ports[port]}"

    def ready(self) -> None:
        for port in PORTS:
            self.until(lambda port=port: self.ended or self.get("/readyz", port) is not None, f"{port} ready")
        assert not self.ended, self.said()

    @property
    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def get(self, path: str, port: str = "DAKEHU_PORT", **headers: str) -> Any:
        """What a GET answers with 200; None for anything else."""
        try:
            answer = self.client.get(f"{self.url(port)}{path}", headers=headers)
        except httpx.TransportError:
            return None
        return answer.json() if answer.status_code == 200 else None

    def ask(self, path: str) -> Any:
        return self.get(path, Authorization=f"Bearer {self.token}")

    @property
    def token(self) -> str:
        return (self.data / "token").read_text().strip()

    def until(self, true: Any, what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not true():
            assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_SECONDS} s\n{self.output.read_text()}"
            time.sleep(0.05)

    def pid(self, part: str) -> int:
        return int((self.data / "run" / f"{part}.pid").read_text())

    def end(self, number: int = signal.SIGINT) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def clear(self) -> None:
        self.client.close()
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(PATIENCE_SECONDS)
        self.until(lambda: not self.left(), "nothing left behind")

    def left(self) -> list[str]:
        """Processes that still work for this installation."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if f"DAKEHU_DATA={self.data}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                        found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
                except OSError:
                    continue
        return found


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports
