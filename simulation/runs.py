"""What the command runs and prints, apart from `__main__`, which processes that are spawned cannot import."""

import argparse
from collections import Counter
from functools import partial
from multiprocessing import get_context
from time import perf_counter

from simulation.ground import Ground, ground
from simulation.planted import FAULTS
from simulation.shrink import Shrinker
from simulation.world import Result, simulate


def run(asked: argparse.Namespace) -> int:
    """Answers how many seeds failed."""
    seeds = range(asked.seed, asked.seed + asked.seeds)
    if asked.jobs == 1:
        return share(seeds, asked)
    with get_context("spawn").Pool(asked.jobs) as pool:
        return sum(pool.map(partial(share, asked=asked), [seeds[n :: asked.jobs] for n in range(asked.jobs)]))


def share(seeds: range, asked: argparse.Namespace) -> int:
    """Runs these seeds; answers how many failed."""
    with ground() as stands:
        return sum(not one(stands, seed, asked) for seed in seeds)


def one(stands: Ground, seed: int, asked: argparse.Namespace) -> bool:
    """Whether the seed is clean."""
    result = simulate(stands, seed, list(range(1, asked.payments + 1)), plant=asked.plant)
    if asked.story:
        print(*result.lines, sep="\n")
        print(f"seed {seed}: {len(result.odd)} oddities, {result.seconds:.2f} s, trace {result.hash}")
    if result.differences:
        print(told(result, *shrunk(stands, result, asked.plant)), flush=True)
    return not result.differences


def shrunk(stands: Ground, result: Result, plant: str) -> tuple[Result, float]:
    """The smallest that still fails, and the seconds that it took to find it."""
    began = perf_counter()
    shrinker = Shrinker(result, lambda payments, odd: simulate(stands, result.seed, payments, odd, plant))
    return shrinker.shrunk(), perf_counter() - began


def told(result: Result, small: Result, seconds: float) -> str:
    lines = [f"seed {result.seed}: the books differ"]
    lines += [f"  {difference}" for difference in result.differences]
    oddities, payments = (f"{len(a)} to {len(b)}" for a, b in ((result.odd, small.odd), (result.payments, small.payments)))
    lines.append(f"shrunk in {seconds:.1f} s, oddities: {oddities}, payments: {payments}")
    return "\n".join([*lines, *map(str, small.lines), *(f"  {difference}" for difference in small.differences)])


def table(asked: argparse.Namespace) -> int:
    """Each planted fault: the first seed that shows it, in how many, and how small its story is. 1: one was not found."""
    print(f"{'fault':32} first seed  seeds of {asked.seeds:<4} oddities  seconds  books")
    with get_context("spawn").Pool(asked.jobs) as pool:
        return 1 if sum(pool.map(partial(row, asked=asked), FAULTS, chunksize=1)) else 0


def row(plant: str, asked: argparse.Namespace) -> bool:
    """Prints it; whether the fault was not found."""
    seeds, payments = range(asked.seed, asked.seed + asked.seeds), list(range(1, asked.payments + 1))
    with ground() as stands:
        results = (simulate(stands, seed, payments, plant=plant) for seed in seeds)
        caught = [result for result in results if result.differences]
        if not caught:
            print(f"{plant:32} none", flush=True)
            return True
        small, seconds = shrunk(stands, caught[0], plant)
    books = ", ".join(name for name, _ in Counter(one.books for one in small.differences).most_common())
    print(f"{plant:32} {caught[0].seed:10}  {len(caught):13}  {len(small.odd):8}  {seconds:7.1f}  {books}", flush=True)
    return False
