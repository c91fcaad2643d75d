"""What the system may not write down of a process that holds cards and keys (S1, S7)."""

import ctypes
import sys
from resource import RLIMIT_CORE, setrlimit

PR_SET_DUMPABLE = 4


def leave_no_core() -> None:
    """No core file; on Linux no memory for a crash handler that the kernel feeds either, nor for another process of this user.

    The limit alone does not hold back a handler: the kernel hands it the core whatever the limit says (core(5)).
    """
    setrlimit(RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
