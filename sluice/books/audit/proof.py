"""The proof of the audit log: every link is what its entry and the link before it make, and every entry has one."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from sluice.books.audit.chain import FIRST, Link, linked
from sluice.books.audit.entries import Entry
from sluice.books.audit.listing import Place, places
from sluice.books.verify.checks import Check, Lie
from sluice.books.verify.proof import SNAPSHOT
from sluice.core.clock import clock
from sluice.store.database import Database
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


class Head(NamedTuple):
    """The last link that holds, and its hash: what a person may note down elsewhere."""

    number: int = 0
    hash: bytes = FIRST


class Proof(Struct):
    """The chains that hold with their heads, or the first lie and where it is."""

    chains: list[tuple[Place, Head]] = []
    lie: Lie | None = None
    place: Place | None = None


async def verify(database: Database, checks: Sequence[Check]) -> Proof:
    """Every chain, in one snapshot; `checks` are what else must be true of each."""
    proof = Proof()
    async with database.transaction() as connection:
        await connection.execute(SNAPSHOT)
        for place in await places(connection):
            head, proof.lie = await prove(connection, place.scope, checks)
            if proof.lie:
                proof.place = place
                return proof
            proof.chains.append((place, head))
    return proof


async def prove(connection: Any, scope: int, checks: Sequence[Check]) -> tuple[Head, Lie | None]:
    head = Head()
    async for found in walk(connection, scope):
        if isinstance(found, Lie):
            return head, found
        head = found
    for check in checks:
        if lie := await check.look(connection, scope):
            return head, lie
    return head, None


async def unlinked(connection: Any, scope: int) -> Lie | None:
    """An entry that has no link though it should, or a place where one was; None: there is none."""
    if row := await connection.fetchrow(UNLINKED, scope, clock.seconds() - PATIENCE):
        return Lie("audit_entries", row["id"], "link", "none", f"one within {PATIENCE} seconds")
    if row := await connection.fetchrow(AWAITED, scope):
        return Lie("audit_entries", row["id"], "entry", "gone", "there, since it waits for its link")
    return None


async def walk(connection: Any, scope: int) -> AsyncIterator[Head | Lie]:
    """Each link that holds, up to the first that does not."""
    head = Head()
    async for number, name, hash, *cells in connection.cursor(WALK, scope, prefetch=AT_ONCE):
        found = after(head, scope, Link(number, name, hash), Entry(*cells) if cells[0] is not None else None)
        yield found
        if isinstance(found, Lie):
            return
        head = found


def after(head: Head, scope: int, link: Link, entry: Entry | None) -> Head | Lie:
    """The head once `link` is added; or what is wrong with it. `entry` is the one that it names, if that is there."""
    place = f"number {head.number + 1}"
    if link.number != head.number + 1:
        return Lie("audit_chain", place, "link", f"missing before number {link.number}", "there")
    if entry is None:
        return Lie("audit_chain", place, "entry", f"{link.entry}, which is gone", "an entry")
    right = linked(scope, link.number, head.hash, entry).hash
    if link.hash != right:
        return Lie("audit_chain", place, f"hash over {link.entry}", link.hash.hex()[:16], f"{right.hex()[:16]} by its entry")
    return Head(link.number, link.hash)


EVERY = (Check("every entry is linked", unlinked),)
