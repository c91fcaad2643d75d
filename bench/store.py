"""Facts through the program's own writer and group commit, without HTTP: as many callers as clients."""

import asyncio
import time
from collections.abc import Sequence

from bench.figures import Sample, percentile
from bench.patterns import FRESH, Pattern, filled
from sluice.store.database import Database


async def run(database: Database, patterns: Sequence[Pattern], clients: int, seconds: float) -> Sample:
    """Each caller writes the facts of one payment after the other, and waits for each commit."""
    spent: list[float] = []
    began, cpu = time.perf_counter(), time.process_time()
    callers = (caller(database, patterns[n % len(patterns)], began + seconds, spent) for n in range(clients))
    await asyncio.gather(*callers)
    took = time.perf_counter() - began
    used = (time.process_time() - cpu) * 1_000_000
    return Sample(len(spent) / took, percentile(spent, 50) * 1_000, percentile(spent, 99) * 1_000, used / max(1, len(spent)))


async def caller(database: Database, pattern: Pattern, ends: float, spent: list[float]) -> None:
    while (began := time.perf_counter()) < ends:
        await pay(database, pattern)
        spent.append(time.perf_counter() - began)


async def pay(database: Database, pattern: Pattern) -> None:
    fresh = [f"bench-{next(FRESH):020}" for _ in range(pattern.ids)]
    for step in pattern.steps:
        payment, name = fresh[0], step.fact.name
        if not await database.committer.write(step.sql, filled(step, fresh), name=name, payment=payment):
            raise AssertionError(f"{name} wrote nothing")
