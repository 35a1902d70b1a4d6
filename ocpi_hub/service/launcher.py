"""Becomes another program: under another account if asked, and stopped when its parent is gone.

    python -I -S launcher.py PARENT UID GID PROGRAM [ARGUMENT ...]

Run as a file, and with nothing but the standard library: the account it becomes may not be able to
read the rest of this package. Linux alone tells a program that its parent is gone; elsewhere the
next start stops what was left behind.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(parent: int, uid: int, gid: int, program: list[str]) -> None:
    """Does not return: this process is then `program`."""
    libc = ctypes.CDLL(None)
    if os.geteuid() != uid:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After the change of account, which clears it; SIGINT is Postgres's fast shutdown.
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the process that started this one is gone")
    os.execv(program[0], program)  # noqa: S606


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
