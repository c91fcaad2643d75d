"""(b) Retrieve, list, page 10,000: at ten thousand payments and at two million, side by side in two databases of one server."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bench.figures import Figure, Sample, percentile
from bench.ground import Ground
from bench.sizes import FEW, MANY, Sized, sized
from sluice.payments.intents import Intent
from sluice.store.lists import page

READERS, PAGE, DEEP = 4, 10, 10_000
Read = Callable[[], Awaitable[Any]]


def measure(ground: Ground, rounds: int, seconds: float, say: Any) -> list[Figure]:
    retrieve = Figure("b", f"retrieve, {MANY:,} beside {FEW:,} payments", goal=0.9)
    first = Figure("b", f"list page 1, {MANY:,} beside {FEW:,} payments", goal=0.9)
    deep = Figure("b", f"list page {DEEP:,} beside page 1, at {MANY:,}", goal=0.85)
    with sized(ground, say, intents=True) as (few, many):
        for turn in range(rounds):
            say(f"round {turn + 1} of {rounds}: reading")
            for figure, ours, theirs in (
                (retrieve, one(many), one(few)),
                (first, listed(many), listed(few)),
                (deep, listed(many, DEEP * PAGE), listed(many)),
            ):
                figure.theirs.append(ground.run(run(theirs, seconds / 2)))
                figure.ours.append(ground.run(run(ours, seconds / 2)))
    return [retrieve, first, deep]


def one(of: Sized) -> Read:
    return lambda: of.database.one(Intent, of.scope, of.name(of.size // 2))


def listed(of: Sized, after: int = 0) -> Read:
    """A page that begins `after` so many newer ones."""
    cursor = of.name(of.size - after) if after else None
    return lambda: page(of.database, Intent, of.scope, limit=PAGE, starting_after=cursor)


async def run(read: Read, seconds: float) -> Sample:
    spent: list[float] = []
    ends = time.perf_counter() + seconds

    async def reader() -> None:
        while (began := time.perf_counter()) < ends:
            assert await read()
            spent.append(time.perf_counter() - began)

    await asyncio.gather(*(reader() for _ in range(READERS)))
    return Sample(len(spent) / seconds, percentile(spent, 50) * 1_000, percentile(spent, 99) * 1_000)
