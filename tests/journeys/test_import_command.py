"""`dakehu import` against a whole installation: real processes, real ports, exit codes for scripts."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.imports.test_import_changes import MAPPING, sheet
from tests.journeys.importing import CHECKOUT

READY_SECONDS = 120.0

pytestmark = pytest.mark.slow


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


@pytest.fixture
async def environment(tmp_path: Path) -> AsyncIterator[Mapping[str, str]]:
    """A running installation, as scripts find it."""
    names = ("DAKEHU_PORT", "DAKEHU_ACCOUNTS_PORT", "DAKEHU_OPPORTUNITIES_PORT", "DAKEHU_KPI_PORT")
    ports = dict(zip(names, map(str, free_ports(4)), strict=True))
    given = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment = given | ports | {"DAKEHU_DATA": str(tmp_path / "data"), "PYTHONUNBUFFERED": "1"}
    process = await asyncio.create_subprocess_exec(
        *dakehu("run"), cwd=CHECKOUT, env=environment, stdout=asyncio.subprocess.DEVNULL, start_new_session=True
    )
    try:
        async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient() as http:
            while True:
                try:
                    if (await http.get(f"http://127.0.0.1:{ports['DAKEHU_PORT']}/readyz")).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.2)
        yield environment
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


def dakehu(*words: str) -> list[str]:
    return [sys.executable, "-c", "from services.cli import main; main()", *words]


async def run(environment: Mapping[str, str], *words: str) -> tuple[int, str]:
    """The command's exit status and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *dakehu(*words), cwd=CHECKOUT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_the_command_ends_with_what_a_script_wants_to_know(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    file, mapping = tmp_path / "deals.csv", tmp_path / "deals.yaml"
    mapping.write_text(MAPPING, encoding="utf-8")
    file.write_text(sheet({"no": "1"}, {"no": "2", "stage": "won", "closed": "2025-04-01"}), encoding="utf-8")
    send = ("import", str(file), "--mapping", str(mapping))

    status, said = await run(environment, *send, "--dry-run")
    assert (status, "2 would be created" in said) == (0, True), said
    status, said = await run(environment, *send)
    assert (status, "2 created" in said) == (0, True), said
    async with httpx.AsyncClient() as http:  # the views show it, at once
        token = (Path(environment["DAKEHU_DATA"]) / "token").read_text()
        rows = (
            await http.get(
                f"http://127.0.0.1:{environment['DAKEHU_OPPORTUNITIES_PORT']}/v1/outcomes",
                headers={"authorization": f"Bearer {token.strip()}"},
            )
        ).json()["rows"]
    assert [(row["label"], row["captured"], row["won"]) for row in rows] == [("Li Lei", 2, 1)]
    status, said = await run(environment, *send, "--service", "accounts")
    assert (status, "2 unchanged" in said) == (0, True), said

    file.write_text(sheet({"no": "1"}, {"no": "3", "stage": "sold"}), encoding="utf-8")
    status, said = await run(environment, *send)
    assert (status, "line 3, stage: unmapped" in said) == (2, True), said

    mapping.write_text(MAPPING.replace("title: title", "title: heading"), encoding="utf-8")
    status, said = await run(environment, *send)
    assert (status, "title.column: the file has no column 'heading'" in said) == (1, True), said
    status, said = await run(environment, "import", str(tmp_path / "nowhere.csv"), "--mapping", str(mapping))
    assert (status, "nowhere.csv" in said) == (1, True), said

    undo = ("import", "--undo", await latest(environment, done=True))
    status, said = await run(environment, *undo, "--dry-run")
    assert (status, "opportunities: 2 would be removed" in said) == (0, True), said
    status, said = await run(environment, *undo)
    assert (status, "people: 1 removed" in said) == (0, True), said
    status, said = await run(environment, *undo)
    assert (status, "nothing to take back" in said) == (0, True), said
    status, said = await run(environment, "import", "--undo", str(uuid4()))
    assert (status, "HTTP 404" in said or "not" in said.lower()) == (1, True), said


async def latest(environment: Mapping[str, str], *, done: bool) -> str:
    """The import that created most."""
    token = (Path(environment["DAKEHU_DATA"]) / "token").read_text()
    async with httpx.AsyncClient() as http:
        answer = await http.get(
            f"http://127.0.0.1:{environment['DAKEHU_OPPORTUNITIES_PORT']}/v1/imports",
            headers={"authorization": f"Bearer {token.strip()}"},
        )
    found = [
        one for one in answer.json()["items"] if one["created"] == 2 and not one["dry_run"] and one["finished"] is done
    ]
    return str(found[-1]["id"])
