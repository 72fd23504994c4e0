"""Run a PostgreSQL program as someone who is not root, tied to the life of this process. Decides nothing about servers.

PostgreSQL refuses to run as root. Root has three ways here, tried in this order:

1. a user namespace in which root carries another, existing, number: no user is made, no mode is changed, and folders
   under 0700 parents stay reachable;
2. where namespaces are forbidden, an unprivileged user, in place when that user can reach the files;
3. else with the binaries copied to, and the cluster kept in, a folder of its own outside the checkout.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import pwd
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
OUTSIDE = Path("/var/lib/dakehu")

# loaded before any fork: a child between fork and exec should not import
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Launcher:
    """How programs run: which copy, where the cluster lies, and what the child does before it becomes one."""

    binaries: Path
    cluster: Path
    become: Callable[[], None]
    owner: tuple[int, int] | None = None  # user and group to give files to, when not our own

    def hand_over(self, path: Path) -> None:
        """Let the program's user own a file or folder."""
        if self.owner is not None:
            os.chown(path, *self.owner)

    def start(self, program: str, *arguments: str, log: int, death_signal: int = signal.SIGKILL) -> int:
        """Start a program; its process id. On Linux the kernel signals it when the thread that calls this ends."""
        path = self.binaries / program
        parent = os.getpid()
        child = os.fork()
        if child:
            return child
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.dup2(log, 1)
            os.dup2(log, 2)
            self.become()
            die_with_parent(parent, death_signal)  # last: a change of user clears it
            # the whole path as the first word too: initdb looks for its siblings there, else along PATH
            os.execv(path, [str(path), *arguments])  # noqa: S606 - no shell is wanted
        except BaseException as error:  # noqa: BLE001 - a forked child must not run the parent's code
            os.write(2, f"{program} did not start: {error}\n".encode())
        finally:
            os._exit(126)

    def run(self, program: str, *arguments: str, log: int) -> int:
        """Run a program to its end; its exit status."""
        _, status = os.waitpid(self.start(program, *arguments, log=log), 0)
        return os.waitstatus_to_exitcode(status)


def die_with_parent(parent: int, signal_number: int) -> None:
    """Ask the kernel for a signal when the parent ends. Where it cannot, the next start ends what was left."""
    if _LIBC is None:
        return
    if _LIBC.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def choose(binaries: Path, cluster: Path) -> Launcher:
    """The launcher for this process: as itself, in a namespace, or as another user."""
    if os.geteuid() != 0:
        return Launcher(binaries, cluster, _stay)
    if _works(lambda: _enter_namespace(*_someone())):
        number, group = _someone()
        return Launcher(binaries, cluster, lambda: _enter_namespace(number, group))
    return _as_unprivileged_user(binaries, cluster)


def _stay() -> None:
    """Already an ordinary user."""


def _someone() -> tuple[int, int]:
    """Any user of the system that is not root: initdb looks its own number up, a name must exist."""
    users = sorted((user.pw_uid, user.pw_gid) for user in pwd.getpwall() if user.pw_uid != 0)
    if not users:
        raise RuntimeError("PostgreSQL refuses to run as root, and this system has no other user")
    return next((user for user in users if user[0] >= 1000), users[0])


def _enter_namespace(number: int, group: int) -> None:
    """Become `number` in a user namespace of its own; outside, files still belong to root."""
    if _LIBC is None:
        raise OSError("this system has no user namespaces")
    if _LIBC.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWUSER)")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{number} 0 1"), ("gid_map", f"{group} 0 1")):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(descriptor, text.encode())
        os.close(descriptor)


def _as_unprivileged_user(binaries: Path, cluster: Path) -> Launcher:
    user = _unprivileged_user()

    def become() -> None:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        os.chdir("/")

    def can_pass(folder: Path) -> bool:
        def attempt() -> None:
            become()
            os.stat(folder / ".")

        return _works(attempt)

    programs = binaries if can_pass(binaries) else _copy_outside(binaries)
    place = cluster
    if not can_pass(cluster.parent):
        place = OUTSIDE / hashlib.sha256(bytes(cluster)).hexdigest()[:16] / "cluster"
        _make_passable(OUTSIDE)
        _make_passable(place.parent)
        (place.parent / "belongs-to").write_text(f"{cluster.parent}\n")
    return Launcher(programs, place, become, owner=(user.pw_uid, user.pw_gid))


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError(
        "PostgreSQL refuses to run as root: neither a namespace nor a user `postgres` or `nobody` is here"
    )


def _copy_outside(binaries: Path) -> Path:
    """The programs under /var/lib, once per version: their own folder may lie under one only root can enter."""
    source = binaries.parent
    version = hashlib.sha256((binaries / "postgres").read_bytes()).hexdigest()[:16]
    copy = OUTSIDE / f"programs-{version}"
    if not copy.exists():
        _make_passable(OUTSIDE)
        new = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(source, new, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a", "pgxs"))
        new.chmod(0o755)
        try:
            new.rename(copy)
        except OSError:  # another process was first
            shutil.rmtree(new)
    return copy / "bin"


def _make_passable(folder: Path) -> None:
    """A folder of ours that others may pass through but not list, whatever the umask."""
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o711)


def _works(attempt: Callable[[], object]) -> bool:
    """Whether `attempt` succeeds, found out in a child so that this process stays who it is."""
    child = os.fork()
    if child == 0:
        try:
            attempt()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a forked child must not run the parent's code
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def working_in(folder: Path) -> Sequence[int]:
    """Processes whose working directory is `folder`: a server and its backends (Linux; elsewhere none are seen)."""
    found = []
    wanted = os.path.realpath(folder)
    for entry in Path("/proc").iterdir() if sys.platform == "linux" else ():
        if entry.name.isdigit():
            try:
                here = os.readlink(entry / "cwd")
            except OSError:  # ended meanwhile, or not ours to see
                continue
            if here == wanted:
                found.append(int(entry.name))
    return found
