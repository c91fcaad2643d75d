"""A child of `sluice up` dies with it, however it dies, so that the next start finds the port and the books free (F52)."""

import ctypes
import os
import signal
import sys
import threading

PARENT = "SLUICE_PARENT"  # the descriptor of a pipe that closes when the parent is gone
PR_SET_PDEATHSIG = 1


def hold_on() -> None:
    """In a child: from here on it lives no longer than its parent. Without a parent it does nothing."""
    pipe = os.environ.pop(PARENT, None)
    if pipe is None:
        return
    if sys.platform == "linux":  # the kernel does it, even to a process that hangs; the pipe covers a parent gone before this
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=watch, args=(int(pipe),), daemon=True, name="lifeline").start()


def watch(pipe: int) -> None:
    """Nothing is ever written to it: a read returns when the last writer is gone."""
    os.read(pipe, 1)
    os._exit(1)
