"""Processes are killed under a load of commands: no answer turns out untrue, and all comes back by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from shared.postgres.folder import Folder
from tests.event_store.proxy import proxy_before
from tests.faults.load import load
from tests.stack import DAKEHU, PATIENCE_SECONDS, ROOT, Running, free_ports

COMMAND_POINTS = ("command.decided", "append.queued", "append.sent:4", "append.answered:2", "command.appended:3")
FOLD_POINTS = ("fold.moved:2", "fold.rows:5", "fold.committed")


APPENDING = "select pid from pg_stat_activity where application_name like 'dakehu append%' order by pid limit 1"


@asynccontextmanager
async def connected(running: Running) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(Folder.within(running.data).url())
    yield connection
    await connection.close()


async def gone(path: Path) -> None:
    """Until whoever was to die has removed the file."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while path.exists():
            await asyncio.sleep(0.01)


def parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def postmaster(running: Running) -> int:
    return int((Folder.within(running.data).cluster / "postmaster.pid").read_text().splitlines()[0])


@pytest.mark.parametrize("point", COMMAND_POINTS)
async def test_the_service_dies_at_a_point_of_a_command(running: Running, fault_file: Path, point: str) -> None:
    killed = running.pid("opportunities")
    async with load(running) as clients:
        fault_file.write_text(point)
        await gone(fault_file)
        await clients.more()
    assert clients.broken > 0
    assert running.pid("opportunities") != killed


@pytest.mark.parametrize("point", FOLD_POINTS)
async def test_the_worker_dies_in_mid_fold(running: Running, fault_file: Path, point: str) -> None:
    killed = running.pid("work")
    async with load(running) as clients:
        fault_file.write_text(point)
        await gone(fault_file)
        await clients.more()
    assert running.pid("work") != killed


async def test_a_visit_keeps_its_words_when_the_service_dies_before_it_answers(
    running: Running, fault_file: Path
) -> None:
    """The narrative is not in the log: a retry of the command brings it."""
    url = running.url("DAKEHU_OPPORTUNITIES_PORT")
    said = {"authorization": f"Bearer {running.token}", "idempotency-key": "visit-with-words"}
    async with httpx.AsyncClient(base_url=url, timeout=30, headers=said) as http:
        opened = await http.post("/v1/opportunities", json={"title": "走访"}, headers={"idempotency-key": "for-visit"})
        body = {
            "opportunity_ids": [opened.json()["id"]],
            "purpose": "push_forward",
            "way": "phone",
            "narrative": "王主任说月底前定。",
        }
        fault_file.write_text("command.appended")
        with pytest.raises(httpx.TransportError):
            await http.post("/v1/visits/log", json=body)
        await asyncio.to_thread(running.ready)
        again = await http.post("/v1/visits/log", json=body)
        assert (again.status_code, again.headers.get("idempotency-replayed")) == (201, "true"), again.text
        shown = await http.get(again.headers["location"])
        assert shown.json()["texts"]["narrative"] == "王主任说月底前定。"


@pytest.mark.parametrize(
    ("whom", "number"),
    [("postmaster", signal.SIGQUIT), ("postmaster", signal.SIGKILL), ("backend", signal.SIGKILL)],
    ids=["immediate", "postmaster", "backend"],
)
async def test_the_database_is_killed(running: Running, whom: str, number: int) -> None:
    async with load(running) as clients:
        server = postmaster(running)
        victim = server
        if whom == "backend":
            async with connected(running) as connection:
                victim = await connection.fetchval(APPENDING)
        os.kill(victim, number)
        await clients.more()


async def test_the_supervisor_of_the_database_is_killed(running: Running) -> None:
    async with load(running) as clients:
        supervisor = parent(postmaster(running))
        assert b"supervisor" in Path(f"/proc/{supervisor}/cmdline").read_bytes()
        os.kill(supervisor, signal.SIGKILL)
        await clients.more(60)
    assert parent(postmaster(running)) != supervisor


async def test_the_nursery_is_killed_and_all_parts_with_it(running: Running) -> None:
    before = running.pid("work")
    async with load(running) as clients:
        os.kill(parent(running.pid("opportunities")), signal.SIGKILL)
        await clients.more()
    assert running.pid("work") != before


async def test_connections_are_cut_between_an_append_and_its_answer(running: Running) -> None:
    """One more opportunities service on the same log, with somebody on the wire."""
    (port,) = free_ports(1)
    async with proxy_before(Folder.within(running.data).url()) as proxy:
        environment = {**running.environment, "DATABASE_URL": proxy.url, "DAKEHU_OPPORTUNITIES_PORT": str(port)}
        del environment["DAKEHU_FAULT"]
        log = running.data / "run" / "behind-proxy.log"
        with log.open("wb") as output:
            service = subprocess.Popen(
                [DAKEHU, "serve", "opportunities"], cwd=ROOT, env=environment, stdout=output, stderr=output
            )
        try:
            url = f"http://127.0.0.1:{port}"
            async with asyncio.timeout(PATIENCE_SECONDS), httpx.AsyncClient() as http:
                while not await _ready(http, url):
                    await asyncio.sleep(0.05)
            async with load(running, url) as clients:
                for losing in ("answers", "requests", "answers"):
                    lost = proxy.lost
                    proxy.lose(losing, when=b"ProspectCaptured", times=2)
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        while proxy.lost < lost + 2:
                            await asyncio.sleep(0.01)
                    await clients.more(10)
            assert proxy.lost == 6
        finally:
            service.terminate()
            ended = await asyncio.to_thread(service.wait, PATIENCE_SECONDS)  # the proxy works in this loop
        assert ended in (0, -signal.SIGTERM)


async def _ready(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/readyz")).status_code == 200
    except httpx.TransportError:
        return False
