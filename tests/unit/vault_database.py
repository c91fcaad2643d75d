"""A PostgreSQL for the tests of vault and keys, a fresh database to each test. A plugin: name it in `pytest_plugins`."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from sluice.store.database import Database, connect
from sluice.store.migrate import migrate
from sluice.store.postgres import Postgres

ADD_MERCHANT = "insert into merchants (id, created, name, country, currency) values ($1, 0, 'M', 'US', 'usd')"
ADD_SCOPE = "insert into scopes (merchant, livemode) values ($1, $2) returning scope"


@pytest.fixture(scope="session")
def db_server() -> Iterator[str]:
    """The DSN of a server whose database `postgres` has been migrated."""
    with TemporaryDirectory(prefix="sluice-vault-") as folder:
        Path(folder).chmod(0o711)  # as root the server runs as another user
        postgres = Postgres(Path(folder))
        dsn = str(postgres.start())
        asyncio.run(migrate(dsn))
        yield dsn
        postgres.stop()


@pytest.fixture
async def db_dsn(db_server: str) -> AsyncIterator[str]:
    name = f"t{os.getpid()}_{uuid.uuid4().hex}"
    owner = await asyncpg.connect(db_server.replace("@/postgres?", "@/template1?"))
    await owner.execute(f"create database {name} template postgres")
    yield db_server.replace("@/postgres?", f"@/{name}?")
    await owner.execute(f"drop database {name} with (force)")
    await owner.close()


@pytest.fixture
async def db(db_dsn: str) -> AsyncIterator[Database]:
    """With two merchants: acct_1 has scopes 1 (test) and 2 (live), acct_2 has scope 3 (test)."""
    database = await connect(db_dsn)
    for merchant, modes in (("acct_1", (False, True)), ("acct_2", (False,))):
        await database.execute(ADD_MERCHANT, merchant)
        for livemode in modes:
            await database.execute(ADD_SCOPE, merchant, livemode)
    yield database
    await database.close()
