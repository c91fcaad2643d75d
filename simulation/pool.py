"""A process's connections, as the program's pools show them; what happens on them goes through the one real server.

A write's connection may be lost before its COMMIT, after it, or while the old backend still holds it open (F29).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from simulation.loop import ABOUT, CURRENT, EFFECT
from simulation.stage import Stage
from sluice.store.database import DATABASE_TIME

TRIP = 0.001  # seconds of a round trip
FATES = ("before", "after", "commits late", "commits late", "rolled back late", "slow")  # what reorders commits comes twice


def lost() -> Exception:
    return asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")


class Pool:
    """`patience`: its lock_timeout, in seconds."""

    def __init__(self, world: Stage, size: int, writes: bool, patience: float) -> None:
        self.world, self.size, self.writes, self.patience = world, size, writes, patience
        self.places = asyncio.Semaphore(size)

    def acquire(self, timeout: float | None = None) -> Acquired:
        return Acquired(self, timeout)

    async def release(self, connection: Connection) -> None:
        self.places.release()

    def get_max_size(self) -> int:
        return self.size

    async def close(self) -> None:
        pass


class Acquired:
    """What `pool.acquire()` answers: to be awaited, or entered."""

    def __init__(self, pool: Pool, timeout: float | None) -> None:
        self.pool, self.timeout = pool, timeout

    def __await__(self) -> Any:
        return self.take().__await__()

    async def take(self) -> Connection:
        async with asyncio.timeout(self.timeout):
            await self.pool.places.acquire()
        return Connection(self.pool)

    async def __aenter__(self) -> Connection:
        return await self.take()

    async def __aexit__(self, *error: object) -> None:
        await self.pool.release(Connection(self.pool))


class Connection:
    def __init__(self, pool: Pool) -> None:
        self.pool, self.world, self.server = pool, pool.world, pool.world.server
        self.open: Any = None  # the real one, while a transaction is open on it

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        if sql == DATABASE_TIME:
            await asyncio.sleep(TRIP)
            return [(self.world.loop.time(),)]
        rows = await self.effect(sql, lambda real: real.fetch(sql, *args))
        # PostgreSQL promises no order where none is asked for: this is ours
        return rows if len(rows) < 2 or "order by" in sql.rpartition(")")[2] else sorted(rows, key=repr)

    async def fetchrow(self, sql: str, *args: Any) -> Any:
        rows = await self.fetch(sql, *args)
        return rows[0] if rows else None

    async def execute(self, sql: str, *args: Any) -> str:
        return await self.effect(sql, lambda real: real.execute(sql, *args))  # type: ignore[no-any-return]

    async def fetchmany(self, sql: str, rows: list[Any]) -> Any:
        return await self.effect(sql, lambda real: real.fetchmany(sql, rows))

    async def effect(self, sql: str, do: Callable[[Any], Any]) -> Any:
        """One statement, in its own turn; inside a transaction it cannot be lost alone."""
        process, name = CURRENT.get(), EFFECT.get()
        who = process.name if process else "the shop's owner"
        kind = "store" if name else "read"
        fate, how = self.world.tape.pick(
            kind, f"{kind} {ABOUT.get() or who} {name}", FATES if name else ("before", "after", "slow")
        )
        if self.open is not None and fate != "slow":
            fate = ""
        await asyncio.sleep(TRIP + (how if fate == "slow" else 0))
        what = name or " ".join(sql.split()[:3])
        if fate:
            self.world.story.odd(TOLD[fate].format(who=who, what=name or "a read"))
            self.world.story.seen[f"database: {fate}"] += 1
        if fate == "before":
            raise lost()
        result = await self.on_real(do, fate, how)
        self.world.story.effect(f"{who} {what} {len(result) if isinstance(result, list) else result}")
        if fate and fate != "slow":
            raise lost()
        return result

    async def on_real(self, do: Callable[[Any], Any], fate: str, how: float) -> Any:
        if self.open is not None:
            return await self.server.do(self.world.loop, self.open, lambda: do(self.open), self.pool.patience)
        real = self.server.take(self.pool.writes)
        if not fate.endswith("late"):
            try:
                return await self.server.do(self.world.loop, real, lambda: do(real), self.pool.patience)
            finally:
                self.server.give(real, self.pool.writes)
        return await self.held(real, do, fate, 0.5 + 5 * how)

    async def held(self, real: Any, do: Callable[[Any], Any], fate: str, seconds: float) -> Any:
        """The old backend still has it when the client has given up: whoever repeats it waits for this one's fate."""
        self.server.begin(real)
        try:
            result = await self.server.do(self.world.loop, real, lambda: do(real), self.pool.patience)
        except asyncpg.PostgresError:
            self.finish(real, "rollback")
            raise
        self.world.loop.outside(seconds, self.finish, real, "commit" if fate == "commits late" else "rollback")
        return result

    def finish(self, real: Any, how: str) -> None:
        self.server.end(real, how)
        self.server.give(real, self.pool.writes)

    @asynccontextmanager
    async def transaction(self) -> Any:
        """What its process leaves open when it dies is rolled back."""
        self.open = self.server.take(self.pool.writes)
        self.server.begin(self.open)
        self.world.transactions[self] = CURRENT.get()
        try:
            yield self
        except BaseException:
            self.world.ended(self, "rollback")
            raise
        await asyncio.sleep(TRIP)
        self.world.ended(self, "commit")

    def terminate(self) -> None:
        pass

    def add_log_listener(self, hear: Any) -> None:
        pass

    def remove_log_listener(self, hear: Any) -> None:
        pass


TOLD = {
    "before": "{who} loses its connection before {what} reaches the database",
    "after": "{who} loses its connection after {what} is committed",
    "commits late": "{who} loses its connection at the COMMIT of {what}; the old backend commits a moment later",
    "rolled back late": "{who} loses its connection at the COMMIT of {what}; the old backend rolls back a moment later",
    "slow": "the database takes long over {what} of {who}",
}
