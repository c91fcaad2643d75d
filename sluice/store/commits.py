"""One transaction of a group: on one connection, in one trip, believed only once it is cleanly committed (F29, F30, F59)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, NamedTuple

import asyncpg

from sluice.core import metrics
from sluice.core.clock import monotonic
from sluice.core.faults import effect

# Another transaction stood in the way: tried again alone, with seconds for a lock instead of milliseconds.
PASSING = (asyncpg.LockNotAvailableError, asyncpg.TransactionRollbackError, asyncpg.QueryCanceledError)
# The statement was refused and its connection is sound.
REFUSED = (*PASSING, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.RaiseError)
# The server has no room, for what was to be written or for one more connection (F34, F35): nothing is written, and the
# connection is sound.
FULL = asyncpg.InsufficientResourcesError
# Nobody said what became of it.
LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
# The database is away, full or busy. What else it refuses is a defect of ours (Law 11).
AWAY = (*LOST, *PASSING, FULL, asyncpg.OperatorInterventionError)


class InDoubt(ConnectionError):
    """A commit with a warning: it is here, perhaps not on the standby (F30)."""


class Job(NamedTuple):
    at: float
    until: float  # who cannot be begun by then is told so: nothing has happened
    payment: str
    name: str
    values: list[Any]
    done: "asyncio.Future[bool]"

    def answer(self, result: bool | Exception) -> None:
        if self.done.done():
            return
        if isinstance(result, Exception):
            self.done.set_exception(result)
        else:
            self.done.set_result(result)


@asynccontextmanager
async def connection(pool: Any) -> AsyncIterator[Any]:
    """One whose transaction was lost is dropped, never cancelled: a cancelled COMMIT says that it was done (F30)."""
    taken = await pool.acquire()
    try:
        yield taken
    except (*REFUSED, FULL):
        raise
    except BaseException:
        with suppress(Exception):
            taken.terminate()
        raise
    finally:
        await pool.release(taken)


# In a transaction of its own. Commits reach the standby in order: once this one has, so have all that it could see.
MARK = """select pg_logical_emit_message(true, 'sluice', '') where current_setting('synchronous_standby_names') <> ''"""


async def commit(lane: Any, sql: str, jobs: list[Job], *, doubted: bool = False) -> None:
    """One transaction, in one trip, and the answers of its members: only once it is cleanly committed.

    `doubted`: it may have been committed before, here and not on the standby. What conflicts with itself writes nothing, waits
    for nobody, and would pass for done (F30).
    """
    began, rows = monotonic(), [(job.values[0], number, *job.values[1:]) for number, job in enumerate(jobs)]
    with cleanly(lane):
        results = await effect(f"store.{jobs[0].name}", lambda: lane.fetchmany(sql, rows))
        if doubted:
            await lane.execute(MARK)
    wrote = {row["job"]: row for row in results}
    for number, job in enumerate(jobs):
        if wrote[number]["fact"] != job.values[1]:
            raise AssertionError("an answer for another fact")
        job.answer(wrote[number]["ok"])
    metrics.COMMIT_FACTS.observe(len(jobs))
    metrics.COMMIT_SECONDS.observe(monotonic() - began)


@contextmanager
def cleanly(lane: Any) -> Iterator[None]:
    warnings: list[str] = []

    def hear(_: Any, message: Any) -> None:
        if message.severity_en == "WARNING":
            warnings.append(message.message)

    lane.add_log_listener(hear)
    try:
        yield
    finally:
        with suppress(asyncpg.InterfaceError):  # lost, and let go by its pool
            lane.remove_log_listener(hear)
    if warnings:
        raise InDoubt(warnings[0])
