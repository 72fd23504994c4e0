"""The parent of one embedded server: starts it, restarts it, stops it with the last user. Standard library only.

`python -m shared.postgres.supervisor FOLDER BINARIES` goes to the background at once and ends with status 0; whether
the server is up is for a connection to say. One supervisor lives per folder (a lock); others leave at once.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

from shared.postgres.folder import HOST, PORTS, ROLE, Folder, open_lock, try_lock
from shared.postgres.launch import Launcher, choose, working_in

LOOK_SECONDS = 0.2  # how often it looks whether anybody still uses the server
LOCK_PATIENCE_SECONDS = 1.0  # a user that looks whether a supervisor lives holds the lock for an instant
PORT_PATIENCE_SECONDS = 1.0  # users know the old port: wait for it before taking another
FAST_STOP_SECONDS = 60.0
QUIT_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 5.0  # between attempts to start a server that keeps failing
LOG_LIMIT_BYTES = 5_000_000

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a socket's path may have 107 bytes; a data folder's may be longer
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than our reports run
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Supervisor:
    """Runs from `watch` until nobody uses the server or SIGTERM arrives."""

    def __init__(self, folder: Folder, binaries: Path, log: int) -> None:
        self.folder = folder
        self.users = open_lock(folder.users_lock)
        self.log = log
        self.launcher: Launcher = choose(binaries, folder.cluster)
        self.server: int | None = None
        self.failures = 0
        self.started_at = 0.0

    def watch(self) -> None:
        """Keep the server running while somebody holds the users lock."""
        wanted = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
        end_leftovers(self.launcher.cluster)
        self.initialise()
        pause = 0.0
        while not try_lock(self.users, fcntl.LOCK_EX):
            if self.server is None:
                pause -= LOOK_SECONDS
                if pause <= 0:
                    self.start()
            caught = signal.sigtimedwait(wanted, LOOK_SECONDS)
            if caught is not None and caught.si_signo != signal.SIGCHLD:
                say(f"asked to end by signal {caught.si_signo}")
                break
            if self.ended():
                pause = self.after_an_end()
        self.stop()

    def initialise(self) -> None:
        """Make the cluster, whole or not at all: a power cut in between leaves nothing that looks like one."""
        cluster = self.launcher.cluster
        if (cluster / "PG_VERSION").exists():
            return
        new, password = cluster.with_name("cluster.new"), cluster.with_name("password.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(self.folder.password())
        self.launcher.hand_over(new)
        self.launcher.hand_over(password)
        status = self.launcher.run(
            "initdb",
            f"--pgdata={new}",
            f"--username={ROLE}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--locale-provider=builtin",
            "--data-checksums",
            log=self.log,
        )
        password.unlink()
        if status != 0:
            raise SystemExit(f"initdb ended with status {status}")
        new.rename(cluster)
        sync(cluster.parent)
        say("made a new cluster")

    def start(self) -> None:
        port = free_port(self.folder)
        self.folder.keep_port(port)
        rotate(self.folder.server_log)
        log = os.open(self.folder.server_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        self.server = self.launcher.start(
            "postgres",
            "-D",
            str(self.launcher.cluster),
            "-p",
            str(port),
            *options,
            log=log,
            death_signal=signal.SIGQUIT,
        )
        os.close(log)
        self.folder.started.touch()
        self.started_at = time.monotonic()
        say(f"started the server, process {self.server}, port {port}")

    def ended(self) -> bool:
        if self.server is None:
            return False
        process, status = os.waitpid(self.server, os.WNOHANG)
        if process:
            say(f"the server ended: {os.waitstatus_to_exitcode(status)}")
            self.server = None
            self.folder.started.unlink(missing_ok=True)
        return bool(process)

    def after_an_end(self) -> float:
        """Clear what the server left; seconds to wait before the next start."""
        end_leftovers(self.launcher.cluster)
        lived = time.monotonic() - self.started_at
        self.failures = 0 if lived > LONGEST_PAUSE_SECONDS else self.failures + 1
        return 0.0 if self.failures <= 1 else min(LONGEST_PAUSE_SECONDS, 0.1 * 2.0**self.failures)

    def stop(self) -> None:
        """Fast, then immediate. The data is safe either way; fast spares the next start a recovery."""
        if self.server is None:
            return
        for number, seconds in ((signal.SIGINT, FAST_STOP_SECONDS), (signal.SIGQUIT, QUIT_SECONDS)):
            os.kill(self.server, number)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if self.ended():
                    say("stopped")
                    return
                signal.sigtimedwait({signal.SIGCHLD}, LOOK_SECONDS)
        os.kill(self.server, signal.SIGKILL)
        end_leftovers(self.launcher.cluster)


def end_leftovers(cluster: Path) -> None:
    """End processes of a server whose supervisor or postmaster was killed, and only then its lock file.

    The lock file names a process; after a restart of the machine or container any process may carry that number, and
    PostgreSQL would take it for a running server. Removing the file is safe because nothing works in the folder any
    more, and nobody else can start there: we hold the supervisor lock.
    """
    lock_file = cluster / "postmaster.pid"
    if sys.platform != "linux":
        _end_by_lock_file(lock_file)
        return
    for number, seconds in ((None, 1.0), (signal.SIGQUIT, QUIT_SECONDS), (signal.SIGKILL, QUIT_SECONDS)):
        deadline = time.monotonic() + seconds
        while leftovers := working_in(cluster):
            if time.monotonic() > deadline:
                break
            if number is not None:
                for process in leftovers:
                    with suppress(ProcessLookupError):
                        os.kill(process, number)
            time.sleep(0.02)
        if not leftovers:
            lock_file.unlink(missing_ok=True)
            return
    raise SystemExit(f"processes {working_in(cluster)} of an earlier server do not end")


def _end_by_lock_file(lock_file: Path) -> None:
    """Where no /proc tells who works where: quit the process the lock file names if it is a server, keep the file."""
    try:
        process = int(lock_file.read_text().splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return
    name = os.popen(f"ps -o comm= -p {process}").read()  # noqa: S605 - an integer
    if "postgres" in name:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGQUIT)
        time.sleep(1.0)


def free_port(folder: Folder) -> int:
    """The port of last time if it can be had soon, else the next free one."""
    last = folder.port()
    deadline = time.monotonic() + PORT_PATIENCE_SECONDS
    while last is not None and time.monotonic() < deadline:
        if can_listen(last):
            return last
        time.sleep(0.1)
    first = folder.first_port()
    for port in range(first, first + PORTS):
        if can_listen(port):
            return port
    raise SystemExit(f"no free port from {first} on")


def can_listen(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def rotate(log: Path) -> None:
    """Keep one earlier log."""
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))


def say(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}", file=sys.stderr, flush=True)


def main(folder: Folder, binaries: Path) -> None:
    rotate(folder.supervisor_log)
    log = os.open(folder.supervisor_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    if os.fork():
        return
    # a session of its own: Ctrl-C in the terminal must not reach the server before the services have ended
    os.setsid()
    os.chdir("/")
    os.umask(0o077)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, descriptor)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    lock = open_lock(folder.supervisor_lock)
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while not try_lock(lock, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            return
        time.sleep(0.01)
    folder.failure.unlink(missing_ok=True)
    folder.started.unlink(missing_ok=True)
    try:
        Supervisor(folder, binaries, log).watch()
    except BaseException as error:
        folder.failure.write_text(f"{type(error).__name__}: {error}\n")
        raise


if __name__ == "__main__":
    main(Folder(Path(sys.argv[1])), Path(sys.argv[2]))
