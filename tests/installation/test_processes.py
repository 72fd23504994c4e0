"""Processes that are kept: started again when they die, ended together."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from services import processes
from services.processes import Part, Parts

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
]


def parts(folder: Path, said: list[str], *commands: list[str], grace_seconds: float = 5) -> Parts:
    made = Parts((), folder, grace_seconds=grace_seconds, say=said.append)
    made.parts = [Part(f"part{number}", command, folder, said.append) for number, command in enumerate(commands)]
    return made


async def pid(folder: Path, name: str, other_than: int | None = None) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        path = folder / f"{name}.pid"
        if path.exists() and (text := path.read_text().strip()) and int(text) != other_than:
            return int(text)
        await asyncio.sleep(0.01)
    raise AssertionError(f"{name} did not start")


async def test_who_dies_is_started_again_and_the_others_go_on(tmp_path: Path) -> None:
    said: list[str] = []
    kept = parts(tmp_path, said, SLEEP, SLEEP)
    kept.start()
    first, second = await pid(tmp_path, "part0"), await pid(tmp_path, "part1")
    os.kill(first, signal.SIGKILL)
    again = await pid(tmp_path, "part0", other_than=first)
    assert await pid(tmp_path, "part1") == second
    assert "part0 ended (signal SIGKILL)" in said[0]
    await kept.stop()
    for process in (again, second):
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
    assert not list(tmp_path.glob("*.pid"))


async def test_who_does_not_end_within_the_grace_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "AFTER_GRACE_SECONDS", 0.1)
    kept = parts(tmp_path, [], STUBBORN, grace_seconds=0.1)
    kept.start()
    process = await pid(tmp_path, "part0")
    while b"up" not in (tmp_path / "part0.log").read_bytes():
        await asyncio.sleep(0.01)
    await kept.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


async def test_who_keeps_failing_is_started_ever_more_slowly(tmp_path: Path) -> None:
    said: list[str] = []
    kept = parts(tmp_path, said, [sys.executable, "-c", "raise SystemExit(3)"])
    kept.start()
    while len(said) < 3:
        await asyncio.sleep(0.01)
    await kept.stop()
    assert ["(status 3), starting again in 0.2 s" in said[0], "0.4 s" in said[1], "0.8 s" in said[2]] == [True] * 3
