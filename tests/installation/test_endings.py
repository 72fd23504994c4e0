"""However `dakehu run` and `dakehu demo` are ended, and whenever: in order, with status 0, nothing left behind."""

from __future__ import annotations

import os
import pty
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack import DAKEHU, PATIENCE_SECONDS, Running

DEMO = (str(DAKEHU), "demo")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    running.clear()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path, DEMO, DEMO_SCALE="0.1")
    yield running
    running.clear()


@pytest.mark.parametrize(
    ("begun", "number"),
    [("run/nursery.log", signal.SIGINT), ("postgres/port", signal.SIGTERM), ("token", signal.SIGINT)],
)
def test_a_signal_at_any_moment_of_the_start_ends_it(running: Running, begun: str, number: int) -> None:
    running.start()
    running.until((running.data / begun).exists, begun)
    assert running.end(number) == 0
    assert "Traceback" not in running.said()


def test_an_interrupted_sample_is_taken_up_where_it_stopped(demo: Running) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        demo.start()
        demo.until((demo.data / "sample.json").exists, "loading")
        demo.until(lambda: (demo.ask("/v1/events/head") or {"position": 0})["position"] > 80, "in the middle of it")
        assert demo.end(number) == 0
        assert "Traceback" not in demo.said()
    demo.given = {"DEMO_EXIT": "1"}
    demo.start()
    assert demo.process is not None
    assert demo.process.wait(PATIENCE_SECONDS) == 0
    for title in ("漏斗", "热点客户管理表", "战败客户分析表"):
        assert title in demo.said()


def test_when_nobody_reads_what_it_says_it_ends(demo: Running) -> None:
    """`dakehu demo 2>&1 | head -1`."""
    demo.given = {"DEMO_SCALE": "0.02"}
    reader, writer = os.pipe()
    demo.start(writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as lines:
        lines.readline()
    assert demo.process is not None
    assert demo.process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="how a terminal is taken differs")
def test_when_its_terminal_goes_away_it_ends(running: Running) -> None:
    ours, its = pty.openpty()
    running.command = (
        sys.executable,
        "-c",
        "import fcntl, os, sys, termios; fcntl.ioctl(1, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])",
        *running.command,
    )
    running.start(its)
    os.close(its)
    running.ready()
    os.close(ours)
    assert running.process is not None
    assert running.process.wait(PATIENCE_SECONDS) == 0
