"""A loop of the worker: a turn, a pause, and again, until it is told to stop. What goes wrong in one stops no other (F28)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import structlog

from sluice.core import metrics
from sluice.core.log import about
from sluice.store.database import LOST

PAUSE_MOST = 30.0  # seconds after a loop has failed again and again
AWAY_MOST = 2.0  # seconds between two looks for a database that is away

log = structlog.get_logger()


class Loop(NamedTuple):
    """`turn` does what is due and answers whether there may be more; `pause` seconds pass when there is not.

    `at_once`: a turn that only listens, or is safe to break off, is not waited for at the end.
    """

    name: str
    turn: Callable[[], Awaitable[bool | int | None]]
    pause: float
    at_once: bool = False


async def run(loops: Sequence[Loop], leaving: Callable[[], None] = lambda: None) -> None:
    """All of them side by side until cancelled; then every turn that moves money or tells of it comes to its end (F49).

    `leaving` is called when that begins.
    """
    stop = asyncio.Event()
    tasks = {asyncio.create_task(keep(loop, stop), name=loop.name): loop for loop in loops}
    try:
        await asyncio.gather(*map(asyncio.shield, tasks))
    finally:
        leaving()
        stop.set()
        for task, loop in tasks.items():
            if loop.at_once:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def keep(loop: Loop, stop: asyncio.Event) -> None:
    failed, name = 0, loop.name.partition(" to ")[0]  # all rails are listened to under one name
    turns = metrics.born(metrics.TURNS, ("idle", "busy", "failed"), name)
    about(loop=loop.name)
    while not stop.is_set():
        busy: bool | int | None = False
        try:
            busy, failed = await loop.turn(), 0
        except Exception as error:
            failed += 1
            turns["failed"].inc()
            tell(loop, error, failed)
            await rest(stop, away(error, loop.pause, failed))
        if not failed:
            turns["busy" if busy else "idle"].inc()
        if type(busy) is int:  # how much it took up
            metrics.child(metrics.TAKEN, name).inc(busy)
        if not busy and not failed:
            await rest(stop, loop.pause)


def away(error: Exception, pause: float, failed: int) -> float:
    """Growing pauses: short ones while the database is away, since everything waits for it."""
    return min(AWAY_MOST if isinstance(error, LOST) else PAUSE_MOST, max(pause, 0.1) * float(2 ** min(failed, 10)))


def tell(loop: Loop, error: Exception, failed: int) -> None:
    """A database that is away is said once; a defect each time, whole."""
    if not isinstance(error, LOST):
        log.error("a loop failed", times=failed, exc_info=error)
    elif failed == 1:
        log.warning("the database is away; waiting for it", why=type(error).__name__)


async def rest(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
