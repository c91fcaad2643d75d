"""PostgreSQL for tests: one server to a test run, whatever number of workers; a database of its own for whoever asks.

A conftest takes the fixtures by `pytest_plugins = ["tests.postgres"]`.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from sluice.core.secrets import Secret
from sluice.store.postgres import Postgres

ROOM = {"max_connections": "500"}  # the gateways of many test files are up at once
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))


@contextmanager
def shared_server(name: str = RUN, extra: Mapping[str, str] | None = None) -> Iterator[Secret]:
    """The superuser's DSN of the run's server: the first that asks starts it, the last that leaves stops it."""
    folder = Path(tempfile.gettempdir(), f"sluice-tests-{name}")
    users = joined(folder)
    server = Postgres(folder / "data", extra=ROOM | dict(extra or {}))
    try:
        yield server.start()
    finally:
        server.let_go()  # it goes on for the others
        if last_of(users):
            server.start()
            server.stop()
            shutil.rmtree(folder)
        os.close(users)


def joined(folder: Path) -> int:
    """A descriptor that says, as long as it is open, that somebody uses the folder."""
    while True:
        folder.mkdir(mode=0o711, exist_ok=True)
        file = folder / "users"
        try:
            users = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(users, fcntl.LOCK_SH)
            if os.fstat(users).st_ino == file.stat().st_ino:
                return users
            os.close(users)
        except FileNotFoundError:
            pass  # its last user has just removed it


def last_of(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@asynccontextmanager
async def new_database(server: str, template: str = "template1") -> AsyncIterator[Secret]:
    """A database on that server, empty or like its template, dropped again."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"create database {name} template {template}")
        yield Secret(urlsplit(server)._replace(path=f"/{name}").geturl())
    finally:
        await connection.execute(f"drop database if exists {name} with (force)")
        await connection.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Secret]:
    with shared_server() as dsn:
        yield dsn


@pytest.fixture
async def empty_database(postgres_server: Secret) -> AsyncIterator[Secret]:
    async with new_database(postgres_server) as dsn:
        yield dsn
