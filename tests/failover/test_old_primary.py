"""The old primary comes back, or was never gone, and calls itself writable: it gets no writes (F31)."""

import asyncio
from typing import Any

import asyncpg
import pytest

from sluice.store.database import connect
from sluice.store.primary import NoPrimary, Servers
from tests.failover.clients import WRITTEN, Clients
from tests.failover.pair import Pair

PORT = "select current_setting('port')"
MORE = 40  # acknowledged writes between two things that happen

pytestmark = [pytest.mark.slow, pytest.mark.shows("F31")]


async def test_one_that_comes_back_unfenced_gets_no_writes(pair: Pair):
    """First among the servers that the DSN names, writable by its own word: its timeline tells that it is not the primary."""
    pair.join()
    pair.die()
    pair.take_over()
    old, new = pair.standby, pair.primary
    old.start()
    dsn = old.dsn(new)
    naive: Any = await asyncpg.connect(dsn + "&target_session_attrs=read-write")
    assert await naive.fetchval(PORT) == str(old.port), "the driver alone takes the first that says so"
    await naive.close()
    before = pair.say(WRITTEN, old)
    database = await connect(dsn)
    clients = Clients(database)
    async with clients.writing():
        await clients.more(MORE)
    assert clients.lost(pair) == []
    assert pair.say(WRITTEN, old) == before
    await database.close()


async def test_alone_it_is_refused_by_whoever_knew_the_new_one(pair: Pair):
    """The new primary dies too: who has seen its timeline waits for it, and is told why."""
    pair.join()
    pair.die()
    pair.take_over()
    pair.standby.start()
    servers = Servers(pair.standby.dsn(pair.primary))
    await (await servers.connect()).close()
    pair.primary.kill()
    with pytest.raises(NoPrimary, match=r"is a primary of old \(timeline \d+ of \d+\); .* does not answer"):
        await servers.connect()
    pair.primary.start()
    await (await servers.connect()).close()


async def test_one_that_only_slept_is_left(pair: Pair):
    """Frozen, it hangs up on nobody: the new primary is seen all the same, and what hung on the old one is done there, once."""
    pair.join()
    database = await connect(pair.dsn)
    clients = Clients(database)
    async with clients.writing():
        await clients.more(MORE)
        pair.line.cut()
        pair.primary.freeze()
        await asyncio.to_thread(pair.take_over)
        await clients.more(MORE)
        pair.standby.thaw()
        before = await asyncio.to_thread(pair.say, WRITTEN, pair.standby)
        await clients.more(MORE)
    assert clients.lost(pair) == []
    assert pair.say(WRITTEN, pair.standby) == before
    await database.close()
