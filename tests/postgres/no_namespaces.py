"""Run a command as root where user namespaces are forbidden, as in many containers; /var/lib is empty there.

A user namespace of its own with all users mapped, in which no further one may be made. Run by the tests here.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
USERS = 65536


def main(command: list[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    entered, mapped = os.pipe(), os.pipe()
    inside = os.fork()
    if inside:
        os.read(entered[0], 1)
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{inside}/{name}").write_text(f"0 0 {USERS}")
        os.write(mapped[1], b"m")
        os._exit(os.waitstatus_to_exitcode(os.waitpid(inside, 0)[1]))
    libc.prctl(1, 9, 0, 0, 0)  # the test kills the outer process: go with it
    require(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS))
    os.write(entered[1], b"e")
    os.read(mapped[0], 1)
    require(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    require(libc.mount(b"none", b"/var/lib", b"tmpfs", 0, None))
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    os.execv(command[0], command)


def require(status: int) -> None:
    if status != 0:
        raise OSError(ctypes.get_errno(), "no namespace to test in")


if __name__ == "__main__":
    main(sys.argv[1:])
