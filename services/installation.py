"""A whole installation on one machine: database, schema, sample tenant, processes, all ready. Serves nothing itself.

`dakehu run` is this until a signal; `dakehu demo` is this with a story told into it.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from services.bootstrap import prepare
from services.foreground import told_to_stop
from services.processes import Parts
from services.serve import APPS, PARTS
from shared.postgres.migrate import CannotMigrate, migrate
from shared.postgres.url import database_url
from shared.settings import Settings

READY_SECONDS = 60.0
LOOK_SECONDS = 0.05


class CannotStart(RuntimeError):
    """A port is taken, the database is refused, or a process does not become ready; the text says which."""


class Stopped(Exception):
    """A signal came before everything was ready."""


@dataclass(frozen=True)
class Installation:
    """What is running and where."""

    settings: Settings
    database_url: str
    urls: Mapping[str, str]
    told_to_stop: asyncio.Task[None]
    """Done when a signal has come. Whoever waits for anything else in the block should watch it."""

    @property
    def url(self) -> str:
        """The front door."""
        return self.urls["door"]


async def run(settings: Settings, say: Callable[[str], None]) -> None:
    """Start everything and keep it until SIGINT or SIGTERM."""
    began = time.monotonic()
    with suppress(Stopped):
        async with installation(settings, say) as running:
            say(f"Ready after {time.monotonic() - began:.1f} s: {running.url}")
            for name, url in running.urls.items():
                say(f"  {name:<14} {url}")
            if settings.env == "development":
                say(f"  {'token':<14} {settings.data / 'token'}")
            await running.told_to_stop
    say("Ended.")


@asynccontextmanager
async def installation(settings: Settings, say: Callable[[str], None]) -> AsyncIterator[Installation]:
    """Everything up and ready within the block; ended, in order, after it.

    Raises CannotStart, and Stopped when a signal comes before all is ready.
    """
    urls = {name: f"http://{settings.host}:{port}" for name, port in ports(settings).items()}
    for name, port in ports(settings).items():
        if not _free(settings.host, port):
            setting = f"DAKEHU_{APPS[name].port.upper()}"
            raise CannotStart(
                f"port {port}, meant for {name}, is taken, perhaps by a Dakehu that runs already; "
                f"{setting} chooses another"
            )
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    parts = Parts(PARTS, settings.data / "run", grace_seconds=settings.grace_seconds, say=say)
    stop = asyncio.create_task(told_to_stop())
    try:
        address = await _or_not(_ready(settings, parts, urls), stop, parts)
        yield Installation(settings, address, urls, stop)
    finally:
        stop.cancel()
        await parts.stop()


def ports(settings: Settings) -> dict[str, int]:
    """The port of each app."""
    return {name: getattr(settings, served.port) for name, served in APPS.items()}


async def _ready(settings: Settings, parts: Parts, urls: Mapping[str, str]) -> str:
    if settings.env == "production":
        from services.fitness import findings, told

        found = [finding for finding in await findings(settings, migrating=True) if finding.grave]
        if found:
            raise CannotStart(f"{len(found)} fault{'s' if len(found) > 1 else ''}\n{told(found)}")
    await parts.warm()
    address = await database_url(settings)
    try:
        await migrate(address)
    except CannotMigrate as no:
        raise CannotStart(str(no)) from no
    await prepare(settings, address)  # the token must be there before anybody answers that it is ready
    parts.start()
    await asyncio.gather(*(wait_until_ready(url) for url in urls.values()))
    return address


async def _or_not(ready: Coroutine[Any, Any, str], stop: asyncio.Task[None], parts: Parts) -> str:
    """What `ready` gives, unless a signal or the failure of a part comes first."""
    readying, hopeless = asyncio.create_task(ready), asyncio.create_task(parts.hopeless())
    await asyncio.wait({readying, stop, hopeless}, return_when=asyncio.FIRST_COMPLETED)
    if readying.done():
        hopeless.cancel()
        return readying.result()
    readying.cancel()
    with suppress(asyncio.CancelledError):
        await readying
    if stop.done():
        hopeless.cancel()
        raise Stopped
    raise CannotStart(f"{hopeless.result()} fails again and again, see the log named above")


async def wait_until_ready(url: str, *, seconds: float = READY_SECONDS) -> None:
    """Ask /readyz until it answers 200. Raises CannotStart."""
    host, port = url.removeprefix("http://").split(":")
    deadline = time.monotonic() + seconds
    while await _status(host, int(port), "/readyz") != 200:
        if time.monotonic() > deadline:
            raise CannotStart(f"{url} is not ready after {seconds:g} s")
        await asyncio.sleep(LOOK_SECONDS)


async def _status(host: str, port: int, path: str) -> int | None:
    """The status of a GET; None when nobody answers. By hand: importing a client would take longer than asking."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return None
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        words = (await asyncio.wait_for(reader.readline(), 5)).split()
        return int(words[1]) if len(words) > 1 else None
    except (OSError, TimeoutError):
        return None
    finally:
        writer.close()


def _free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
