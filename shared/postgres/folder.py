"""What lies where in the folder of an embedded server, and its two locks. Starts nothing, imports only the stdlib.

`users` is held shared by every process that uses the server, and exclusively by the supervisor while it stops the
server: so nobody joins a server that is going. `supervisor` is held exclusively for as long as a supervisor lives.
Both are flocks: the kernel frees them however a process ends.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import zlib
from pathlib import Path
from urllib.parse import quote

ROLE = "dakehu"
DATABASE = "dakehu"
HOST = "127.0.0.1"
FIRST_PORT, PORTS = 20_000, 10_000  # below the range the kernel lends to outgoing connections (32768 and up)


class Folder:
    """`<data>/postgres`: one server, one supervisor."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cluster = path / "cluster"
        self.users_lock = path / "users.lock"
        self.supervisor_lock = path / "supervisor.lock"
        self.supervisor_log = path / "supervisor.log"
        self.server_log = path / "postgres.log"
        self.failure = path / "failure"  # why the last supervisor gave up, while none lives that did better
        self.started = path / "started"  # there while a supervisor's server holds the port
        self._password = path / "password"
        self._port = path / "port"

    @classmethod
    def within(cls, data: Path) -> Folder:
        """The server's folder of a data folder, made when absent. Modes of folders that exist are left alone."""
        folder = cls(Path(os.path.abspath(data)) / "postgres")
        folder.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.path.mkdir(mode=0o711, exist_ok=True)  # others may pass to the cluster, which is 0700, and list nothing
        return folder

    def password(self) -> str:
        """The role's random password, made at the first call; two processes get the same one."""
        try:
            return self._password.read_text()
        except FileNotFoundError:
            mine = self._password.with_name(f"password.{os.getpid()}.{secrets.token_hex(4)}")
            write_private(mine, secrets.token_urlsafe(32))
            try:
                os.link(mine, self._password)
            except FileExistsError:
                pass
            finally:
                mine.unlink()
            return self._password.read_text()

    def port(self) -> int | None:
        """The port the server listened on last; it keeps it as long as nobody else takes it."""
        try:
            return int(self._port.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def keep_port(self, port: int) -> None:
        if port != self.port():
            new = self._port.with_suffix(".new")
            new.write_text(str(port))
            new.replace(self._port)

    def first_port(self) -> int:
        """Where the search for a free port begins: the same for the same folder."""
        return FIRST_PORT + zlib.crc32(bytes(self.path)) % PORTS

    def url(self, database: str = DATABASE) -> str:
        """`postgresql://…` of the server; `port` must be known."""
        return f"postgresql://{ROLE}:{quote(self.password())}@{HOST}:{self.port()}/{database}"

    def log_tail(self, lines: int = 12) -> str:
        """The last words of the supervisor and the server, for an error message."""
        parts = []
        for log in (self.supervisor_log, self.server_log):
            if log.exists():
                parts += log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(parts)


def open_lock(path: Path) -> int:
    """A descriptor to lock; closed in children that run another program."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_lock(descriptor: int, kind: int) -> bool:
    """Take the lock (LOCK_SH or LOCK_EX) without waiting."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_private(path: Path, text: str) -> None:
    """A file only its owner reads, on disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
