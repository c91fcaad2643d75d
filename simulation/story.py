"""The story: what happened, in order, as lines that a person can read; and a hash over all of it, effects and answers."""

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple


class Line(NamedTuple):
    """`odd`: something of the tape's. `about`: ids of ours and references to the rail."""

    at: float
    text: str
    odd: bool

    def __str__(self) -> str:
        return f"{self.at:10.3f} s  {'! ' if self.odd else '  '}{self.text}"


class Story:
    def __init__(self, time: Callable[[], float]) -> None:
        self.time = time
        self.lines: list[Line] = []
        self.seen: Counter[str] = Counter()  # which situations came about, for the test that they do
        self.sum = hashlib.blake2b(digest_size=16)

    def say(self, text: str, *, odd: bool = False) -> None:
        line = Line(self.time(), text, odd)
        self.lines.append(line)
        self.effect(text)

    def odd(self, text: str) -> None:
        self.say(text, odd=True)

    def effect(self, what: str) -> None:
        """Counts for the hash only: a read, a row."""
        self.sum.update(f"{self.time():.6f} {what}\n".encode())

    @property
    def hash(self) -> str:
        return self.sum.hexdigest()
