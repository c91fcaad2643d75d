"""Shrinks a failure: to the payments that it takes, then to the oddities that it takes. What is left is its story."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import TypeVar

from simulation.tape import Choice
from simulation.world import Result

SECONDS = 10.0
T = TypeVar("T")
Again = Callable[[list[int], Mapping[Choice, float]], Result]


class Shrinker:
    """`again(payments, odd)` runs the seed anew with only these; `best` is the smallest that still failed."""

    def __init__(self, failed: Result, again: Again, seconds: float = SECONDS) -> None:
        self.best, self.odd, self.again, self.ends = failed, failed.odd, again, perf_counter() + seconds
        self.books = {difference.books for difference in failed.differences}

    def shrunk(self) -> Result:
        """It fails in one of the books in which the whole did."""
        suspects = sorted(self.best.suspects)
        about = tuple(f"payment {number}:" for number in suspects)
        guesses: list[Callable[[Choice], bool]] = [
            lambda choice: any(name in choice.name for name in about),
            lambda choice: choice.name != "order",
        ]
        if suspects:
            self.fails(suspects, list(self.best.odd))
        for guess in guesses:
            if self.fails(self.best.payments, list(filter(guess, self.best.odd))):
                break
        self.leave_out(self.best.payments, lambda some: self.fails(some, list(self.best.odd)))
        self.leave_out(list(self.best.odd), lambda some: self.fails(self.best.payments, some))
        return self.best

    def fails(self, payments: Sequence[int], odd: Sequence[Choice]) -> bool:
        """Whether it still does; then that is the best. When the time is over, or no payment is left, nothing does."""
        if not payments or perf_counter() > self.ends:
            return False
        result = self.again(list(payments), {choice: self.odd[choice] for choice in odd})
        if not self.books & {difference.books for difference in result.differences}:
            return False
        self.best = result
        return True

    def leave_out(self, items: list[T], fails: Callable[[list[T]], bool]) -> None:
        """A half, a quarter … one at a time, as long as it fails without them."""
        size = (len(items) + 1) // 2
        while size:
            at = 0
            while at < len(items):
                rest = items[:at] + items[at + size :]
                if rest != items and fails(rest):
                    items = rest
                else:
                    at += size
            size //= 2
