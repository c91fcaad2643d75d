"""A gateway whose API and worker can be told where to break (core.faults): SIGKILL before or after an effect, its answer lost."""

import signal
from pathlib import Path
from typing import NamedTuple

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

    def restart(self, role: str, faults: str = "") -> None:
        self.processes[role].stop()
        listener = self.listener.fileno()
        if role == "api":
            self.spawn("api", ["-m", "sluice.cli.main", "api"], (listener,), SLUICE_LISTENER=str(listener), SLUICE_FAULTS=faults)
        else:
            self.start_worker(SLUICE_FAULTS=faults)

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
