"""What a process takes of the machine."""

import sys

import psutil
import pytest

from tests.harness.processes import Process

MB = 1 << 20


def memory(process: Process) -> float:
    """Megabytes that it holds."""
    return float(psutil.Process(process.child.pid).memory_info().rss) / MB


def cpu(process: Process) -> float:
    """Seconds of CPU that it has used."""
    times = psutil.Process(process.child.pid).cpu_times()
    return float(times.user + times.system)


def sockets(process: Process) -> int:
    """Descriptors that it holds."""
    return int(psutil.Process(process.child.pid).num_fds())


def say(capsys: pytest.CaptureFixture[str], figure: str) -> None:
    """A figure for whoever reads the run: no test judges it."""
    with capsys.disabled():
        sys.stdout.write(f"\n{figure}\n")
