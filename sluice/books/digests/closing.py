"""Closing a day: once it is over and everything that is committed has its number, its digest is written and signed."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from sluice.books.audit import chain
from sluice.books.audit.listing import Place, places
from sluice.books.digests.body import Day, body
from sluice.books.digests.keys import SigningKeys
from sluice.books.sequencer import catch_up
from sluice.core.clock import clock
from sluice.store.database import Database

GRACE = 60  # seconds after midnight, for what is being committed
DAY = 86_400

SNAPSHOT = "set transaction isolation level repeatable read; set local statement_timeout = 0"
LATEST = "select day, last, audited, body from digests where scope = $1 order by day desc limit 1"
# When the oldest of what no digest covers was created: what bears a second of the future holds up nothing.
BEGAN = """
select min(created) from (
    select e.created from event_numbers n join events e on e.scope = $1 and e.id = n.event
    where n.scope = $1 and n.number > $2
    union all
    select e.created from audit_chain c join audit_entries e on e.scope = $1 and e.id = c.entry
    where c.scope = $1 and c.number > $3
) uncovered"""
# The last number of what was created before a second; what has a lower number counts with it.
LAST_EVENT = """select max(n.number) from event_numbers n join events e on e.scope = $1 and e.id = n.event
    where n.scope = $1 and n.number > $2 and e.created < $3"""
LAST_LINK = """select max(c.number) from audit_chain c join audit_entries e on e.scope = $1 and e.id = c.entry
    where c.scope = $1 and c.number > $2 and e.created < $3"""
KEEP = """insert into digests (scope, day, last, audited, body, key, signature) values ($1, $2, $3, $4, $5, $6, $7)
    on conflict do nothing"""


class Closer:
    """For the worker: one pass over all scopes soon after each midnight (UTC), and one at its start."""

    def __init__(self, database: Database, file: Path) -> None:
        self.database, self.file, self.passed = database, file, date.min

    async def turn(self) -> None:
        yesterday = over(clock.seconds())
        if self.passed < yesterday:
            await close(self.database, self.file, yesterday)
            self.passed = yesterday


def over(now: int) -> date:
    """The last day that may be closed."""
    return datetime.fromtimestamp(now - GRACE, UTC).date() - timedelta(days=1)


def midnight(day: date) -> int:
    """The second at which it begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


async def close(database: Database, file: Path, until: date, merchant: str | None = None) -> int:
    """Closes every day up to and with `until` on which something happened; answers how many it closed."""
    return sum([await close_scope(database, file, until, place) for place in await places(database, merchant)])


async def close_scope(database: Database, file: Path, until: date, place: Place) -> int:
    await settle(database, place)
    closed = 0
    while await close_one(database, file, until, place):
        closed += 1
    return closed


async def settle(database: Database, place: Place) -> None:
    """Everything that is committed gets its number and its link first."""
    if place.merchant:
        await catch_up(database, place.scope, place.livemode)
    while await chain.extend(database, place.scope):
        pass


async def close_one(database: Database, file: Path, until: date, place: Place) -> bool:
    """The next day that is open, if it is over. Of two who close at once one writes; what it wrote is the digest."""
    try:
        async with database.transaction() as connection:
            await connection.execute(SNAPSHOT)
            latest = await connection.fetchrow(LATEST, place.scope)
            day = await next_day(connection, place, latest)
            if day is None or day.day > until:
                return False
            keys = SigningKeys(file)
            said = await body(connection, day, latest["body"].encode() if latest else None, keys.newest)
            signature = keys.sign(keys.newest, said)
            await connection.execute(
                KEEP, day.scope, day.day, day.last, day.audited, said.decode(), keys.newest, signature
            )  # fmt: skip
    except asyncpg.SerializationError:
        pass
    return True


async def next_day(connection: Any, place: Place, latest: Any) -> Day | None:
    """The day of the oldest thing that no digest covers, but never one that is closed; None: nothing is uncovered."""
    after, linked = (latest["last"], latest["audited"]) if latest else (0, 0)
    began = await connection.fetchval(BEGAN, place.scope, after, linked)
    if began is None:
        return None
    day = datetime.fromtimestamp(began, UTC).date()
    if latest:
        day = max(day, latest["day"] + timedelta(days=1))
    ends = midnight(day) + DAY
    last = await connection.fetchval(LAST_EVENT, place.scope, after, ends)
    link = await connection.fetchval(LAST_LINK, place.scope, linked, ends)
    return Day(*place, day, after, last or after, link or linked)
