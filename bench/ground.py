"""Where a bench stands: a data folder and an embedded server of its own, databases, processes. All gone afterwards."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from services.bootstrap import prepare as bootstrap
from services.installation import wait_until_ready
from services.work import views
from shared.event_store.connections import WORK
from shared.event_store.store import EventStore
from shared.identity.tokens import read_dev_token
from shared.postgres.embedded import acquire, release
from shared.postgres.migrate import migrate
from shared.projections import prepare
from shared.settings import Settings

END_SECONDS = 15.0
LIBRARIES = ("fastapi", "uvicorn", "asyncpg", "pydantic", "eventsourcing", "psycopg")
SHOWN = ("fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers", "work_mem", "jit")


def say(text: str) -> None:
    """Progress, for whoever watches; the figures alone go to standard output."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Place:
    """One database of the bench's server, migrated, its tenant opened."""

    database_url: str
    data: Path

    def settings(self, **ports: int) -> Settings:
        return Settings(data=self.data, DATABASE_URL=self.database_url, **ports)  # type: ignore[arg-type]

    @property
    def token(self) -> str:
        """Head office: sees everything."""
        return read_dev_token(self.data)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        connection = await asyncpg.connect(self.database_url)
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def store(self, **options: Any) -> AsyncIterator[EventStore]:
        """One that reads as the worker does: what all of the log holds."""
        async with await EventStore.open(self.database_url, statement_timeout_s=600, reads_as=WORK, **options) as store:
            yield store


@dataclass
class Ground:
    """The bench's own folder and server."""

    data: Path
    server_url: str
    prefix: str = ""
    """Of its databases' names, on a server that is not its own."""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    async def place(self, name: str, *, with_views: bool = True) -> Place:
        """A new database of this name. With views: their tables exist, live from the first event."""
        url = await self.database(name)
        await migrate(url)
        place = Place(url, self.data / name)
        place.data.mkdir(mode=0o700)
        if with_views:
            async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
                await prepare(pool, views())
        await bootstrap(place.settings(), url)
        return place

    async def database(self, name: str) -> str:
        connection = await asyncpg.connect(self.server_url)
        try:
            await connection.execute(f"create database {self.prefix}{name}")
        finally:
            await connection.close()
        return f"{self.server_url.rpartition('/')[0]}/{self.prefix}{name}"

    def start(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None, *, log: str
    ) -> subprocess.Popen[bytes]:
        """A Python process of ours, ended with the ground at the latest."""
        with (self.data / f"{log}.log").open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, *command],
                env={**os.environ, **(environment or {})},
                cwd=Path(__file__).parents[1],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    @asynccontextmanager
    async def served(
        self, command: Sequence[str], environment: Mapping[str, str], port: int, *, log: str
    ) -> AsyncIterator[subprocess.Popen[bytes]]:
        """A process that answers on a port, from ready to ended."""
        process = self.start(command, environment, log=log)
        try:
            await answering(process, port, self.data / f"{log}.log")
            yield process
        finally:
            await end(process)

    @asynccontextmanager
    async def service(self, name: str, place: Place) -> AsyncIterator[Service]:
        """One of our services as `dakehu serve` runs it."""
        port = free_port()
        environment = {
            "DATABASE_URL": place.database_url,
            "DAKEHU_DATA": str(place.data),
            f"DAKEHU_{name.upper()}_PORT": str(port),
            "DAKEHU_LOG_LEVEL": "warning",
        }
        async with self.served(serving(name), environment, port, log=name) as process:
            yield Service(process, port)


@dataclass(frozen=True)
class Service:
    """A running service."""

    process: subprocess.Popen[bytes]
    port: int


def serving(part: str) -> list[str]:
    return ["-c", f"from services.cli import main; import sys; sys.argv[1:] = ['serve', '{part}']; main()"]


def cpu_seconds(pid: int) -> float:
    """Processor time a process has used so far; not a number where the system does not tell."""
    if sys.platform != "linux":
        return float("nan")
    spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK")


async def answering(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ready = asyncio.create_task(wait_until_ready(f"http://127.0.0.1:{port}"))
    while not ready.done():
        if process.poll() is not None:
            ready.cancel()
            said = await asyncio.to_thread(log.read_text)
            raise RuntimeError(f"a process ended before it was ready:\n{said[-4_000:]}")
        await asyncio.wait({ready}, timeout=0.1)
    await ready


async def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@asynccontextmanager
async def ground(base: Path | None = None) -> AsyncIterator[Ground]:
    """A folder in the system's temporary folder and a server in it, both gone after the block."""
    data = Path(tempfile.mkdtemp(prefix="dakehu-bench-", dir=base))
    server_url = await acquire(data)
    found = Ground(data, server_url)
    try:
        yield found
    finally:
        for process in found.processes:
            await end(process)
        release(data)
        await asyncio.to_thread(_remove, data)


def _remove(data: Path) -> None:
    """The server ends a moment after its last user; until then it may still write."""
    deadline = time.monotonic() + 60
    while data.exists():
        if not (data / "postgres" / "started").exists() or time.monotonic() > deadline:
            shutil.rmtree(data, ignore_errors=True)
        time.sleep(0.2)
        if time.monotonic() > deadline + 5:
            say(f"{data} could not be removed")
            return


async def conditions(url: str) -> dict[str, Any]:
    """What the figures were measured on."""
    connection = await asyncpg.connect(url)
    try:
        shown = {name: await connection.fetchval("select current_setting($1)", name) for name in SHOWN}
        version = await connection.fetchval("select current_setting('server_version')")
    finally:
        await connection.close()
    return {
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_before": [round(load, 2) for load in os.getloadavg()],
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "postgresql": version,
        "settings": shown,
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }
