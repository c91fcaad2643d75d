"""Shrinks a failure: first to the payments that it takes, then to the oddities that it takes. What is left is its story."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TypeVar

from simulation.world import Result

T = TypeVar("T")
SECONDS = 10.0
Run = Callable[[list[int], dict[object, float]], Result]


class Shrinker:
    """`again(payments, odd)` runs the seed anew with only these."""

    def __init__(self, failed: Result, again: Callable[..., Result], seconds: float = SECONDS) -> None:
        self.best, self.again, self.ends, self.runs = failed, again, perf_counter() + seconds, 0
        self.books = {difference.books for difference in failed.differences}

    def shrunk(self) -> Result:
        """The smallest that still fails in one of the same books."""
        if self.best.suspects:
            self.fails(sorted(self.best.suspects), list(self.best.odd))
        self.smaller(self.best.payments, lambda some: self.fails(some, list(self.best.odd)))
        self.smaller(list(self.best.odd), lambda some: self.fails(self.best.payments, some))
        return self.best

    def fails(self, payments: Sequence[int], odd: Sequence[object]) -> bool:
        """Whether it still does; the smaller one is kept. What is left out of time counts as "no"."""
        if perf_counter() > self.ends:
            return False
        self.runs += 1
        result = self.again(list(payments), {choice: self.best.odd[choice] for choice in odd})  # type: ignore[index]
        if not self.books & {difference.books for difference in result.differences}:
            return False
        self.best = result
        return True

    def smaller(self, items: list[T], fails: Callable[[list[T]], bool]) -> None:
        """Leaves out a half, a quarter … one at a time, as long as it fails without them."""
        size = len(items) // 2
        while size and perf_counter() < self.ends:
            at = 0
            while at < len(items):
                rest = items[:at] + items[at + size :]
                if fails(rest):
                    items = rest
                else:
                    at += size
            size //= 2
