"""What else the machine was doing: without it no figure can be read."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import psutil

SYNCS, BLOCK = 100, b"\0" * 8_192


def noise(folder: Path) -> Iterator[str]:
    """Before anything of ours runs."""
    busy = psutil.cpu_percent(interval=1.0)
    yield f"before the run others kept the cores {busy:.0f} % busy, load average {os.getloadavg()[0]:.1f}"
    yield f"a commit's fdatasync took {sync(folder / 'sync'):.1f} ms (median of {SYNCS})"


def sync(path: Path) -> float:
    spent = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            file.seek(0)
            file.write(BLOCK)
            began = time.perf_counter()
            getattr(os, "fdatasync", os.fsync)(file.fileno())
            spent.append((time.perf_counter() - began) * 1_000)
    return median(spent)
