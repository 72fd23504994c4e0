"""`dakehu run` with everything real: what scripts and people rely on when they start and end it."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack import PATIENCE_SECONDS, PORTS, Running


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
        "webhooks",
    }
    for port in PORTS:
        assert running.get("/openapi.json", port)["openapi"].startswith("3.1")

    told = running.ask("/v1/events/head")  # where the owner of the database cannot reach it: in the log of the worker
    running.until(
        lambda: told["hash"] in (running.data / "run" / "work.log").read_text(), "the head of the log is told"
    )

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
    printed = running.output.read_text()
    assert f"port {running.ports['DAKEHU_KPI_PORT']}, meant for kpi, is taken" in printed
    assert "DAKEHU_KPI_PORT chooses another" in printed


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
    for verb in (["verify"], ["rebuild", "accounts.units"], ["restored", "--reason", "tried"], ["verify"]):
        done = running.dakehu(*verb)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "All is well." in done.stdout
    assert running.ask("/v1/events/head")["epoch"] > 1, json.dumps(running.ask("/v1/events/head"))
