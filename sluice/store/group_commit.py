"""Group commit: what gathers while one transaction runs goes into the next. No timer (DESIGN §4, PERFORMANCE 1).

One SQL text to a group; members sorted by payment, so that groups lock in one order; each job bears a number and its row
names it. A group that the database refuses is halved until the poisoned member falls out alone. A lost connection means
unknown for each member: each is executed again alone, on a new connection, which waits for the old one's fate.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any, NamedTuple

import asyncpg

from sluice.core import limits
from sluice.core.errors import Unavailable
from sluice.core.faults import effect

REFUSED = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.RaiseError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,
    asyncpg.QueryCanceledError,
)
AGAIN_SECONDS = (0.0, 0.05, 0.2, 0.5, 1.0, 2.0)  # a job alone, after its connection was lost

Result = bool | BaseException


class Job(NamedTuple):
    at: float
    payment: str
    name: str
    values: list[Any]
    done: "asyncio.Future[bool]"


class Committer:
    """Writes facts. `write` answers True: it holds; False: nothing was written, since a row moved or the key was taken."""

    def __init__(self, pool: Any, lanes: int = limits.LANES) -> None:
        self.pool, self.lanes, self.idle = pool, lanes, lanes
        self.queues: dict[str, deque[Job]] = {}
        self.waiting = 0
        self.tasks: set[asyncio.Task[None]] = set()

    def write(self, sql: str, values: list[Any], *, name: str, payment: str, must: bool = False) -> "asyncio.Future[bool]":
        """Raises `Unavailable` when too much waits, unless it `must` be written, as what settles an instruction must."""
        if self.waiting >= limits.QUEUE_MOST and not must:
            raise Unavailable("Too much is being written at this moment. Try again in a second.")
        loop = asyncio.get_running_loop()
        job = Job(loop.time(), payment, name, values, loop.create_future())
        self.queues.setdefault(sql, deque()).append(job)
        self.waiting += 1
        if self.idle:
            self.idle -= 1
            task = loop.create_task(self.lane())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        return job.done

    async def lane(self) -> None:
        try:
            while waiting := [(queue[0].at, sql) for sql, queue in self.queues.items() if queue]:
                sql = min(waiting)[1]  # the oldest job picks the text
                jobs = self.take(self.queues[sql])
                for job, result in zip(jobs, await self.group(sql, jobs), strict=True):
                    answer(job, result)
        finally:
            self.idle += 1

    def take(self, queue: deque[Job]) -> list[Job]:
        """Half of what waits, so that every lane is busy; at most GROUP_MOST."""
        share = -(-len(queue) // self.lanes) if len(queue) > self.lanes else len(queue)
        jobs = [queue.popleft() for _ in range(min(limits.GROUP_MOST, share))]
        self.waiting -= len(jobs)
        return sorted(jobs, key=lambda job: job.payment)

    async def group(self, sql: str, jobs: list[Job]) -> list[Result]:
        out = await self.on_one(sql, jobs)
        return out if out is not None else [await self.alone(sql, job) for job in jobs]

    async def alone(self, sql: str, job: Job) -> Result:
        """The same idempotent statement again: what had been written conflicts with itself, and writes nothing (F29)."""
        for pause in AGAIN_SECONDS:
            await asyncio.sleep(pause)
            out = await self.on_one(sql, [job])
            if out is not None:
                return out[0]
        return ConnectionError("the database did not say whether it wrote")

    async def on_one(self, sql: str, jobs: list[Job]) -> list[Result] | None:
        """One connection; None: its fate is unknown. It is dropped then, never cancelled (F30)."""
        try:
            connection = await self.pool.acquire()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return None
        try:
            return await self.settle(connection, sql, jobs)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            with suppress(Exception):
                connection.terminate()
            return None
        finally:
            await self.pool.release(connection)

    async def settle(self, connection: Any, sql: str, jobs: list[Job]) -> list[Result]:
        try:
            return await effect(f"store.{jobs[0].name}", lambda: commit(connection, sql, jobs))
        except REFUSED as refusal:
            if len(jobs) == 1:
                return [refusal]
            half = len(jobs) // 2
            return await self.settle(connection, sql, jobs[:half]) + await self.settle(connection, sql, jobs[half:])

    async def close(self) -> None:
        while self.tasks:
            await asyncio.gather(*self.tasks, return_exceptions=True)


async def commit(connection: Any, sql: str, jobs: list[Job]) -> list[Result]:
    """`fetchmany` is a transaction of its own, in one trip; each row names its job and its fact."""
    out: list[Result] = [False] * len(jobs)
    rows = await connection.fetchmany(sql, [(job.values[0], number, *job.values[1:]) for number, job in enumerate(jobs)])
    for row in rows:
        if row["fact"] != jobs[row["job"]].values[1]:
            raise AssertionError("an answer for another fact")
        out[row["job"]] = row["ok"]
    return out


def answer(job: Job, result: Result) -> None:
    if job.done.done():
        return
    if isinstance(result, BaseException):
        job.done.set_exception(result)
    else:
        job.done.set_result(result)
