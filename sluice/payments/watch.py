"""What each process shows of itself while it runs: its readiness, its pools, queue and rails, and how far its loop lags."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Literal

from sluice.core import metrics, tracing
from sluice.core.clock import clock, monotonic
from sluice.core.listener import listen_inside
from sluice.core.settings import Settings
from sluice.payments.desk import Desk
from sluice.payments.readiness import Readiness

BEAT, WINDOW = 0.25, 15.0  # seconds: how often the loop is felt, and over how long the worst is told
Role = Literal["api", "worker"]
ROLES = {"api": (metrics.EVERYWHERE, metrics.DOOR), "worker": (metrics.EVERYWHERE, metrics.WORK)}
POOLS = ("lanes", "readers", "beside")


@asynccontextmanager
async def watched(desk: Desk, settings: Settings, role: Role) -> AsyncIterator[Readiness]:
    """Watches while the block runs; serves it on the inner port, if there is one. Raises `PortTaken`."""
    assert settings.database_url
    tracing.begin(role)
    readiness = Readiness(desk, settings.database_url)
    show(desk)
    tasks = [asyncio.create_task(readiness.keep()), asyncio.create_task(feel_the_loop())]
    try:
        async with AsyncExitStack() as opened:
            if settings.inner_port is not None or settings.inner_listener is not None:
                from sluice.core.inner import inner_port  # a server of its own: only where it is wanted

                listener = listen_inside(settings.inner_host, settings.inner_port or 0, settings.inner_listener)
                await opened.enter_async_context(inner_port(listener, ROLES[role], lambda: readiness.reasons))
            yield readiness
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(tracing.end)


def show(desk: Desk) -> None:
    """What is read when somebody asks, and costs nothing before."""
    metrics.CLOCK_OFFSET.set_function(lambda: clock.offset)
    metrics.QUEUE.set_function(lambda: desk.database.committer.waiting)
    for name, pool in zip(POOLS, desk.database.pools, strict=True):
        metrics.CONNECTIONS.labels(name, "idle").set_function(pool.get_idle_size)
        metrics.CONNECTIONS.labels(name, "busy").set_function(partial(busy, pool))


def busy(pool: Any) -> int:
    return int(pool.get_size() - pool.get_idle_size())


async def feel_the_loop() -> None:
    """A timer that comes late was kept waiting by something that held the loop, or by a machine that had no time for us."""
    late: deque[float] = deque([0.0], int(WINDOW / BEAT))
    metrics.LAG.set_function(lambda: max(late))
    while True:
        due = monotonic() + BEAT
        await asyncio.sleep(BEAT)
        late.append(max(0.0, monotonic() - due))
