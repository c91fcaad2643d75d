"""(f) How many seeds of the simulation run in a minute: the real code and database, everything else simulated."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.figures import Figure, Sample

ROOT = Path(__file__).parents[1]
SEEDS, PAYMENTS, JOBS = 60, 20, 2
TOLD = re.compile(r"(\d+) seeds a minute$")


def measure(rounds: int, say: Any) -> list[Figure]:
    figure = Figure("f", f"simulated stories of {PAYMENTS} payments, {JOBS} processes", "/min", least=100.0)
    for turn in range(rounds):
        say(f"the simulation, {SEEDS} seeds")
        first = str(1 + turn * SEEDS)
        command = [sys.executable, "-m", "simulation", "--seed", first, "--seeds", str(SEEDS), "--payments", str(PAYMENTS)]
        command += ["--jobs", str(JOBS)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        found = TOLD.search(done.stdout.strip())
        assert found, done.stdout
        figure.ours.append(Sample(float(found[1])))
    return [figure]
