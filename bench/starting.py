"""(d) From `sluice up` to the first answer, and what each process holds at rest."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from bench.figures import Figure, Sample

ROOT = Path(__file__).parents[1]
PATIENCE = 120.0
REST = 2.0  # seconds until it is called at rest
MEGABYTE = 1_000_000


def measure(folder: Path, rounds: int, say: Any) -> list[Figure]:
    cold = Figure("d", "sluice up, an empty data folder, to the first answer", "s")
    warm = Figure("d", "sluice up, again, to the first answer", "s", most=3.0)
    held: dict[str, Figure] = {}
    for turn in range(rounds + 1):
        say(f"sluice up, {'again' if turn else 'for the first time'}")
        with started(folder) as (process, seconds):
            (warm if turn else cold).ours.append(Sample(seconds))
            time.sleep(REST)
            for name, megabytes in memory(process):
                held.setdefault(name, Figure("d", f"memory at rest: {name}", "MB", most=80.0)).ours.append(Sample(megabytes))
    return [cold, warm, *held.values()]


@contextmanager
def started(folder: Path) -> Iterator[tuple[psutil.Process, float]]:
    """One life of the whole, and the seconds until its API had answered."""
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "sluice.cli.main", "up", "--data", f"{folder}/up", "--port", "0", "--ready", f"{ready}"]
    env, began = os.environ | {"PYTHONPATH": str(ROOT)}, time.perf_counter()
    with (folder / "up.log").open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT, env=env) as up:
        try:
            while not ready.exists():
                assert up.poll() is None, (folder / "up.log").read_text()
                assert time.perf_counter() - began < PATIENCE, "sluice up does not come up"
                time.sleep(0.005)
            yield psutil.Process(up.pid), time.perf_counter() - began
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait(PATIENCE)


def memory(up: psutil.Process) -> Iterator[tuple[str, float]]:
    """Each of our processes by its role; PostgreSQL whole, what its processes share counted once."""
    yield "up", up.memory_info().rss / MEGABYTE
    database = 0
    for child in up.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # PostgreSQL's workers come and go
            if "sluice.cli.main" in child.cmdline():
                yield child.cmdline()[-1], child.memory_info().rss / MEGABYTE
            else:
                database += child.memory_full_info().pss
    yield "PostgreSQL", database / MEGABYTE
