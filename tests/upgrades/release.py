"""The last release as a program of its own, run from its archive in the same environment."""

import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

from tests.upgrades.pack import ARCHIVE


class Release(NamedTuple):
    """`env` makes a Python run it, wherever it is started."""

    folder: Path

    @staticmethod
    def unpacked(folder: Path) -> "Release":
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(folder, filter="data")
        return Release(folder)

    @property
    def env(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.folder), "PYTHONSAFEPATH": "1"}


HEAD = Release(Path(__file__).parents[2])


def sluice(program: Release, *words: str, data: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    """One command of it, to its end."""
    command = [sys.executable, "-m", "sluice.cli.main", *words]
    known = {"PATH": "/usr/bin:/bin", "SLUICE_DATA": str(data)} | program.env | env
    return subprocess.run(command, env=known, capture_output=True, text=True, timeout=120, check=False)


def said(done: "subprocess.CompletedProcess[str]") -> str:
    """What it printed; it must have done it."""
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
