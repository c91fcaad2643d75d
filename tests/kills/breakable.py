"""A gateway whose API and worker are told where to break (core.faults): SIGKILL around an effect, or its answer lost."""

import signal
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.harness import Gateway

HOWS = ("before", "after", "lost")


class Cell(NamedTuple):
    """One square of the kill matrix."""

    effect: str
    how: str

    def __str__(self) -> str:
        return f"{self.how} {self.effect}"


class Breakable(Gateway):
    """Marks and lists lie in the gateway's folder."""

    refund_seconds = 120.0  # a slow refund still waits when its canceling comes, whatever died meanwhile

    def restart(self, role: str, faults: str = "") -> None:
        """Comes back with these faults in its environment, or with none."""
        self.processes[role].stop()
        self.env["SLUICE_FAULTS"] = faults
        self.start_api() if role == "api" else self.start_worker()
        del self.env["SLUICE_FAULTS"]
        if role == "api":
            self.wait()

    def answers(self) -> bool:
        """The others may rest, or lie dead."""
        assert self.processes["api"].child.poll() is None, self.processes["api"].tail()
        try:
            urlopen(self.url, timeout=2).close()
        except OSError as said:
            return isinstance(said, HTTPError)
        return True

    def list_effects(self, role: str, name: str) -> Path:
        """From now on the role writes its effects there."""
        file = self.folder / f"{name}.effects"
        self.restart(role, f"list:{file}")
        return file

    def arm(self, role: str, cell: Cell, name: str) -> Path:
        """The role breaks there, once; the file is there when it did."""
        mark = self.folder / f"{name}.mark"
        self.restart(role, f"{cell.how}:{cell.effect}:{mark}")
        return mark

    def died(self, role: str) -> bool:
        return self.processes[role].child.wait(10) == -signal.SIGKILL


def effects_in(file: Path) -> list[str]:
    """Each effect once, in the order of its first coming."""
    return list(dict.fromkeys(file.read_text().split())) if file.exists() else []


def cells(effects: list[str], whole: bool, turn: int) -> list[Cell]:
    """Every square, or each effect once, in a way that changes with `turn`."""
    if whole:
        return [Cell(effect, how) for effect in effects for how in HOWS]
    return [Cell(effect, HOWS[(turn + n) % len(HOWS)]) for n, effect in enumerate(effects)]
