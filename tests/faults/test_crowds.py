"""Many people at once, on one record and on many, over three processes: no hole, no reorder, no lost update."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from tests.faults.crowd import Commands, Crowd, Found
from tests.stack import DAKEHU, PATIENCE_SECONDS, ROOT, Running, free_ports

SECONDS = float(os.environ.get("SOAK_SECONDS", "10"))
"""Of both crowds together."""

JUDGING = Commands(
    path="/v1/opportunities",
    opening={"title": "采购", "amount": "1000.00"},
    verb="qualify",
    body=lambda version: {"level": "CBAH"[version % 4], "expected_on": f"2031-03-{version % 28 + 1:02}"},
)


@pytest.fixture
def three(running: Running) -> Iterator[list[str]]:
    """The opportunities service of the installation, its front door, and one service more."""
    (port,) = free_ports(1)
    environment = {**running.environment, "DAKEHU_OPPORTUNITIES_PORT": str(port)}
    with (running.data / "run" / "third.log").open("wb") as output:
        third = subprocess.Popen(
            [DAKEHU, "serve", "opportunities"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        try:
            return running.client.get(f"{url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    try:
        running.until(ready, "the third service")
        yield [running.url("DAKEHU_OPPORTUNITIES_PORT"), running.url(), url]
    finally:
        third.terminate()
        third.wait(PATIENCE_SECONDS)


def assert_sound(found: Found, running: Running) -> None:
    assert not found.faults, found.faults[:5]
    assert len(found.acknowledged) > 1, found.statuses
    verified = running.dakehu("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


async def test_fifty_writers_on_one_record(running: Running, three: list[str]) -> None:
    crowd = Crowd(three, running.token, JUDGING)
    found = await crowd.on_one_record(50, SECONDS / 2)
    versions = sorted(version for _, _, version in found.acknowledged)
    assert versions == list(range(1, len(versions) + 1)), "every yes moved the record by one"
    assert_sound(found, running)


async def test_sixty_four_writers_on_many_records(running: Running, three: list[str]) -> None:
    crowd = Crowd(three, running.token, JUDGING)
    found = await crowd.on_many_records(64, SECONDS / 2)
    assert_sound(found, running)
