"""A pooler between the program and PostgreSQL is refused at the start, by every command, in one sentence (F36)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from sluice.cli import doctor
from sluice.cli.crash import sentences
from sluice.store import primary
from sluice.store.database import connect
from sluice.store.migrate import Mismatch, check
from sluice.store.primary import POOLED, Host, judged
from tests.failover.pooler import Pooler

pytest_plugins = ["tests.unit.vault_database"]
pytestmark = pytest.mark.shows("F36")


@asynccontextmanager
async def pooled(dsn: str, refuses: str = "") -> AsyncIterator[str]:
    """The DSN of a pooler before that database."""
    parts = urlsplit(dsn)
    where = {name: values[0] for name, values in parse_qs(parts.query).items()}
    async with Pooler(f"{where['host']}/.s.PGSQL.{where.get('port', 5432)}", refuses) as running:
        login = parts.netloc.rpartition("@")[0]
        yield parts._replace(netloc=f"{login}@127.0.0.1:{running.port}", query="sslmode=disable").geturl()


@pytest.mark.parametrize("refuses", ["", "role"])
async def test_a_pooler_is_refused_at_the_start(db_dsn: str, refuses: str):
    """By the number of its session, or since it does not take our settings; the sentence says what to do instead."""
    async with pooled(db_dsn, refuses) as dsn:
        with pytest.raises(Mismatch) as refused:
            await connect(dsn)
    assert sentences(refused.value) == [POOLED]
    assert "let DATABASE_URL name PostgreSQL itself" in POOLED


async def test_before_anything_else_is_asked(db_dsn: str):
    """What looks at the migrations first refuses in the same words, and so does who needs one connection."""
    async with pooled(db_dsn) as dsn:
        for look in (check, primary.connect):
            with pytest.raises(Mismatch, match="pooler such as PgBouncer"):
                await look(dsn)


@pytest.mark.shows("O3")
async def test_doctor_names_it(db_dsn: str, tmp_path: Any):
    """With the words of the refusal, as cause and cure."""
    async with pooled(db_dsn) as dsn:
        faults = {fault.name: fault for fault in await doctor.examine(tmp_path, 0, dsn)}
    cause, _, cure = POOLED.partition(": ")
    assert faults["pooler"][1:] == (f"{cause}.", "L" + cure[1:])


class Used:
    """A connection whose session was somebody else's before: a statement's name is taken, or gone."""

    def __init__(self, error: type[Exception]) -> None:
        self.error = error

    def transaction(self) -> "Used":
        return self

    async def __aenter__(self) -> None:
        """Begins."""

    async def __aexit__(self, *_: object) -> None:
        """Ends."""

    async def fetchrow(self, sql: str) -> None:
        raise self.error(sql)


@pytest.mark.parametrize("error", [asyncpg.DuplicatePreparedStatementError, asyncpg.InvalidSQLStatementNameError])
async def test_a_new_connection_to_a_used_session_is_a_pooler(error: type[Exception]):
    """As PgBouncer in transaction mode hands them out."""
    with pytest.raises(Mismatch, match="pooler such as PgBouncer"):
        await judged(Used(error), Host())
