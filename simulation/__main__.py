"""Payments over the real PostgreSQL while everything goes wrong that can, by seed; at the end four books must agree.

`./dev simulate --seed 7 --story` tells all of one seed; `./dev simulate --seeds 500 --jobs 2` runs many from that one on.
A seed that fails is shrunk to the few oddities that it takes, and told. Exit 1 when one failed.
"""

import argparse
import sys
from time import perf_counter

from simulation.planted import FAULTS
from simulation.runs import run, table


def main() -> None:
    asked = arguments()
    if asked.plant == "each":
        sys.exit(table(asked))
    began = perf_counter()
    failed = run(asked)
    pace = asked.seeds * 60 / (perf_counter() - began)
    print(f"{asked.seeds} seeds of {asked.payments} payments, {failed} failed, {pace:.0f} seeds a minute")
    if asked.plant:
        print(f"{asked.plant}, planted: {f'found in {failed} of them' if failed else 'not found'}")
    sys.exit(1 if failed else 0)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=some, default=1, help="how many, from that one on")
    parser.add_argument("--payments", type=some, default=20, help="to a seed")
    parser.add_argument("--jobs", type=some, default=1, help="processes, each with a PostgreSQL of its own")
    parser.add_argument("--plant", choices=["", "each", *FAULTS], default="", help="plants a fault; each: a table of all")
    parser.add_argument("--story", action="store_true", help="prints the whole story, also of a seed that is clean")
    return parser.parse_args()


def some(text: str) -> int:
    """At least one: nothing that ran is nothing that holds."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 up")
    return int(text)


if __name__ == "__main__":
    main()
