"""`dakehu run` with everything real: what scripts and people rely on when they start and end it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
DAKEHU = Path(sys.executable).with_name("dakehu")
PATIENCE_SECONDS = 60.0
PORTS = ("DAKEHU_PORT", "DAKEHU_ACCOUNTS_PORT", "DAKEHU_OPPORTUNITIES_PORT", "DAKEHU_KPI_PORT")


class Running:
    """An installation of its own: data folder, ports, process."""

    def __init__(self, folder: Path, command: Sequence[str] = (str(DAKEHU), "run")) -> None:
        self.data = folder / "data"
        self.command = command
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.output = folder / "output"
        self.process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client(timeout=5)

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("DAKEHU_", "MAKE"))}
        environment |= {name: str(port) for name, port in self.ports.items()} | {"DAKEHU_DATA": str(self.data)}
        environment.pop("DATABASE_URL", None)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
            )

    def url(self, port: str = "DAKEHU_PORT") -> str:
        return f"http://127.0.0.1:{self.ports[port]}"

    def ready(self) -> None:
        for port in PORTS:
            self.until(lambda port=port: self.get("/readyz", port) is not None, f"{port} ready")

    def get(self, path: str, port: str = "DAKEHU_PORT", **headers: str) -> Any:
        """What a GET answers with 200; None for anything else."""
        try:
            answer = self.client.get(f"{self.url(port)}{path}", headers=headers)
        except httpx.TransportError:
            return None
        return answer.json() if answer.status_code == 200 else None

    def ask(self, path: str) -> Any:
        return self.get(path, Authorization=f"Bearer {(self.data / 'token').read_text().strip()}")

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


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    running.clear()


def test_it_serves_survives_the_death_of_its_parts_and_ends_cleanly(running: Running) -> None:
    running.start()
    running.ready()
    token = running.data / "token"
    assert token.stat().st_mode & 0o777 == 0o600
    assert token.stat().st_mtime <= time.time()
    assert running.ask("/v1/me")["sees_everything"] is True
    assert running.ask("/v1/events/head")["position"] == 3  # company, head office, person
    assert {item["name"].partition(".")[0] for item in running.ask("/v1/views")["items"]} == {
        "accounts",
        "opportunities",
        "kpi",
    }
    for port in PORTS:
        assert running.get("/openapi.json", port)["openapi"].startswith("3.1")

    for part in ("opportunities", "door", "work"):
        killed = running.pid(part)
        os.kill(killed, signal.SIGKILL)
        running.until(lambda part=part, killed=killed: running.pid(part) != killed, f"{part} again")
    running.ready()
    assert running.ask("/v1/events/head")["position"] == 3
    assert running.end(signal.SIGINT) == 0
    assert not list((running.data / "run").glob("*.pid"))

    running.start()  # on the same data, ended otherwise
    running.ready()
    assert running.ask("/v1/events/head")["position"] == 3
    assert running.end(signal.SIGTERM) == 0


def test_nothing_stays_behind_when_it_is_killed(running: Running) -> None:
    running.start()
    running.ready()
    assert running.process is not None
    running.process.kill()
    running.process.wait()
    running.until(lambda: not running.left(), "all parts have ended")


def test_a_signal_during_the_start_ends_it(running: Running) -> None:
    running.start()
    running.until(lambda: (running.data / "run").exists(), "begun")
    assert running.end(signal.SIGTERM) == 0


def test_a_taken_port_is_told_of(running: Running) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", running.ports["DAKEHU_KPI_PORT"]))
        other.listen()
        running.start()
        assert running.process is not None
        assert running.process.wait(PATIENCE_SECONDS) == 1
    assert f"port {running.ports['DAKEHU_KPI_PORT']}, meant for kpi, is taken" in running.output.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="what make has heard is seen in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_make_alone_ends_it(tmp_path: Path, number: int) -> None:
    running = Running(tmp_path, ("make", "run"))
    try:
        running.start()
        running.ready()
        running.end(number)
        assert "Ended." in running.output.read_text()
    finally:
        running.clear()


def test_the_command_proves_a_log_whole(running: Running) -> None:
    running.start()
    running.ready()
    environment = {**os.environ, "DAKEHU_DATA": str(running.data)}
    environment.pop("DATABASE_URL", None)
    for verb in (["verify"], ["rebuild", "accounts.units"], ["restored", "--reason", "tried"], ["verify"]):
        done = subprocess.run([DAKEHU, *verb], cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "All is well." in done.stdout
    assert running.ask("/v1/events/head")["epoch"] > 1, json.dumps(running.ask("/v1/events/head"))
