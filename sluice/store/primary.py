"""The primary: of the servers that the DSN names, the one that may be read and written (F31, F36).

A standby is never taken: it may lag. Nor is a primary of an older timeline: promotion begins a new one, and an old primary that
comes back still calls itself writable. Nor a pooler, which hands each transaction to another session than the settings went to.
"""

import asyncio
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from weakref import WeakKeyDictionary

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from sluice.core import limits
from sluice.store.commits import LOST

PORT = 5432  # where none is named

# A primary tells the timeline that it writes; a standby that of its last checkpoint, which is never too high.
JUDGED = """select pg_backend_pid() pid, pg_is_in_recovery() standby, case when pg_is_in_recovery()
    then (select timeline_id from pg_control_checkpoint())
    else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end timeline"""
POOLED = (
    "Between Sluice and PostgreSQL stands a connection pooler such as PgBouncer, which takes away the settings that our"
    " connections rely on: let DATABASE_URL name PostgreSQL itself; Sluice needs few connections and keeps them."
)


class Mismatch(Exception):
    """The database is not one that this program can use, or cannot be changed now: the message says what to do."""


class NoPrimary(ConnectionError):
    """None of the servers may be written to at this moment; the message says what each of them is."""


class Host(NamedTuple):
    """A server as the driver is told of it; nothing at all: as the DSN, or the driver, has it."""

    address: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        return f"{self.address}:{self.port}" if self.address else "the server"

    @property
    def options(self) -> dict[str, Any]:
        return {"host": self.address, "port": self.port, "timeout": limits.CONNECT_SECONDS} if self.address else {}


class Said(NamedTuple):
    """What a server says of itself, or why it says nothing."""

    host: Host
    timeline: int = 0
    writable: bool = False
    trouble: str = ""


class Servers:
    """The servers of one DSN, as one process sees them. `connect` stands in for the driver's own in a pool.

    `newest` is the highest timeline that any of them ever told: connections to an older one are dropped as soon as it is known.
    """

    def __init__(self, dsn: str) -> None:
        self.dsn, self.hosts, self.newest = dsn, hosts_of(dsn), 0
        self.primary: Host | None = self.hosts[0] if len(self.hosts) == 1 else None
        self.connections: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    async def connect(self, *_: Any, **how: Any) -> Any:
        """A connection to the primary. Raises one of `LOST` when there is none at this moment, `Mismatch` for a pooler."""
        if self.primary:
            try:
                return await self.open(self.primary, **how)
            except LOST:
                if len(self.hosts) == 1:
                    raise
        return await self.open(await self.look(), **how)

    async def open(self, host: Host, **how: Any) -> Any:
        connection = await opened(self.dsn, host, **how)
        try:
            said = await judged(connection, host)
            self.learn(said.timeline)
            if not said.writable or said.timeline < self.newest:
                raise NoPrimary(f"{host} {self.is_what(said)}")
        except BaseException:
            connection.terminate()
            raise
        self.connections[connection] = said.timeline
        return connection

    async def look(self) -> Host:
        """Asks every server, and chooses the primary of the newest timeline."""
        heard = await asyncio.gather(*(self.ask(host) for host in self.hosts))
        self.learn(max(said.timeline for said in heard))
        self.primary = next((said.host for said in heard if said.writable and said.timeline == self.newest), None)
        if self.primary is None:
            raise NoPrimary("; ".join(f"{said.host} {self.is_what(said)}" for said in heard))
        return self.primary

    async def ask(self, host: Host) -> Said:
        connection = None
        try:
            connection = await opened(self.dsn, host)
            return await judged(connection, host)
        except (*LOST, asyncpg.PostgresError) as error:
            return Said(host, trouble=str(error) or type(error).__name__)
        finally:
            if connection:
                connection.terminate()

    def learn(self, timeline: int) -> None:
        """Who still talks to an older primary, or waits there for a commit, is cut off, and tries again on the new one."""
        if timeline <= self.newest:
            return
        self.newest = timeline
        for connection, older in list(self.connections.items()):
            if older < timeline:
                connection.terminate()

    def is_what(self, said: Said) -> str:
        if said.trouble:
            return f"does not answer ({said.trouble})"
        return f"is a primary of old (timeline {said.timeline} of {self.newest})" if said.writable else "is a standby"

    async def watch(self) -> None:
        """Sees a promotion although the old primary goes on answering, or is silent without having hung up."""
        while len(self.hosts) > 1:
            await asyncio.sleep(limits.LOOK_SECONDS)
            try:
                await self.look()
            except (NoPrimary, Mismatch):
                continue  # whoever needs a connection is told


async def opened(dsn: str, host: Host, **how: Any) -> Any:
    try:
        return await asyncpg.connect(dsn, target_session_attrs=SessionAttribute.any, **(host.options | how))
    except asyncpg.ProtocolViolationError as refused:
        if "startup parameter" in str(refused):  # PgBouncer, of a setting that PostgreSQL takes
            raise Mismatch(POOLED) from None
        raise


async def judged(connection: Any, host: Host) -> Said:
    """What the server says; a pooler shows by a session that is not new, or has another number than was told at the door."""
    try:
        async with connection.transaction():
            said = await connection.fetchrow(JUDGED)
    except (asyncpg.DuplicatePreparedStatementError, asyncpg.InvalidSQLStatementNameError):
        raise Mismatch(POOLED) from None
    if said["pid"] != connection.get_server_pid():
        raise Mismatch(POOLED)
    return Said(host, said["timeline"], not said["standby"])


async def connect(dsn: str, **how: Any) -> Any:
    """One connection to the primary, for who needs no pool."""
    return await Servers(dsn).connect(**how)


def hosts_of(dsn: str) -> list[Host]:
    """The servers, as libpq writes several: `a:1,b:2` before the database's name, or `host=a,b&port=1,2` behind it."""
    parts = urlsplit(dsn)
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if several := parts.netloc.rpartition("@")[2]:
        named = [part.rpartition(":") if part.rpartition(":")[2].isdigit() else (part, "", "") for part in several.split(",")]
        pairs = [(address, port) for address, _, port in named]
    else:
        addresses = given.get("host", "").split(",")
        ports = given.get("port", "").split(",")
        pairs = list(zip(addresses, ports * len(addresses) if len(ports) == 1 else ports, strict=False))
    if len(pairs) < 2:
        return [Host()]
    return [Host(unquote(address).strip("[]"), int(port or PORT)) for address, port in pairs]
