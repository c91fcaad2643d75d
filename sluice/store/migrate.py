"""Migrations: plain SQL files, in order, each once, under an advisory lock; then the application's role (S24, F42).

The role owns nothing. It may not update or delete a posting or an event; only the owner, who migrates, may.
"""

import hashlib
from contextlib import suppress
from importlib.resources import files
from typing import Any

import asyncpg

from sluice.store.database import ROLE

LOCK = 0x51_01_CE
LEDGER = """create table if not exists migrations (name text primary key, checksum text not null)"""
DONE = "select name, checksum from migrations"
RECORD = "insert into migrations (name, checksum) values ($1, $2)"
HAS_ROLE = "select exists (select from pg_roles where rolname = $1)"
GRANTS = f"""
grant usage on schema public to {ROLE};
grant select, insert, update, delete on all tables in schema public to {ROLE};
grant usage on all sequences in schema public to {ROLE};
revoke update, delete on postings, events from {ROLE};
revoke insert, update, delete on migrations from {ROLE};
"""


class Mismatch(Exception):
    """The database is not one that this program can use: made by a newer or changed one, or its user may too little."""


def steps() -> list[tuple[str, str]]:
    """The migrations that this program brings, in order: name and SQL."""
    folder = files("sluice.store") / "migrations"
    return sorted((file.name, file.read_text()) for file in folder.iterdir() if file.name.endswith(".sql"))


def checksum(sql: str) -> str:
    return hashlib.sha256(sql.encode()).hexdigest()


async def migrate(dsn: str) -> list[str]:
    """Brings the database to this program's state; answers the names of what was applied. Re-runnable after any death."""
    connection = await asyncpg.connect(dsn, server_settings={"lock_timeout": "10000"})
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        await connection.execute(LEDGER)
        applied = await pending(connection)
        for name, sql in applied:
            async with connection.transaction():
                await connection.execute(sql)
                await connection.execute(RECORD, name, checksum(sql))
        await grant(connection)
        return [name for name, _ in applied]
    finally:
        await connection.close()


async def pending(connection: Any) -> list[tuple[str, str]]:
    done = {row["name"]: row["checksum"] for row in await connection.fetch(DONE)}
    have = dict(steps())
    if foreign := sorted(set(done) - set(have)):
        raise Mismatch(f"This database was migrated by a newer Sluice ({foreign[-1]}): run that version, or restore a backup.")
    if changed := [name for name, sql in have.items() if done.get(name, checksum(sql)) != checksum(sql)]:
        raise Mismatch(f"Migration {changed[0]} is not the one that this database was made with: reinstall Sluice.")
    return [(name, sql) for name, sql in have.items() if name not in done]


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
    connection = await asyncpg.connect(dsn)
    try:
        if waiting := await pending(connection):
            raise Mismatch(f"This database lacks migration {waiting[0][0]}: run `sluice migrate`.")
    except asyncpg.UndefinedTableError:
        raise Mismatch("This database was never migrated: run `sluice migrate`.") from None
    finally:
        await connection.close()
