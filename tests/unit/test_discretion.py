"""What the system may not write down of a process that holds cards and keys."""

import subprocess
import sys

import pytest

CODE = """
import ctypes, resource
from sluice.cli.discretion import leave_no_core
get = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE
before = get()
leave_no_core()
print(before, get(), resource.getrlimit(resource.RLIMIT_CORE))
"""


@pytest.mark.shows("S7")
@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
def test_no_crash_handler_gets_its_memory():
    """S7: no core file, and to the kernel a process that is not dumped."""
    said = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True, text=True).stdout
    assert said.strip() == "1 0 (0, 0)"
