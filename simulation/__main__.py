"""`./dev simulate [--seed N] [--seeds K] [--payments M] [--jobs J] [--plant NAME] [--story]`"""

import argparse

from simulation.ground import ground
from simulation.world import simulate


def main() -> None:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--payments", type=int, default=20)
    parser.add_argument("--story", action="store_true")
    asked = parser.parse_args()
    with ground() as stands:
        for seed in range(asked.seed, asked.seed + asked.seeds):
            result = simulate(stands, seed, list(range(1, asked.payments + 1)))
            if asked.story:
                print(*result.lines, sep="\n")
            print(seed, f"{result.seconds:.2f} s", len(result.odd), len(result.lines), result.hash)
            print(*result.differences, sep="\n")


if __name__ == "__main__":
    main()
