"""A seed is the same story each time: in this process, after other seeds, and in another process with other hashes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.ground import Ground
from simulation.world import simulate

SEEDS = (3, 4)
PAYMENTS = list(range(1, 7))
HERE = Path(__file__).parents[2]
OTHER = """
from simulation.ground import ground
from simulation.world import simulate
with ground() as stands:
    for seed in (4, 3):
        print(simulate(stands, seed, list(range(1, 7))).hash)
"""


@pytest.mark.slow
def test_the_same_seed_gives_the_same_trace(stands: Ground) -> None:
    """A seed runs twice with another between; its effects, answers and times have one hash, in another process too."""
    first = [simulate(stands, seed, PAYMENTS).hash for seed in SEEDS]
    assert first[0] != first[1]
    assert [simulate(stands, seed, PAYMENTS).hash for seed in SEEDS] == first
    env = os.environ | {"PYTHONHASHSEED": "42", "PYTHONPATH": str(HERE)}
    other = subprocess.run([sys.executable, "-c", OTHER], env=env, cwd=HERE, capture_output=True, text=True, check=True)
    assert other.stdout.split() == first[::-1]
