"""The tape: every choice that the simulation makes. 0 is "nothing odd"; each other one is an oddity that the story tells.

A choice has a name and a number among those of its name, and is drawn from that name's own stream. So taking one oddity away
moves no other: shrinking is leaving out.
"""

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import NamedTuple

# How often a choice of a kind is odd, when the seed makes that kind busy.
BUSY = {
    "order": 0.01, "call": 0.08, "store": 0.05, "read": 0.003, "rail": 0.12, "ask": 0.02, "notice": 0.1, "hook": 0.08,
    "death": 0.02, "clock": 0.3,
}  # fmt: skip
LEVELS = (0.0, 0.4, 1.0, 1.0)  # a seed may leave a kind out, or spare it


class Choice(NamedTuple):
    """The `number`-th choice called `name`."""

    name: str
    number: int


class Tape:
    """Drawn from a seed; or, when `only` is given, those oddities and no others."""

    def __init__(self, seed: int, only: Mapping[Choice, float] | None = None) -> None:
        self.seed, self.only = seed, only
        self.streams: dict[str, Random] = {}
        self.numbers: Counter[str] = Counter()
        self.odd: dict[Choice, float] = {}
        self.quiet = False  # faults have stopped
        levels = Random(f"{seed} levels")
        self.rates = {kind: rate * levels.choice(LEVELS) for kind, rate in BUSY.items()}

    def drawn(self, kind: str, name: str) -> float | None:
        """None: nothing odd. Else a number from 0 up to 1, which says how odd."""
        if self.quiet:
            return None
        self.numbers[name] += 1
        choice = Choice(name, self.numbers[name])
        if self.only is not None:
            drawn = self.only.get(choice)
        else:
            if (stream := self.streams.get(name)) is None:
                stream = self.streams[name] = Random(f"{self.seed} {name}")
            x, rate = stream.random(), self.rates[kind]
            drawn = x / rate if x < rate else None
        if drawn is not None:
            self.odd[choice] = drawn
        return drawn

    def choose(self, kind: str, name: str, among: int) -> int:
        """0, or 1 to `among` - 1."""
        drawn = self.drawn(kind, name)
        return 0 if drawn is None else 1 + int(drawn * (among - 1))

    def pick(self, kind: str, name: str, options: tuple[str, ...]) -> tuple[str, float]:
        """What goes wrong ("": nothing), and a number from 0 up to 1 that says how much."""
        drawn = self.drawn(kind, name)
        if drawn is None:
            return "", 0.0
        place = drawn * len(options)
        return options[int(place)], place % 1
