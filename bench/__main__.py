"""`python -m bench [--quick] [--only a,d] [--rounds N] [--seconds S]`: measures, and writes bench/results/."""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import books, hooks, load, paying, plot, reading, simulating, starting, table
from bench.figures import Figure
from bench.ground import Ground, ground
from bench.noise import noise

RESULTS = Path(__file__).parent / "results"
ROUNDS, SECONDS = 5, 4.0
QUICK_ROUNDS, QUICK_SECONDS = 1, 2.0
GROUPS: dict[str, Callable[[Ground, int, float, Callable[[str], None]], list[Figure]]] = {
    "a": paying.measure,
    "b": reading.measure,
    "c": hooks.measure,
    "e": books.measure,
}


def main() -> None:
    asked = arguments()
    figures: list[Figure] = []
    with folder() as home:
        heard = list(noise(home))
        if any(group in GROUPS for group in asked.only):
            with ground(home) as stands:
                for group in [group for group in GROUPS if group in asked.only]:
                    figures += GROUPS[group](stands, asked.rounds, asked.seconds, say)
        if "d" in asked.only:
            figures += starting.measure(home, asked.rounds, say)
        if "f" in asked.only:
            figures += simulating.measure(asked.rounds, say)
    figures.sort(key=lambda figure: figure.group)
    text = table.document(figures, [*about(asked), *heard])
    print(text)
    if not asked.dry:
        name = "quick" if asked.quick else "full"
        (RESULTS / f"{name}.md").write_text(text)
        (RESULTS / f"{name}.svg").write_text(plot.svg(figures))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="(a) and (d), in three minutes")
    parser.add_argument("--only", type=lambda text: text.split(","), help="groups, such as a,d")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="of each run")
    parser.add_argument("--dry", action="store_true", help="print, and leave bench/results/ as it is")
    asked = parser.parse_args()
    asked.only = asked.only or (["a", "d"] if asked.quick else [*GROUPS, "d", "f"])
    asked.rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS)
    asked.seconds = asked.seconds or (QUICK_SECONDS if asked.quick else SECONDS)
    return asked


def about(asked: argparse.Namespace) -> Iterator[str]:
    """What a reader must know to read the figures: the machine and the tools."""
    yield f"{time.strftime('%Y-%m-%d', time.gmtime())}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    yield f"Python {platform.python_version()}; PostgreSQL, the server and the load share the cores"
    yield f"rounds: {asked.rounds}, of {asked.seconds:g} s; medians, in brackets the lowest and highest round"
    yield f"HTTP load by {load.tool()}; beside it the embedded PostgreSQL's own pgbench, one prepared statement a fact"
    yield "absolute rates are this machine's at that minute; only ratios of one line mean something"


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        Path(name).chmod(0o711)  # the embedded server may run as another user
        yield Path(name)


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
