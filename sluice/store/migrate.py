"""Migrations: plain SQL files, in order, each once, one `migrate` at a time; then the application's role (S24, F42, F43).

A file's first line declares what it does to older programs. `-- expand` only adds: every program of this major runs on.
`-- contract: needs programs from 1.4.0 on` takes something away. The table `migrations` keeps the oldest program that each
step still takes, so an older program tells a database that it may use from one that it must not touch (O13).
The role owns nothing. It may not update or delete a posting, an event, an entry of the audit log, its link, or a digest; only
the owner, who migrates, may.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.resources import files
from typing import Any, NamedTuple

import asyncpg

from sluice import __version__
from sluice.core.faults import effect
from sluice.core.ids import chance
from sluice.store import installation, primary
from sluice.store.database import ROLE
from sluice.store.primary import Mismatch as Mismatch

LOCK = 0x51_01_CE
LOCK_MS, LOCK_TRIES, LOCK_PAUSE = 1_000, 8, 1.0  # a statement that waits holds payments up: short, and again after a pause
MARK = 6  # characters
ALONE_SECONDS = 120.0  # for another `migrate` to end

LEDGER = """create table if not exists migrations (name text primary key, checksum text not null);
    alter table migrations add column if not exists needs text not null default '0.0.0',
    add column if not exists version text not null default '0.1.0'"""
DONE = "select name, checksum, needs, version from migrations"
RECORD = "insert into migrations (name, checksum, needs, version) values ($1, $2, $3, $4)"
TRY_LOCK = "select pg_try_advisory_lock($1)"
HAS_ROLE = "select exists (select from pg_roles where rolname = $1)"
LOCKED = """select c.relname || ' ' || l.mode held from pg_locks l join pg_class c on c.oid = l.relation
    where l.pid = pg_backend_pid() and l.granted and l.relation = any($1::oid[]) and l.mode <> 'AccessShareLock' order by 1"""
TABLES = "select oid from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
HOLDER = """select a.pid, coalesce(nullif(a.application_name, ''), a.usename::text, 'unknown') who from pg_stat_activity a
    join pg_locks l on l.pid = a.pid and l.granted and l.relation in (
        select oid from pg_class where relnamespace = 'public'::regnamespace)
    where a.pid <> pg_backend_pid() and a.datname = current_database() order by a.xact_start nulls last limit 1"""
GRANTS = f"""
grant usage on schema public to {ROLE};
grant select, insert, update, delete on all tables in schema public to {ROLE};
grant usage on all sequences in schema public to {ROLE};
revoke update, delete on postings, events, audit_entries, audit_chain, digests from {ROLE};
revoke insert, update, delete on migrations from {ROLE};
"""
DECLARED = re.compile(r"-- (expand|contract: needs programs from (\d+\.\d+\.\d+) on)\n")


class Step(NamedTuple):
    """One file."""

    name: str
    sql: str

    @property
    def needs(self) -> str:
        """The oldest program that may run on a database that has taken it: none of an earlier major, whatever is declared."""
        declared = DECLARED.match(self.sql)
        if declared is None:
            raise ValueError(f"{self.name} must declare in its first line: -- expand, or -- contract: needs programs from …")
        return declared[2] or f"{numbers(__version__)[0]}.0.0"

    @property
    def checksum(self) -> str:
        """Of what is run; the declaration is kept beside it."""
        return hashlib.sha256(DECLARED.sub("", self.sql, count=1).encode()).hexdigest()


class Applied(NamedTuple):
    """A step that was made, how long it took, and which locks it held on tables that were there before."""

    name: str
    seconds: float
    locks: tuple[str, ...]


def steps() -> list[Step]:
    """The migrations that this program brings, in order."""
    folder = files("sluice.store") / "migrations"
    return sorted(Step(file.name, file.read_text()) for file in folder.iterdir() if file.name.endswith(".sql"))


def numbers(version: str) -> tuple[int, ...]:
    """A version as it is compared: `0.10.2` is above `0.9.0`."""
    return tuple(map(int, version.split(".")))


async def migrate(dsn: str) -> list[Applied]:
    """Brings the database to this program's state; answers what was applied. Re-runnable after any death.

    A database that a newer program has migrated further by steps that we may run on is left as it is.
    """
    connection = await primary.connect(
        dsn, server_settings={"lock_timeout": str(LOCK_MS), "application_name": "sluice migrate"}
    )
    try:
        await alone(connection)
        waiting, ahead = compare(await ledger(connection))
        applied = [await patiently(connection, step) for step in waiting]
        if not ahead:  # the newer program has tables that it alone knows how to grant
            await effect("migrate.grant", lambda: grant(connection))
            await connection.execute(installation.DRAWN, chance(MARK))
        if len(applied) == len(steps()):  # nobody ran another version on it
            await connection.execute(installation.SWITCHED, __version__)
        return applied
    finally:
        await connection.close()


async def ledger(connection: Any) -> list[Any]:
    """What was made, in a table that is made first. One that is there is not locked: a dump may read it for hours."""
    with suppress(asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        return list(await connection.fetch(DONE))
    await effect("migrate.ledger", lambda: connection.execute(LEDGER))
    return list(await connection.fetch(DONE))


def compare(done: Sequence[Any]) -> tuple[list[Step], list[str]]:
    """The steps that are still to be made, and those that a newer program has made. Raises `Mismatch`."""
    made, have = {row["name"]: row for row in done}, {step.name: step for step in steps()}
    ahead = sorted(made.keys() - have.keys())
    for row in (made[name] for name in ahead):
        if numbers(row["needs"]) > numbers(__version__):
            raise Mismatch(
                f"This database was migrated by Sluice {row['version']} ({row['name']}) and needs a program from {row['needs']}"
                f" on; this is {__version__}, and has changed nothing: run that version, or restore a backup."
            )
    if changed := [name for name, step in have.items() if name in made and made[name]["checksum"] != step.checksum]:
        raise Mismatch(f"Migration {changed[0]} is not the one that this database was made with: reinstall Sluice.")
    return [step for name, step in have.items() if name not in made], ahead


async def alone(connection: Any) -> None:
    """One migrates at a time; the next waits, as long as that may reasonably take."""
    ends = time.monotonic() + ALONE_SECONDS
    while not await connection.fetchval(TRY_LOCK, LOCK):
        if time.monotonic() > ends:
            raise Mismatch("Another `migrate` has been at work on this database for minutes: let it end, then try again.")
        await asyncio.sleep(0.1)


async def patiently(connection: Any, step: Step) -> Applied:
    """Made whole, or not at all. Waits for a lock only for moments at a time, since payments wait behind it (F42)."""
    for tries in range(LOCK_TRIES):
        try:
            return await effect(f"migrate.{step.name}", lambda: apply(connection, step))
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            if tries + 1 < LOCK_TRIES:
                await asyncio.sleep(LOCK_PAUSE)
    holder = await connection.fetchrow(HOLDER)
    who = f"a transaction of process {holder['pid']} ({holder['who']})" if holder else "another transaction"
    raise Mismatch(f"{step.name} cannot be made: {who} holds a lock on its tables. Nothing has changed; end it, and try again.")


async def apply(connection: Any, step: Step) -> Applied:
    begun = time.monotonic()
    async with connection.transaction():
        before = [row["oid"] for row in await connection.fetch(TABLES)]
        await effect(f"migrate.{step.name}.sql", lambda: connection.execute(step.sql))
        await connection.execute(RECORD, step.name, step.checksum, step.needs, __version__)
        locks = tuple(row["held"] for row in await connection.fetch(LOCKED, before))
    return Applied(step.name, time.monotonic() - begun, locks)


async def grant(connection: Any) -> None:
    try:
        if not await connection.fetchval(HAS_ROLE, ROLE):
            # Another database of this server may make it at this moment.
            with suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
                await connection.execute(f"create role {ROLE} nologin nosuperuser nocreatedb nocreaterole")
        if not await takes_role(connection):
            await connection.execute(f"grant {ROLE} to current_user")
    except asyncpg.InsufficientPrivilegeError:
        user = await connection.fetchval("select quote_ident(current_user)")
        raise Mismatch(
            f"This database's user may not make the role that the program runs as. Let an administrator of the server run"
            f" `create role {ROLE} nologin` unless it is there, and `grant {ROLE} to {user}`; then start again."
        ) from None
    async with connection.transaction():
        await connection.execute(GRANTS)


async def takes_role(connection: Any) -> bool:
    """Tried, not looked up: who makes a role is its member, and still may be unable to take it (PostgreSQL 16)."""
    try:
        await connection.execute(f"set role {ROLE}; reset role")
    except asyncpg.InsufficientPrivilegeError:
        return False
    return True


async def check(dsn: str) -> None:
    """Refuses a database that this program was not made for, before anything is written (O13)."""
    connection = await primary.connect(dsn)
    try:
        waiting, _ = compare(await connection.fetch(DONE))
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        raise Mismatch("This database was never migrated by a released Sluice: run `sluice migrate`.") from None
    finally:
        await connection.close()
    if waiting:
        raise Mismatch(f"This database lacks migration {waiting[0].name}: run `sluice migrate`.")
