"""Payments over the real PostgreSQL while everything goes wrong that can, by seed; at the end four books must agree.

`./dev simulate --seed 7 --story` tells all of one seed; `./dev simulate --seeds 500 --jobs 2` runs many from that one on.
A seed that fails is shrunk to the few oddities that it takes, and told. Exit 1 when one failed.
"""

import argparse
import sys
from collections import Counter
from functools import partial
from multiprocessing import get_context
from time import perf_counter

from simulation.ground import Ground, ground
from simulation.planted import FAULTS
from simulation.shrink import Shrinker
from simulation.world import Result, simulate


def main() -> None:
    asked = arguments()
    if asked.plant == "each":
        sys.exit(table(asked))
    began, failed = perf_counter(), 0
    seeds = range(asked.seed, asked.seed + asked.seeds)
    if asked.jobs > 1:
        shares = [seeds[n :: asked.jobs] for n in range(asked.jobs)]
        with get_context("spawn").Pool(asked.jobs) as pool:
            failed = sum(pool.map(partial(share, asked=asked), shares))
    else:
        failed = share(seeds, asked)
    took = perf_counter() - began
    print(f"{len(seeds)} seeds of {asked.payments} payments, {failed} failed, {len(seeds) * 60 / took:.0f} seeds a minute")
    sys.exit(1 if failed else 0)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many, from that one on")
    parser.add_argument("--payments", type=int, default=20, help="to a seed")
    parser.add_argument("--jobs", type=int, default=1, help="processes, each with a PostgreSQL of its own")
    parser.add_argument("--plant", choices=["", "each", *FAULTS], default="", help="plants a fault; each: a table of all")
    parser.add_argument("--story", action="store_true", help="prints the whole story, also of a seed that is clean")
    return parser.parse_args()


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
    before, after = (f"{len(one.odd)} oddities in {len(one.payments)} payments" for one in (result, small))
    lines.append(f"shrunk from {before} to {after}, in {seconds:.1f} s:")
    return "\n".join([*lines, *map(str, small.lines), *(f"  {difference}" for difference in small.differences)])


def table(asked: argparse.Namespace) -> int:
    """Each planted fault: the first seed that shows it, in how many, and how small its story is. 1: one was not found."""
    seeds, missed = range(asked.seed, asked.seed + asked.seeds), 0
    print(f"{'fault':32} first seed  seeds of {len(seeds):<4} oddities  seconds  books")
    with ground() as stands:
        for plant in FAULTS:
            results = [simulate(stands, seed, list(range(1, asked.payments + 1)), plant=plant) for seed in seeds]
            caught = [result for result in results if result.differences]
            missed += not caught
            if not caught:
                print(f"{plant:32} none")
                continue
            small, seconds = shrunk(stands, caught[0], plant)
            books = ", ".join(name for name, _ in Counter(one.books for one in small.differences).most_common())
            print(f"{plant:32} {caught[0].seed:10}  {len(caught):13}  {len(small.odd):8}  {seconds:7.1f}  {books}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    main()
