"""The primary dies under load, over and over; its standby takes over. What was acknowledged is there, once (F31)."""

import asyncio
from collections.abc import Callable

import pytest

from sluice.store.database import connect
from tests.failover.clients import Clients
from tests.failover.pair import Pair

BEFORE, AFTER = 60, 40  # acknowledged writes around the death
CONTROL_MOST = 10  # rounds in which the control must lose

pytestmark = pytest.mark.slow


async def round_of(pair: Pair, *, synchronous: bool) -> Clients:
    """The clients write; the primary dies in the midst; they go on by themselves."""
    pair.join(synchronous=synchronous)
    database = await connect(pair.dsn)
    clients = Clients(database)
    async with clients.writing():
        await clients.more(BEFORE)
        await asyncio.to_thread(pair.die)
        await asyncio.to_thread(pair.take_over)
        await clients.more(AFTER)
    await database.close()
    return clients


@pytest.mark.shows("F31")
async def test_nothing_acknowledged_is_lost(pair: Pair, whole: bool, tell: Callable[[str], object]):
    """The primary is killed under load, its standby 20 ms away: nothing acknowledged is lost, nothing is there twice."""
    for number in range(20 if whole else 3):
        clients = await round_of(pair, synchronous=True)
        tell(f"round {number + 1}: {len(clients.acknowledged)} acknowledged, {clients.silence:.1f} s without an answer")
        assert clients.lost(pair) == []


async def test_an_asynchronous_standby_does_lose(pair: Pair, tell: Callable[[str], object]):
    """The control: the same loop without waiting for the standby loses what was acknowledged, so the test above can fail."""
    for number in range(CONTROL_MOST):
        clients = await round_of(pair, synchronous=False)
        lost = clients.lost(pair)
        tell(f"control {number + 1}: {len(clients.acknowledged)} acknowledged, {len(lost)} of them lost")
        if lost:
            return
    raise AssertionError("nothing was lost: the line is too fast for this test to mean anything")
