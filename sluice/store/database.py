"""The database as the program sees it: write a fact, load what a call names, fetch rows by a named statement."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from operator import index
from typing import Any, TypeVar

import asyncpg
import msgspec

from sluice.core import limits
from sluice.core.clock import clock
from sluice.core.errors import Unavailable
from sluice.core.ids import new_id
from sluice.core.outside import in_transaction
from sluice.core.tracing import span
from sluice.store.commits import AWAY as AWAY
from sluice.store.commits import LOST as LOST
from sluice.store.commits import cleanly
from sluice.store.facts import Fact, compose, statement
from sluice.store.group_commit import Committer
from sluice.store.primary import Servers
from sluice.store.reads import Kept, Loads, Rows, unpack
from sluice.store.reads import statement as read_statement
from sluice.store.rows import Row, columns

R = TypeVar("R", bound=Row)
T = TypeVar("T")
ROLE = "sluice_app"
DATABASE_TIME = "select extract(epoch from clock_timestamp())::float8"
SETTINGS = {
    "role": ROLE,
    "statement_timeout": str(limits.STATEMENT_MS),
    "synchronous_commit": "on",  # whatever a database or a user was altered to
    "timezone": "UTC",
}
# On a tiny analysed table the generic plan scans; a writing connection never wants that (PERFORMANCE 12).
PLANS = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
# Whether a key's row is as it was read, and on the standby too: commits get there in order, so that a later one that is clean
# proves an earlier one (F30). Of what a broken-off commit left behind the readers know nothing.
STANDS = """select $2::int job, $3::text fact, exists (select from idempotency
    where scope = $1 and key = $4 and token = $5 and status is not distinct from $6) ok,
    case when current_setting('synchronous_standby_names') <> '' then pg_logical_emit_message(true, 'sluice', '') end marked"""
PATIENT = {"lock_timeout": str(limits.ALONE_LOCK_MS)}


class Reader:
    """Reads over one pool. Past `most` callers at once the next is told to come again, and nobody waits for a connection
    longer than `seconds` (F34)."""

    def __init__(self, pool: Any, most: int, seconds: float | None = None) -> None:
        self.pool, self.most, self.seconds, self.busy = pool, most, seconds, 0

    async def load(self, scope: int, key: str | None, loads: Loads, *names: Any) -> tuple[Kept | None, Rows]:
        """The key's row and the rows that `names` lead to, in one read."""
        with span("store.load"):
            record = await self.fetchrow(read_statement(loads), scope, key, *names)
        assert record is not None
        return unpack(loads, tuple(record))

    async def one(self, row: type[R], scope: int, id: str) -> R | None:
        found = await self.many(row, scope, [id])
        return found[0] if found else None

    async def many(self, row: type[R], scope: int, ids: Sequence[str]) -> list[R]:
        sql = f"select {', '.join(columns(row))} from {row.table} where scope = $1 and id = any($2::text[])"
        return [row(*record) for record in await self.fetch(sql, scope, list(ids))]

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        return await self.read(lambda connection: connection.fetch(sql, *args))

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        return await self.read(lambda connection: connection.fetchrow(sql, *args))

    async def execute(self, sql: str, *args: Any) -> str:
        """A statement of its own, outside the group commit: work on many rows. Safe to repeat, as a lost one is."""
        return await self.read(lambda connection: executed(connection, sql, *args))

    async def read(self, do: Callable[[Any], Awaitable[T]]) -> T:
        """On a fresh connection once more when the first was lost, but not when none was free in time."""
        try:
            return await self.on_one(do)
        except TimeoutError:
            raise
        except LOST:
            return await self.on_one(do)

    async def on_one(self, do: Callable[[Any], Awaitable[T]]) -> T:
        async with self.connection() as connection:
            return await do(connection)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        if self.busy >= self.most:
            raise Unavailable("Too much is being read at this moment. Nothing has happened; try again in a second.", "reads")
        self.busy += 1
        try:
            async with self.pool.acquire(timeout=self.seconds) as connection:
                try:
                    yield connection
                except LOST:
                    with suppress(asyncpg.InterfaceError):  # the pool has let it go already
                        connection.terminate()
                    raise
        finally:
            self.busy -= 1

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """Several statements that hold together; no outside call may be made inside (Law 4)."""
        async with self.connection() as connection:
            token = in_transaction.set(True)
            try:
                with cleanly(connection):
                    async with connection.transaction():
                        yield connection
            finally:
                in_transaction.reset(token)


class Database(Reader):
    """Lanes that write facts, readers, and beside them a few connections for what must come to its end (F34).

    Every connection takes the application's role (S24).
    """

    def __init__(self, lanes: Any, readers: Any, beside: Any, servers: Servers) -> None:
        super().__init__(readers, limits.READS_MOST, limits.QUEUE_SECONDS)
        self.watching = asyncio.create_task(servers.watch())
        self.pools = (lanes, readers, beside)
        self.committer = Committer(lanes, beside)
        self.ending = Reader(beside, limits.IN_FLIGHT)  # what settling reads

    async def write(self, fact: Fact, *, payment: str = "", must: bool = False) -> bool:
        """One commit. False: nothing was written, since a row moved or the key was taken; the path looks again.

        Groups are sorted by `payment`: the intent, or what stands in its place. Raises as `Committer.write` says.
        """
        form, values = compose(fact)
        try:
            with span(f"store.{fact.name}"):
                return await self.committer.write(
                    statement(form), values, name=fact.name, payment=payment or fact.id, must=must
                )
        except asyncpg.UniqueViolationError as taken:
            if any(taken.constraint_name in row.conflicts for row in (*fact.saved, *fact.new)):
                return False
            raise

    async def stands(self, scope: int, key: str, kept: Kept) -> bool:
        """Whether what was read of a key may be answered from: it is there still, and no fail-over takes it away."""
        values = [scope, new_id("fact_"), key, kept.token, kept.status]
        return await self.committer.write(STANDS, values, name="key.stands", payment=key)

    async def agree_on_time(self) -> None:
        record = await self.fetchrow(DATABASE_TIME)
        assert record is not None
        clock.agree(record[0])

    async def close(self) -> None:
        self.watching.cancel()
        await self.committer.close()
        await asyncio.gather(*(pool.close() for pool in self.pools))


async def connect(dsn: str, *, lanes: int = limits.LANES, readers: int = limits.READERS) -> Database:
    servers = Servers(dsn)

    async def pool(size: int, settings: dict[str, str]) -> Any:
        return await asyncpg.create_pool(
            connect=servers.connect,
            min_size=1,  # there is one at least, though descriptors run out
            max_size=size,
            init=prepare,
            reset=nothing,
            max_cached_statement_lifetime=0,
            statement_cache_size=512,
            max_inactive_connection_lifetime=0,
            server_settings=SETTINGS | settings,
        )

    database = Database(
        await pool(lanes, PLANS | {"lock_timeout": str(limits.GROUP_LOCK_MS)}),
        await pool(readers, PATIENT),
        await pool(limits.BESIDE, PLANS | PATIENT),
        servers,
    )
    await database.agree_on_time()
    return database


async def executed(connection: Any, sql: str, *args: Any) -> str:
    with cleanly(connection):
        return str(await connection.execute(sql, *args))


async def prepare(connection: Any) -> None:
    await connection.set_type_codec("numeric", encoder=whole, decoder=Decimal, schema="pg_catalog")
    await connection.set_type_codec("jsonb", encoder=to_json, decoder=msgspec.json.decode, schema="pg_catalog")


async def nothing(connection: Any) -> None:
    """The default reset is one more round trip at each release: the cheapest doubling we have (PERFORMANCE 2)."""


def whole(amount: int) -> str:
    """numeric(78,0) takes 1.5 as 2 without a word; this raises (PERFORMANCE 12)."""
    return str(index(amount))


def to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
