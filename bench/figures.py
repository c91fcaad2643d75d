"""What was measured, and what is made of several rounds: medians and their range, as ratios."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple


class Sample(NamedTuple):
    """One short run: how many a second, and the middle and the hundredth longest of their times in milliseconds."""

    rate: float
    p50: float = 0.0
    p99: float = 0.0
    cpu: float = 0.0  # microseconds of the server process for each


@dataclass
class Figure:
    """One line of the table: our samples and, round by round, what they are compared with.

    `goal`: the least ratio; `least` and `most`: bounds of our own value, in `unit`.
    """

    group: str
    name: str
    unit: str = "/s"
    goal: float | None = None
    least: float | None = None
    most: float | None = None
    ours: list[Sample] = field(default_factory=list)
    theirs: list[Sample] = field(default_factory=list)
    note: str = ""

    @property
    def ratios(self) -> list[float]:
        return [our.rate / their.rate for our, their in zip(self.ours, self.theirs, strict=False) if their.rate]

    @property
    def ratio(self) -> float | None:
        return median(self.ratios) if self.ratios else None

    @property
    def value(self) -> float:
        return median(sample.rate for sample in self.ours)

    @property
    def met(self) -> bool | None:
        """None: there is no goal."""
        if self.goal is not None and self.ratio is not None:
            return self.ratio >= self.goal
        if self.least is not None:
            return self.value >= self.least
        return None if self.most is None else self.value <= self.most


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest rank; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0
