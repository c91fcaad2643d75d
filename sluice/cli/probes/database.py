"""The database: whether it is there, takes us, and is the one that this program was made for."""

import os
import time
from collections.abc import AsyncIterator
from socket import gaierror
from typing import Any

import asyncpg

from sluice.books.vault.key_file import FileProvider, KeyFileTrouble
from sluice.cli.crash import unreachable
from sluice.cli.probes import Fault
from sluice.core.settings import Settings
from sluice.store import primary
from sluice.store.database import DATABASE_TIME, ROLE
from sluice.store.migrate import HAS_ROLE, Mismatch, check
from sluice.store.postgres import Postgres

OLDEST = 15
DRIFT = 1.0  # seconds that this machine's clock may be off (S30)
PATIENCE = 5.0
MIGRATE = "sluice migrate"
SINGLE_NODE = "SLUICE_SINGLE_NODE"  # "accepted": there is no other machine, and its owner knows what that costs

VERSION = "select current_setting('server_version_num')::int / 10000"
MAY = "select pg_has_role(current_user, $1, 'member')"
STANDBYS = """select current_setting('synchronous_standby_names') named,
    (select count(*) from pg_stat_replication) following"""
WRAPPED = "select wrapped from vault_keys"


def dsn(read: Settings) -> str | None:
    """Where it is: as the settings say, or the data folder's own server, if it runs. None is started for this."""
    if read.database_url:
        return read.database_url
    own = Postgres(read.data)
    server = own.postmaster()
    return own.dsn(server) if server and server.answers() else None


async def connected(read: Settings) -> Any:
    """A connection, or the fault that stands in the way."""
    where = dsn(read)
    if where is None:
        return Fault("database", f"The database of {read.data} is not running.", "sluice up")
    try:
        return await primary.connect(where, timeout=PATIENCE)
    except Mismatch as pooled:
        cause, _, cure = str(pooled).partition(": ")
        return Fault("pooler", f"{cause}.", cure[0].upper() + cure[1:])
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        cause, cure = unreachable(error, where)
        name = "dns" if isinstance(error, gaierror) else "database"
        return Fault(name, f"{cause[0].upper()}{cause[1:]}.", f"{cure[0].upper()}{cure[1:]}")


async def server(connection: Any) -> AsyncIterator[Fault]:
    """Its version, its clock, and the role that the program takes."""
    version = await connection.fetchval(VERSION)
    if version < OLDEST:
        cure = f"Upgrade it to {OLDEST} or newer; 18 is what Sluice brings along."
        yield Fault("database version", f"This is PostgreSQL {version}; Sluice needs {OLDEST} or newer.", cure)
    if fault := drift(time.time(), await connection.fetchval(DATABASE_TIME)):
        yield fault
    if not await connection.fetchval(HAS_ROLE, ROLE):
        yield Fault("database role", f"The role {ROLE} is missing.", MIGRATE)
    elif not await connection.fetchval(MAY, ROLE):
        yield Fault("database role", f"This user may not take the role {ROLE}.", f"As its owner: grant {ROLE} to this user;")
    standbys = await connection.fetchrow(STANDBYS)
    if standbys["named"] and not standbys["following"]:
        cause = "No standby follows the database, and it waits for one: no payment is answered until then."
        yield Fault("standby", cause, "Bring the standby back; high-availability.md in the docs tells what else there is.")


async def standby(connection: Any) -> AsyncIterator[Fault]:
    """Before live money (S30): a second machine has every payment that was answered, or its absence was accepted by name."""
    if not (await connection.fetchrow(STANDBYS))["named"] and os.environ.get(SINGLE_NODE) != "accepted":
        cause = "The database has no synchronous standby: its machine can take answered payments with it."
        cure = f"Run one, as high-availability.md in the docs shows, or say that you accept it: {SINGLE_NODE}=accepted."
        yield Fault("standby", cause, cure)


def drift(here: float, there: float) -> Fault | None:
    if abs(here - there) <= DRIFT:
        return None
    cause = f"This machine's clock and the database's are {abs(here - there):.1f} seconds apart."
    return Fault("clock", cause, "Let both follow one time server: timedatectl set-ntp true")


async def migrations(read: Settings) -> AsyncIterator[Fault]:
    try:
        await check(dsn(read) or "")
    except Mismatch as mismatch:
        cause, _, cure = str(mismatch).rpartition(": ")
        yield Fault("migrations", cause + ".", MIGRATE if MIGRATE in cure else cure[0].upper() + cure[1:])


async def vault(read: Settings, connection: Any) -> AsyncIterator[Fault]:
    """The key file is the one that wrapped this database's keys: a lost one is a lost vault."""
    wrapped = [row["wrapped"] for row in await connection.fetch(WRAPPED)]
    if not wrapped:
        return
    if not read.vault_key_file.exists():
        cause = f"The key file {read.vault_key_file} is missing: no stored card can be opened."
        yield Fault("key file", cause, "Put it back from its backup, or name it in SLUICE_VAULT_KEY_FILE.")
        return
    try:
        provider = FileProvider(read.vault_key_file)
        for key in wrapped:
            provider.unwrap(key)
    except KeyFileTrouble as trouble:
        yield Fault("key file", str(trouble), "Put back the file that belongs to this database.")
    except PermissionError:
        return  # said of the file itself
