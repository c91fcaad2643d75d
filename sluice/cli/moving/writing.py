"""Everything of a merchant in one mode as JSON Lines, in the wire's shapes; or what was mirrored, as it was given."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from sluice.api.operations import TABLE
from sluice.books import event_reads
from sluice.customers.payment_methods import PaymentMethod
from sluice.merchants.accounts import account
from sluice.merchants.mirror import BODIES, Mirrored
from sluice.store import lists
from sluice.store.database import Database
from sluice.store.rows import Row

PAGE = 500


def kinds() -> list[type[Row]]:
    """Whatever the wire has a name for; of a table that is seen in several forms, today's."""
    assert TABLE, "all nouns are there once the table of operations is"
    found: dict[str, type[Row]] = {}
    nouns: list[type[Row]] = [*Row.__subclasses__(), PaymentMethod]
    for row in nouns:
        if row.noun and row is not Mirrored:
            found[row.table] = row
    return [found[table] for table in sorted(found)]


async def own(database: Database, merchant: str, scope: int, livemode: bool) -> AsyncIterator[bytes]:
    """The account, then each kind, the newest first, then all events in their order."""
    yield msgspec.json.encode(await account(database, merchant))
    for kind in kinds():
        async for row in every(database, kind, scope):
            yield msgspec.json.encode(row.wire(livemode))
    number = 0
    while events := await event_reads.after(database, scope, number, PAGE):
        for event in events:
            yield msgspec.json.encode(event_reads.wire(event, livemode))
        number = events[-1]["number"]


async def every(database: Database, kind: type[Row], scope: int) -> AsyncIterator[Row]:
    cursor, more = None, True
    while more:
        page: Any = await lists.page(database, kind, scope, limit=PAGE, starting_after=cursor)
        for row in page.rows:
            yield row
        more, cursor = page.has_more, page.rows[-1].id if page.rows else None


async def mirrored(database: Database, scope: int) -> AsyncIterator[bytes]:
    """In the order in which it came."""
    n = 0
    while rows := await database.fetch(BODIES, scope, n, PAGE):
        for row in rows:
            yield row["body"].encode()
        n = rows[-1]["n"]
