"""The proof of the audit log: every link is what its entry and the link before it make, and every entry has one."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from sluice.books.audit.chain import FIRST, linked
from sluice.books.audit.entries import Entry
from sluice.books.verify.checks import Lie
from sluice.core.clock import clock
from sluice.store.rows import columns

AT_ONCE = 1_000  # rows in memory
PATIENCE = 60  # seconds until an entry must have its link

WALK = f"""
select c.number, c.entry, c.hash, {", ".join(f"e.{name}" for name in columns(Entry))}
from audit_chain c left join audit_entries e on e.scope = $1 and e.id = c.entry where c.scope = $1 order by c.number"""
UNLINKED = """select e.id from audit_entries e where e.scope = $1 and e.created < $2
    and not exists (select from audit_chain c where c.scope = $1 and c.entry = e.id) order by e.id limit 1"""
AWAITED = """select w.id from audit_waiting w where w.scope = $1
    and not exists (select from audit_entries e where e.scope = $1 and e.id = w.id) order by w.id limit 1"""
ANCHORS = """select d.day, d.audited, d.body, c.hash from digests d
    left join audit_chain c on c.scope = $1 and c.number = d.audited where d.scope = $1 order by d.day"""


class Head(NamedTuple):
    """The last link that holds, and its hash: what a person may note down elsewhere."""

    number: int = 0
    hash: bytes = FIRST


async def look(connection: Any, scope: int) -> Lie | None:
    """The first entry or link that is not as it was written; None: all are."""
    async for found in walk(connection, scope):
        if isinstance(found, Lie):
            return found
    if row := await connection.fetchrow(UNLINKED, scope, clock.seconds() - PATIENCE):
        return Lie("audit_entries", row["id"], "link", "none", f"one within {PATIENCE} seconds")
    if row := await connection.fetchrow(AWAITED, scope):
        return Lie("audit_entries", row["id"], "entry", "gone", "there, since it waits for its link")
    return None


async def walk(connection: Any, scope: int) -> AsyncIterator[Head | Lie]:
    """Each link that holds, up to the first that does not."""
    head = Head()
    async for number, name, hash, *cells in connection.cursor(WALK, scope, prefetch=AT_ONCE):
        place = f"number {head.number + 1}"
        if number != head.number + 1:
            yield Lie("audit_chain", place, "link", f"missing before number {number}", "there")
            return
        if cells[0] is None:
            yield Lie("audit_chain", place, "entry", f"{name}, which is gone", "an entry")
            return
        link = linked(scope, number, head.hash, Entry(*cells))
        if link.hash != hash:
            yield Lie("audit_chain", place, f"hash over {name}", hash.hex()[:16], f"{link.hash.hex()[:16]} by its entry")
            return
        head = Head(number, hash)
        yield head
