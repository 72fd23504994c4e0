"""Processes that are kept: started again when they die, ended together."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from services import processes
from services.processes import Parts

PARTS = Path(__file__).with_name("small_parts.py")


def parts(folder: Path, said: list[str], *names: str, grace_seconds: float = 5) -> Parts:
    return Parts(names, folder, grace_seconds=grace_seconds, say=said.append, nursery=(str(PARTS),))


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
    kept = parts(tmp_path, said, "sleepy", "quiet")
    kept.start()
    first, second = await pid(tmp_path, "sleepy"), await pid(tmp_path, "quiet")
    os.kill(first, signal.SIGKILL)
    again = await pid(tmp_path, "sleepy", other_than=first)
    assert await pid(tmp_path, "quiet") == second
    assert "sleepy ended (signal SIGKILL; see " in said[0]
    await kept.stop()
    for process in (again, second):
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
    assert not list(tmp_path.glob("*.pid"))


async def test_who_does_not_end_within_the_grace_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "AFTER_GRACE_SECONDS", 0.1)
    kept = parts(tmp_path, [], "stubborn", grace_seconds=0.1)
    kept.start()
    process = await pid(tmp_path, "stubborn")
    log = tmp_path / "stubborn.log"
    while not log.exists() or "up" not in log.read_text():
        await asyncio.sleep(0.01)
    await kept.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


async def test_who_keeps_failing_is_started_ever_more_slowly(tmp_path: Path) -> None:
    said: list[str] = []
    kept = parts(tmp_path, said, "failing")
    kept.start()
    while len(said) < 3:
        await asyncio.sleep(0.01)
    await kept.stop()
    assert "failing ended (status 3; see " in said[0]
    assert [text.rpartition(" in ")[2] for text in said] == ["0.2 s", "0.4 s", "0.8 s"]


async def test_without_the_nursery_all_end_and_start_again(tmp_path: Path) -> None:
    said: list[str] = []
    kept = parts(tmp_path, said, "sleepy", "quiet")
    kept.start()
    first, second = await pid(tmp_path, "sleepy"), await pid(tmp_path, "quiet")
    os.kill(_parent(first), signal.SIGKILL)
    assert await pid(tmp_path, "sleepy", other_than=first) != await pid(tmp_path, "quiet", other_than=second)
    await kept.stop()


async def test_a_nursery_that_cannot_start_is_told_of(tmp_path: Path) -> None:
    said: list[str] = []
    kept = Parts(("sleepy",), tmp_path, grace_seconds=1, say=said.append, nursery=("-c", "raise SystemExit('no')"))
    kept.start()
    while not said:
        await asyncio.sleep(0.01)
    await kept.stop()
    assert "the nursery ended with status 1" in said[0]
    assert (tmp_path / "nursery.log").read_text() == "no\n"


def _parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
