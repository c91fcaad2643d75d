"""Faults are planted in our code, each alone: the simulation finds each, and tells it in a few oddities."""

import pytest

from simulation.ground import Ground
from simulation.planted import FAULTS
from simulation.shrink import Shrinker
from simulation.world import Result, simulate

SEEDS, PAYMENTS = 50, 10
ODDITIES = 10
PATIENCE = 120.0  # seconds to shrink, on a machine that does other things too: alone, ten are enough


@pytest.mark.slow
@pytest.mark.parametrize("plant", FAULTS)
def test_a_planted_fault_is_found(plant: str, stands: Ground) -> None:
    """The fault shows within 50 seeds, the seed is clean without it, and what is left has at most ten oddities."""

    def run(seed: int) -> Result:
        return simulate(stands, seed, list(range(1, PAYMENTS + 1)), plant=plant)

    failed = next((result for result in map(run, range(1, SEEDS + 1)) if result.differences), None)
    assert failed, f"{plant} was not found in {SEEDS} seeds"
    assert simulate(stands, failed.seed, list(range(1, PAYMENTS + 1))).differences == []
    small = Shrinker(failed, lambda payments, odd: simulate(stands, failed.seed, payments, odd, plant), PATIENCE).shrunk()
    assert small.differences
    assert len(small.odd) <= ODDITIES, "\n".join(map(str, small.lines))
