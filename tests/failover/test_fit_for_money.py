"""`sluice doctor` about the standby: whether there is one, and whether it is there (S30)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sluice.cli.probes import database
from sluice.store import primary
from tests.failover.pair import Pair
from tests.harness.processes import until

pytestmark = [pytest.mark.slow, pytest.mark.shows("S30", "O3")]
FOLLOWS = "select count(*) from pg_stat_replication"


@asynccontextmanager
async def connected(pair: Pair) -> AsyncIterator[Any]:
    connection = await primary.connect(pair.dsn)
    yield connection
    await connection.close()


async def causes(probe: Any) -> list[str]:
    return [fault.cause.partition(":")[0] for fault in [fault async for fault in probe] if fault.name == "standby"]


@pytest.mark.shows("F36")
async def test_a_standby_is_refused(pair: Pair):
    """A real one, named alone: it may lag, so nothing is read from it."""
    pair.join()
    with pytest.raises(primary.NoPrimary, match="the server is a standby"):
        await primary.connect(pair.standby.dsn())


async def test_live_mode_wants_a_synchronous_standby(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    """An asynchronous one will not do; a single machine must be accepted by name."""
    monkeypatch.delenv(database.SINGLE_NODE, raising=False)
    pair.join(synchronous=False)
    async with connected(pair) as connection:
        assert await causes(database.standby(connection)) == ["The database has no synchronous standby"]
        monkeypatch.setenv(database.SINGLE_NODE, "accepted")
        assert await causes(database.standby(connection)) == []


async def test_a_standby_that_is_gone_is_named(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    """The database waits for it, so every payment does."""
    monkeypatch.delenv(database.SINGLE_NODE, raising=False)
    pair.join()
    async with connected(pair) as connection:
        assert await causes(database.standby(connection)) == []
        assert await causes(database.server(connection)) == []
        pair.standby.kill()
        until(lambda: pair.say(FOLLOWS) == "0")
        assert await causes(database.server(connection)) == ["No standby follows the database, and it waits for one"]
