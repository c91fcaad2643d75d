"""`./dev fuzz [TARGET …] [--seconds N] [--runs N] [--seed N]`: hostile bytes for every decoder that strangers reach."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
SECONDS = 60
TAIL = 4_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; none: each in turn")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="for each target")
    parser.add_argument("--runs", type=int, default=0, help="at most so many inputs")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if unknown := [name for name in asked.targets if name not in TARGETS]:
        parser.error(f"no such target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    fell = [
        name for name in asked.targets or TARGETS if not survives(name, runs=asked.runs, seconds=asked.seconds, seed=asked.seed)
    ]
    sys.exit(f"found something in: {', '.join(fell)}" if fell else 0)


def survives(name: str, **limits: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="sluice-fuzz-") as folder:
        done = run(name, Path(folder), **limits)
        found = [file.read_bytes() for file in Path(folder).glob("found-*")]
    said = f"{name}: found {found}\n{done.stdout[-TAIL:]}" if done.returncode else f"{name}: nothing found"
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()
    return done.returncode == 0


def run(
    name: str, folder: Path, before: Sequence[str] = ("-m", "tests.fuzz.one"), **limits: int
) -> subprocess.CompletedProcess[str]:
    """One target, in a process of its own: libFuzzer ends the one that it runs in."""
    options = [f"--{limit}={value}" for limit, value in limits.items()]
    command = [sys.executable, *before, name, str(folder), *options]
    env = os.environ | {"PYTHONHASHSEED": "0"}  # so that a seed finds the same again
    return subprocess.run(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )


if __name__ == "__main__":
    main()
