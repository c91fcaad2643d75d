"""The real PostgreSQL, driven one SQL effect at a time: the virtual loop stands still until it is done, or waits for a lock.

Driver and server know real time only, so `lock_timeout` is off in them and kept here, in virtual time. Connections stay open
for the whole run: their prepared statements cost more than all else.
"""

import asyncio
from asyncio import events
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from typing import Any

import asyncpg

from simulation.loop import Loop
from sluice.store.database import PLANS, ROLE, prepare

BLOCKED = "select cardinality(pg_blocking_pids($1)) > 0"
LOOK = 0.002  # real seconds before a statement that is not done is asked whether it waits
SETTINGS = {"role": ROLE, "timezone": "UTC", "lock_timeout": "0", "statement_timeout": "0", "synchronous_commit": "off"}


class Waiting:
    """A statement that waits for a lock, and the coroutine that waits for it."""

    def __init__(self, real: Any, task: "asyncio.Task[Any]", answer: "asyncio.Future[None]") -> None:
        self.real, self.task, self.answer = real, task, answer


class Server:
    """`kinds`: reading connections plan as they like, writing ones by index (PLANS)."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.loop = asyncio.new_event_loop()
        self.idle: dict[bool, list[Any]] = defaultdict(list)
        self.monitor = self.now(asyncpg.connect(dsn))
        self.owner = self.now(asyncpg.connect(dsn))
        self.waiting: list[Waiting] = []
        self.struck = 0  # lock time-outs
        self.holding = 0  # transactions that stay open from one effect to the next

    def now(self, work: Awaitable[Any]) -> Any:
        """Runs it on the real loop, whoever's loop is running."""
        running = events._get_running_loop()
        events._set_running_loop(None)
        try:
            return Context().run(self.loop.run_until_complete, work)  # of no process
        finally:
            events._set_running_loop(running)

    def take(self, writes: bool) -> Any:
        return self.idle[writes].pop() if self.idle[writes] else self.now(self.connected(writes))

    async def connected(self, writes: bool) -> Any:
        settings = SETTINGS | (PLANS if writes else {})
        real = await asyncpg.connect(
            self.dsn, statement_cache_size=1024, max_cached_statement_lifetime=0, server_settings=settings
        )
        await prepare(real)
        return real

    def give(self, real: Any, writes: bool) -> None:
        self.idle[writes].append(real)

    async def do(self, loop: Loop, real: Any, work: Callable[[], Coroutine[Any, Any, Any]], patience: float) -> Any:
        """One effect. `patience`: virtual seconds that it waits for a lock."""
        if not self.holding:
            return self.now(work())
        task = self.loop.create_task(work(), context=Context())
        if not self.ends(real, task):
            waiting = Waiting(real, task, loop.create_future())
            self.waiting.append(waiting)
            loop.outside(patience, self.give_up, waiting)
            await waiting.answer
            task = waiting.task
        return task.result()

    def ends(self, real: Any, task: "asyncio.Task[Any]") -> bool:
        """True when it is done, False when it waits for a lock: one of both will be soon."""
        while not task.done():
            self.now(asyncio.wait({task}, timeout=LOOK))
            if not task.done() and self.now(self.monitor.fetchval(BLOCKED, real.get_server_pid())):
                return False
        return True

    def look(self) -> None:
        """After a transaction has ended: who waited for it goes on."""
        for waiting in self.waiting[:]:
            if self.ends(waiting.real, waiting.task):
                self.waiting.remove(waiting)
                if not waiting.answer.done():
                    waiting.answer.set_result(None)

    def give_up(self, waiting: Waiting) -> None:
        """lock_timeout strikes."""
        if waiting in self.waiting:
            self.struck += 1
            self.cancel(waiting)

    def cancel(self, waiting: Waiting) -> None:
        first = waiting.task

        async def canceled() -> Any:
            await self.monitor.execute("select pg_cancel_backend($1)", waiting.real.get_server_pid())
            try:
                return await first
            except asyncpg.QueryCanceledError:
                raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout") from None

        waiting.task = self.loop.create_task(canceled(), context=Context())
        self.now(asyncio.wait({waiting.task}))
        waiting.task.exception()  # the coroutine that waits for it may be dead
        self.look()

    def begin(self, real: Any) -> None:
        self.now(real.execute("begin"))
        self.holding += 1

    def end(self, real: Any, how: str) -> None:
        """`how`: commit, rollback. What still waits on it is of a client that is gone."""
        for waiting in [each for each in self.waiting if each.real is real]:
            self.cancel(waiting)
        self.now(real.execute(how))
        self.holding -= 1
        self.look()

    def close(self) -> None:
        for real in [*self.idle[True], *self.idle[False], self.monitor, self.owner]:
            real.terminate()
        self.now(asyncio.sleep(0.01))
        self.loop.close()
