"""A PostgreSQL for the tests of vault and keys, a fresh database to each test; and what its tables promise."""

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from sluice.store.database import Database, connect
from sluice.store.migrate import migrate
from sluice.store.postgres import Postgres

ADD_MERCHANT = "insert into merchants (id, created, name, country, currency) values ($1, 0, 'M', 'US', 'usd')"
ADD_SCOPE = "insert into scopes (merchant, livemode) values ($1, $2) returning scope"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of a server whose database `postgres` has been migrated."""
    postgres = Postgres(tmp_path_factory.mktemp("pg"))
    dsn = str(postgres.start())
    asyncio.run(migrate(dsn))
    yield dsn
    postgres.stop()
    shutil.rmtree(postgres.home.folder, ignore_errors=True)


@pytest.fixture
async def dsn(server: str) -> AsyncIterator[str]:
    name = f"t{os.getpid()}_{uuid.uuid4().hex}"
    owner = await asyncpg.connect(server.replace("@/postgres?", "@/template1?"))
    await owner.execute(f"create database {name} template postgres")
    yield server.replace("@/postgres?", f"@/{name}?")
    await owner.execute(f"drop database {name} with (force)")
    await owner.close()


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """With two merchants: acct_1 has scopes 1 (test) and 2 (live), acct_2 has scope 3 (test)."""
    database = await connect(dsn)
    for merchant, modes in (("acct_1", (False, True)), ("acct_2", (False,))):
        await database.execute(ADD_MERCHANT, merchant)
        for livemode in modes:
            await database.execute(ADD_SCOPE, merchant, livemode)
    yield database
    await database.close()


@pytest.mark.shows("S3")
async def test_waiting_codes_are_not_in_wal(database: Database) -> None:
    """Law 8: the tables that hold waiting codes and their keys are UNLOGGED, the only ones that are."""
    unlogged = await database.fetch("select relname from pg_class where relpersistence = 'u' and relkind = 'r'")
    assert {row["relname"] for row in unlogged} == {"vault_hours", "vault_cvcs"}
