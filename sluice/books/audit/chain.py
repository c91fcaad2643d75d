"""The chain: each entry's hash covers the link before it, so that none can be changed, dropped, moved or put between.

Entries are linked after their commit, in an order in which they can no longer change: by one worker at a time in a scope. Two
who link at once meet at a number, and the later one's transaction is undone.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import asyncpg
import msgspec
from msgspec.structs import astuple

from sluice.books.audit.entries import Entry
from sluice.store.database import Database
from sluice.store.rows import columns

BATCH = 500  # entries to a commit
FIRST = bytes(32)  # what stands before the first link

WAITING = "select distinct scope from audit_waiting"
HEAD = "select number, hash from audit_chain where scope = $1 order by number desc limit 1"
TAKE = f"""
with taken as (
    delete from audit_waiting w where w.scope = $1
        and w.id in (select o.id from audit_waiting o where o.scope = $1 order by o.id limit $2) returning w.id
)
select {", ".join(f"e.{name}" for name in columns(Entry))} from taken t join audit_entries e on e.scope = $1 and e.id = t.id
order by e.id"""
LINK = """insert into audit_chain (scope, number, entry, hash)
    select $1, link.* from unnest($2::bigint[], $3::text[], $4::bytea[]) link"""
BEFORE_SCOPE = (WAITING,)


class Link(NamedTuple):
    """A place in the chain. `hash` is the head's as long as nothing follows."""

    number: int
    entry: str
    hash: bytes


def linked(scope: int, number: int, before: bytes, entry: Entry) -> Link:
    """SHA-256 over the hash before, and the scope, the number and every column as JSON with sorted keys."""
    said = msgspec.json.encode([scope, number, *astuple(entry)], order="deterministic")
    return Link(number, entry.id, hashlib.sha256(before + said).digest())


def links(scope: int, number: int, before: bytes, entries: Sequence[Entry]) -> list[Link]:
    """Those that follow link `number` with the hash `before`."""
    made: list[Link] = []
    for n, entry in enumerate(entries, number + 1):
        made.append(linked(scope, n, before, entry))
        before = made[-1].hash
    return made


async def sweep(database: Database) -> int:
    """A batch in each scope where an entry waits; answers how many were linked."""
    return sum([await extend(database, scope) for (scope,) in await database.fetch(WAITING)])


async def extend(database: Database, scope: int) -> int:
    """Links what waits, at most BATCH in one commit. Zero: nothing waited, or somebody else was at it."""
    try:
        async with database.transaction() as connection:
            entries = [Entry(*row) for row in await connection.fetch(TAKE, scope, BATCH)]
            head = await connection.fetchrow(HEAD, scope)
            made = links(scope, head["number"] if head else 0, head["hash"] if head else FIRST, entries)
            if made:
                await connection.execute(LINK, scope, *map(list, zip(*made, strict=True)))
            return len(made)
    except asyncpg.UniqueViolationError:
        return 0
