"""Leases: whoever sends or settles an instruction holds one, in the database's time; recovery keeps off until it is over."""

from sluice.core import limits
from sluice.core.clock import clock
from sluice.payments.instructions import Instruction

PAUSES = (1, 2, 5, 15, 60, 300, 900)  # seconds before recovery asks again


def leased() -> int:
    """The end of a lease taken now, in microseconds: the rail's deadline and a margin."""
    return clock.micros() + int((limits.RAIL_SECONDS + limits.LEASE_MARGIN) * 1_000_000)


def left(instruction: Instruction) -> float:
    """Seconds in which its holder may still send and hear: the lease but for its margin."""
    return (instruction.until - clock.micros()) / 1_000_000 - limits.LEASE_MARGIN


def soon(before: Instruction) -> int:
    """When recovery looks again, in microseconds of the database's clock."""
    return clock.micros() + PAUSES[min(before.tries, len(PAUSES) - 1)] * 1_000_000
