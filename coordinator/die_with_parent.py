"""Becomes the program given, as a child that the kernel ends when its parent dies.

    python die_with_parent.py PARENT_PID PROGRAM [ARGUMENT …]

A program of its own, so that no Python code runs between fork and exec of a process that has
threads. Linux only (prctl(2), PR_SET_PDEATHSIG); elsewhere the program runs without the promise.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Exits with status 1 when the parent died before the kernel knew of the promise."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
