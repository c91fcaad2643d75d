"""The one caller of rails. Whatever a rail does: a word of `outcomes` comes back, in time, compared with what was asked."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, get_args
from weakref import WeakKeyDictionary

from sluice.core import limits, metrics
from sluice.core.clock import monotonic
from sluice.core.errors import Unavailable
from sluice.core.faults import effect
from sluice.core.outside import refuse_inside_transaction
from sluice.rails.outcomes import Approved, NotSent, Outcome, Unknown, Word, answered
from sluice.rails.types import Booked, Card, Deadline, Envelope, Notice, Rail

T = TypeVar("T")
W = TypeVar("W", bound=Word)
GRACE = 0.5  # seconds a rail may take to say that its deadline has passed
PAUSE = 1.0  # seconds before a line that is down is watched again
WORDS = tuple(metrics.snake(each.__name__) for each in get_args(Word))
_in_flight: WeakKeyDictionary[Rail, int] = WeakKeyDictionary()


@contextmanager
def room(rail: Rail) -> Iterator[None]:
    """A place in the rail's bulkhead, taken in *check* and kept to the end. Raises `Unavailable` when it is full."""
    if _in_flight.get(rail, 0) >= limits.IN_FLIGHT:
        raise Unavailable(f"Too many payments are in flight at {rail.name}. Nothing has happened; please try again.", "rail")
    _in_flight[rail] = _in_flight.get(rail, 0) + 1
    inside = metrics.child(metrics.RAIL_IN_FLIGHT, metrics.kind(rail))
    inside.inc()
    try:
        yield
    finally:
        inside.dec()
        _in_flight[rail] -= 1


async def ask(rail: Rail, envelope: Envelope, card: Card | None, seconds: float) -> Outcome:
    """Sends the message once and waits at most `seconds` for the rail's word."""
    began, word = monotonic(), await called(envelope.verb, lambda deadline: rail.send(envelope, card, deadline), seconds)
    return counted(rail, envelope.verb, began, answered(compared(word, envelope)))


async def inquire(rail: Rail, envelope: Envelope, seconds: float) -> Word:
    """What became of the message; an inquiry that did not leave says nothing of it."""
    began, word = monotonic(), await called("inquire", lambda deadline: rail.inquire(envelope, deadline), seconds)
    word = Unknown(word.why) if isinstance(word, NotSent) else compared(word, envelope)
    return counted(rail, "inquire", began, word)


async def reverse(rail: Rail, envelope: Envelope, seconds: float) -> Outcome:
    """Undoes the message; only `Approved` acknowledges."""
    began, word = monotonic(), await called("reverse", lambda deadline: rail.reverse(envelope, deadline), seconds)
    return counted(rail, "reverse", began, answered(compared(word, envelope)))


async def watch(rail: Rail, after: int, seconds: float) -> list[Notice]:
    """Notices above `after`; [] when there is none or the line fails, then not at once: the caller may ask in a loop."""
    refuse_inside_transaction("rail.watch")
    done = await guarded(lambda: rail.watch(after, Deadline.after(seconds)), seconds)
    if isinstance(done, list) and all(isinstance(notice, Notice) for notice in done):
        return done
    await asyncio.sleep(min(PAUSE, seconds))
    return []


async def booked(rail: Rail, since: float, seconds: float) -> list[Booked]:
    """What stands in the rail's book since that second. Raises `Unavailable` when it cannot say so now."""
    refuse_inside_transaction("rail.booked")
    done = await guarded(lambda: rail.booked(since, Deadline.after(seconds)), seconds)
    if isinstance(done, str):
        raise Unavailable(f"{rail.name} does not say what it has booked ({done}).")
    return done


async def called(verb: str, do: Callable[[Deadline], Awaitable[Word]], seconds: float) -> Word:
    """The wire's gate: one effect, named by its verb."""
    name = f"rail.{verb}"
    refuse_inside_transaction(name)
    deadline = Deadline.after(seconds)
    done = await guarded(lambda: effect(name, lambda: do(deadline)), seconds)
    if isinstance(done, Word):
        return done
    return Unknown(done if isinstance(done, str) else f"the rail answered {type(done).__name__}")


async def guarded(do: Callable[[], Awaitable[T]], seconds: float) -> T | str:
    """What a rail returns, or why it returned nothing. One that ignores its deadline, or being cancelled, is left behind."""

    async def run() -> T:
        return await do()

    task = asyncio.ensure_future(run())
    try:
        await asyncio.wait({task}, timeout=seconds + GRACE)
    finally:
        task.cancel()  # nothing, if it is done
    if not task.done():
        return "the rail did not keep its deadline"
    if task.cancelled():
        return "the rail was cancelled"
    error = task.exception()
    return f"{type(error).__name__} in the rail" if error else task.result()


def counted(rail: Rail, verb: str, began: float, word: W) -> W:
    """The word, once it is known what it is worth."""
    name = metrics.kind(rail)
    metrics.born(metrics.RAIL_CALLS, WORDS, name, verb)[metrics.kind(word)].inc()
    metrics.child(metrics.RAIL_SECONDS, name, verb).observe(monotonic() - began)
    return word


def compared(word: Word, envelope: Envelope) -> Word:
    """F20: an approval of anything but what was asked is none; what is not echoed does not match."""
    asked = (envelope.money.amount, envelope.money.currency, envelope.reference)
    if not isinstance(word, Approved) or (word.amount, word.currency, word.reference) == asked:
        return word
    return Unknown(f"approved {word.amount} {word.currency} for {word.reference}, which is not what was asked", said=word)
