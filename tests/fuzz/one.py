"""One target in a process of its own: `python -m tests.fuzz.one TARGET FOLDER [--runs N] [--seconds N] [--seed N]`.

By atheris, which follows the coverage; where it has no wheel, the same target meets seeded random bytes instead. What is found
lies in FOLDER.
"""

import argparse
import random
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

try:
    import atheris
except ImportError:
    atheris = None

LONGEST = 4_096
FOLLOWED = (
    "sluice.api.requests", "sluice.core.networks", "sluice.merchants.keys", "sluice.rails.sandbox.line", "sluice.shapes.forms",
    "sluice.shapes.parameters", "sluice.shapes.routes",
)  # fmt: skip
TOKENS = [b"[", b"]", b"[]", b"&", b"=", b"%", b"%00", b"%5B", b"\xff", b"\0", b",", b"{", b"}", b'"', b"\n", b"-1", b"9" * 20]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    (by_coverage if atheris else by_chance)(asked)


def target(name: str) -> Any:
    from tests.fuzz.targets import TARGETS

    return TARGETS[name]


def by_coverage(asked: argparse.Namespace) -> None:
    with atheris.instrument_imports(include=["sluice"]):
        for module in FOLLOWED:
            import_module(module)
    found = target(asked.target)
    seeds = asked.folder / "seeds"
    seeds.mkdir()
    for number, seed in enumerate(found.seeds):
        (seeds / str(number)).write_bytes(seed)
    limits = [f"-runs={asked.runs or -1}", f"-seed={asked.seed}", f"-max_len={LONGEST}", f"-max_total_time={asked.seconds}"]
    atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={asked.folder}/found-", str(seeds)], found.run)
    atheris.Fuzz()


def by_chance(asked: argparse.Namespace) -> None:
    """Seeds with bytes turned, cut, doubled and put in, until the runs or the seconds are over."""
    sys.stdout.write("atheris has no wheel for this system: seeded random bytes instead, without coverage\n")
    found, chance, runs = target(asked.target), random.Random(asked.seed), 0
    ends = time.monotonic() + (asked.seconds or float("inf"))
    while (not asked.runs or runs < asked.runs) and time.monotonic() < ends:
        data, runs = mutated(chance, found.seeds), runs + 1
        try:
            found.run(data)
        except BaseException:
            (asked.folder / "found-by-chance").write_bytes(data)
            sys.stdout.write(f"after {runs} runs: {data!r}\n")
            raise


def mutated(chance: random.Random, seeds: list[bytes]) -> bytes:
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(0, 8)):
        at, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        match chance.randrange(5):
            case 0:
                data[at:at] = chance.choice(TOKENS)
            case 1:
                data[at:end] = b""
            case 2:
                data[at:at] = data[at:end]
            case 3:
                data[at : at + 1] = chance.randbytes(1)
            case _:
                data[at:at] = chance.choice(seeds)
    return bytes(data[:LONGEST])


if __name__ == "__main__":
    main()
