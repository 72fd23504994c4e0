"""Imports the code of all parts once and forks them from there. Has no loop, no thread, no connection of its own.

`python -m services.nursery FD PARENT`, where FD is one end of a socket pair: a line `NAME LOG` asks for a part, the
lines `started NAME PID` and `ended NAME STATUS` tell of it. When the other end closes it ends, and its parts with it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from importlib import import_module

from shared.postgres.launch import die_with_parent

PR_SET_NAME = 15

Serve = Callable[[str], None]


class Nursery:
    """Forks parts on request and tells how they end."""

    def __init__(self, control: socket.socket, serve: Serve) -> None:
        self.control = control
        self.serve = serve
        self.children: dict[int, str] = {}
        self.woken, self.wake = socket.socketpair()
        self.woken.setblocking(False)
        self.wake.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler, so that the wake-up is written
        signal.set_wakeup_fd(self.wake.fileno())

    def work(self) -> None:
        """Until the other end of the control socket is closed."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.control, selectors.EVENT_READ)
            waiting.register(self.woken, selectors.EVENT_READ)
            asked = b""
            while True:
                for key, _ in waiting.select():
                    if key.fileobj is self.woken:
                        self.woken.recv(4096)
                        self.reap()
                        continue
                    received = self.control.recv(4096)
                    if not received:
                        return
                    *lines, asked = (asked + received).split(b"\n")
                    for line in lines:
                        name, log = line.decode().split(" ", 1)
                        self.start(name, log)

    def start(self, name: str, log: str) -> None:
        nursery = os.getpid()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                self.become(name, log, nursery)
                status = 0
            except SystemExit as ended:
                status = ended.code if isinstance(ended.code, int) else 1
            except BaseException:  # noqa: BLE001 - a forked child must not run its parent's code
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        self.children[child] = name
        self.tell("started", name, child)

    def become(self, name: str, log: str, nursery: int) -> None:
        """In the child: a session, an output and a name of its own, no trace of the nursery; then serve."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.control.close()
        self.woken.close()
        self.wake.close()
        os.setsid()  # Ctrl-C reaches only the process that ends all others in order
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        os.close(output)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_NAME, f"dakehu-{name}".encode()[:15], 0, 0, 0)
        die_with_parent(nursery, signal.SIGTERM)
        self.serve(name)

    def reap(self) -> None:
        while self.children:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            name = self.children.pop(process)
            self.tell("ended", name, os.waitstatus_to_exitcode(status))

    def tell(self, what: str, name: str, number: int) -> None:
        self.control.sendall(f"{what} {name} {number}\n".encode())


def main(serve: Serve) -> None:
    """What `python -m` of a nursery calls, with everything imported that its parts need."""
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    die_with_parent(parent, signal.SIGKILL)
    gc.collect()
    gc.freeze()  # pages that are never written stay shared between the parts
    Nursery(socket.socket(fileno=descriptor), serve).work()


if __name__ == "__main__":
    from services.serve import APPS, serve
    from shared.settings import settings

    apps = [part.app.partition(":")[0] for part in APPS.values()]
    for module in ("uvloop", "uvicorn", "httptools", "services.work", *apps):
        import_module(module)
    main(lambda name: serve(name, settings()))
