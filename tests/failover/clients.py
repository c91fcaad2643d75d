"""Clients in a loop, as SDKs are: the same key again until there is an answer. Each notes what was acknowledged."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sluice.core.errors import Refused
from sluice.core.ids import new_id
from sluice.payments.discrepancies import Discrepancy
from sluice.store.database import LOST, Database
from sluice.store.facts import Claim, Fact
from tests.failover.pair import Pair
from tests.harness.processes import PATIENCE

SCOPE, CLIENTS, PAUSE = 1_000_001, 8, 0.02  # no shop's scope
WRITTEN = "select said ->> 'key' from discrepancies"


class Clients:
    """Writers over one database. `acknowledged` holds the keys, in order; `silence` the longest time between two (seconds)."""

    def __init__(self, database: Database) -> None:
        self.database, self.acknowledged, self.silence = database, list[str](), 0.0
        self.last = time.monotonic()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.loop()) for _ in range(CLIENTS)]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            assert task.cancelled(), task.exception()

    async def loop(self) -> None:
        while True:
            key = new_id("key_")
            while not await self.written(key):  # noqa: ASYNC110 the other side is the database
                await asyncio.sleep(PAUSE)
            self.acknowledged.append(key)
            now = time.monotonic()
            self.silence, self.last = max(self.silence, now - self.last), now

    async def written(self, key: str) -> bool:
        """One call, as the money path makes it: its own claim, or what the key's row says."""
        row = Discrepancy(new_id("dis_"), 0, 1, "test", "nothing", {"key": key}, None)
        claim = Claim(key, b"f", new_id("tk_"), "req_1", 1, 200, "done")
        try:
            if await self.database.write(Fact("test", SCOPE, new_id("fact_"), claim, new=(row,)), payment=key):
                return True
            kept, _ = await self.database.load(SCOPE, key, ())
            return kept is not None and await self.database.stands(SCOPE, key, kept)
        except (*LOST, Refused):
            return False

    async def more(self, count: int) -> None:
        """Until so many more were acknowledged."""
        wanted = len(self.acknowledged) + count
        async with asyncio.timeout(PATIENCE):
            while len(self.acknowledged) < wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    def lost(self, pair: Pair) -> list[str]:
        """What was acknowledged and is not there; that nothing is there twice is held here."""
        written = Counter(pair.say(WRITTEN).split())
        assert [key for key, times in written.items() if times > 1] == []
        return [key for key in self.acknowledged if not written[key]]
