"""Group commit: what gathers while one transaction runs goes into the next. No timer (DESIGN §4, PERFORMANCE 1).

One SQL text to a group; members sorted by payment, so that groups lock in one order; each job bears a number and its row
names it. A group that the database refuses is halved until the poisoned member falls out alone. A lost connection means
unknown for each member: each is executed again alone, on another connection, which waits for the old one's fate.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine
from math import inf
from typing import Any

from sluice.core import limits, metrics
from sluice.core.errors import Contended, Unavailable
from sluice.store.commits import FULL, LOST, PASSING, REFUSED, Job, commit, connection

AGAIN_SECONDS = (0.0, 0.05, 0.2, 0.5, 1.0, 2.0)  # before each try of a job alone


class Committer:
    """Writes facts. `write` answers True: it holds; False: nothing was written, since a row moved or the key was taken.

    `lanes` is the pool of the groups' connections, as many as there are lanes; `beside` that of the jobs executed alone.
    """

    def __init__(self, lanes: Any, beside: Any) -> None:
        self.pool, self.beside = lanes, beside
        self.lanes = self.idle = lanes.get_max_size()
        self.queues: dict[str, deque[Job]] = {}
        self.waiting = 0
        self.tasks: set[asyncio.Task[None]] = set()

    def write(self, sql: str, values: list[Any], *, name: str, payment: str, must: bool = False) -> "asyncio.Future[bool]":
        """Raises `Unavailable` when too much waits, or for too long, but not when it `must` be written to end an instruction.

        The future raises `Unavailable` and `Contended` when nothing was written, ConnectionError when nobody knows.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        if not must and (self.waiting >= limits.QUEUE_MOST or any(now > queue[0].until for queue in self.queues.values())):
            raise full()
        job = Job(now, inf if must else now + limits.QUEUE_SECONDS, payment, name, values, loop.create_future())
        self.queues.setdefault(sql, deque()).append(job)
        self.waiting += 1
        if self.idle:
            self.idle -= 1
            self.start(self.lane())
        return job.done

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def lane(self) -> None:
        try:
            while self.queues:
                sql = min(self.queues, key=lambda sql: self.queues[sql][0].at)  # the oldest job picks the text
                if jobs := self.take(sql):
                    await self.group(sql, jobs)
        finally:
            self.idle += 1

    def take(self, sql: str) -> list[Job]:
        """A lane's share of what waits, so that every lane is busy; at most GROUP_MOST. Whose time is over is told so."""
        queue, now = self.queues[sql], asyncio.get_running_loop().time()
        share = -(-len(queue) // self.lanes) if len(queue) > self.lanes else len(queue)
        taken = [queue.popleft() for _ in range(min(limits.GROUP_MOST, share))]
        self.waiting -= len(taken)
        if not queue:
            del self.queues[sql]
        for job in taken:
            if now > job.until:
                job.answer(full())
        return sorted((job for job in taken if not job.done.done()), key=lambda job: job.payment)

    async def group(self, sql: str, jobs: list[Job]) -> None:
        """Whose fate stays open is executed again beside the lanes: a held row, or a lost connection, stops nobody else."""
        try:
            async with connection(self.pool) as lane:
                metrics.COMMIT_WAIT.observe(asyncio.get_running_loop().time() - min(job.at for job in jobs))
                await self.halve(lane, sql, jobs)
        except LOST:
            metrics.child(metrics.COMMIT_FAILURES, "lost").inc()
            self.again(sql, jobs, unknown=True)
        except FULL as full:
            self.no_room(sql, jobs, full)
        except Exception as defect:
            for job in jobs:
                job.answer(defect)

    async def halve(self, lane: Any, sql: str, jobs: list[Job]) -> None:
        try:
            await commit(lane, sql, jobs)
        except REFUSED as refusal:
            metrics.child(metrics.COMMIT_FAILURES, "refused").inc()
            if len(jobs) > 1:
                await self.halve(lane, sql, jobs[: len(jobs) // 2])
                await self.halve(lane, sql, jobs[len(jobs) // 2 :])
            elif isinstance(refusal, PASSING):
                self.again(sql, jobs, unknown=False)
            else:
                jobs[0].answer(refusal)

    def again(self, sql: str, jobs: list[Job], unknown: bool) -> None:
        for job in jobs:
            if not job.done.done():
                self.start(self.alone(sql, job, unknown))

    def no_room(self, sql: str, jobs: list[Job], full: Exception) -> None:
        """Only what must be written is tried again (F35)."""
        for job in jobs:
            if job.until < inf:
                job.answer(full)
        self.again(sql, jobs, unknown=False)

    async def alone(self, sql: str, job: Job, unknown: bool) -> None:
        """The same idempotent statement again: what had been written conflicts with itself, and writes nothing (F29)."""
        for pause in AGAIN_SECONDS:
            await asyncio.sleep(pause)
            try:
                async with connection(self.beside) as own:
                    return await commit(own, sql, [job], doubted=unknown)
            except PASSING:
                if not unknown and job.until < inf:
                    return job.answer(Contended())
            except FULL as full:
                if not unknown and job.until < inf:
                    return job.answer(full)
            except LOST:
                unknown = True
            except Exception as defect:
                return job.answer(defect)
        return job.answer(ConnectionError("the database did not say that it wrote"))

    async def close(self) -> None:
        while self.tasks:
            await asyncio.gather(*self.tasks, return_exceptions=True)


def full() -> Unavailable:
    return Unavailable("Too much is being written at this moment. Nothing has happened; try again in a second.", "writes")
