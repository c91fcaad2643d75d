"""Stored digests, and the postings of their days, for whoever checks them elsewhere."""

from collections.abc import AsyncIterator
from datetime import date
from typing import NamedTuple

import msgspec

from sluice.books.audit.listing import Place, places
from sluice.books.digests.body import Day, lines
from sluice.store.database import Database

STORED = """select day, body, key, signature from digests
    where scope = $1 and ($2::date is null or day = $2) order by day"""
UNTIMED = "set local statement_timeout = 0"


class Digest(NamedTuple):
    place: Place
    day: date
    body: bytes
    key: str
    signature: bytes


async def stored(database: Database, merchant: str | None, day: date | None) -> list[Digest]:
    """Of every scope or of one merchant's; of every day or of one."""
    return [
        Digest(place, row["day"], row["body"].encode(), row["key"], row["signature"])
        for place in await places(database, merchant)
        for row in await database.fetch(STORED, place.scope, day)
    ]


async def postings(database: Database, digest: Digest) -> AsyncIterator[bytes]:
    """The lines that its hash is over, as the books have them now."""
    said = msgspec.json.decode(digest.body)
    events = said["events"]
    day = Day(*digest.place, digest.day, events["after"], events["last"], said["audit"]["number"])
    async with database.transaction() as connection:
        await connection.execute(UNTIMED)
        async for _, line in lines(connection, day):
            yield line


def folder_of(place: Place) -> str:
    return f"{place.merchant}-{'live' if place.livemode else 'test'}" if place.merchant else "installation"
