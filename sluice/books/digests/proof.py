"""The proof of closed days: each digest is signed by us, follows the one before, and the books still come to what it says."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from sluice.books.audit.listing import Place
from sluice.books.digests.body import ANCHOR, Day, body
from sluice.books.digests.keys import SigningKeys
from sluice.books.verify.checks import Check, Lie

EVERY = "select day, last, audited, body, key, signature from digests where scope = $1 order by day"
OWNER = "select merchant, livemode from scopes where scope = $1"
SAID = ("previous", "events", "postings", "accounts", "audit")


def signed(keys: SigningKeys | None) -> Check:
    """`keys` None: this machine has no key file, so that no digest here can be ours."""

    async def look(connection: Any, scope: int) -> Lie | None:
        for row in await connection.fetch(EVERY, scope):
            if keys is None or not keys.signed(row["key"], row["body"].encode(), row["signature"]):
                return Lie("digests", row["day"].isoformat(), "signature", f"not by our key {row['key']}", "by a key of ours")
        return None

    return Check("every digest bears our signature", look)


async def anchored(connection: Any, scope: int) -> Lie | None:
    """The audit chain still has the link that each digest names: its end cannot be cut off, nor all of it be made anew."""
    for row in await connection.fetch(EVERY, scope):
        told = msgspec.json.decode(row["body"])["audit"]
        hash = await connection.fetchval(ANCHOR, scope, told["number"])
        if told["number"] and (hash is None or hash.hex() != told["hash"]):
            found = "gone" if hash is None else hash.hex()[:16]
            return Lie(
                "audit_chain", f"number {told['number']}", "hash", found, f"{told['hash'][:16]} by the digest of {row['day']}"
            )
    return None


async def unchanged(connection: Any, scope: int) -> Lie | None:
    """What the postings of each closed day come to is what was signed."""
    async for row, day, previous in days(connection, scope):
        again = msgspec.json.decode(await body(connection, day, previous, row["key"]))
        told = msgspec.json.decode(row["body"])
        for name in SAID:
            if again[name] != told[name]:
                table = {"previous": "digests", "audit": "audit_chain"}.get(name, "postings")
                return Lie(table, f"of {row['day']}", name, short(again[name]), f"{short(told[name])} by the day's digest")
    return None


def short(value: Any) -> str:
    return msgspec.json.encode(value).decode()


async def days(connection: Any, scope: int) -> AsyncIterator[tuple[Any, Day, bytes | None]]:
    """Each stored digest with the bounds that it must have, and the body before it."""
    owner = await connection.fetchrow(OWNER, scope)
    place = Place(scope, *(owner or (None, False)))
    after, previous = 0, None
    for row in await connection.fetch(EVERY, scope):
        yield row, Day(*place, row["day"], after, row["last"], row["audited"]), previous
        after, previous = row["last"], row["body"].encode()


UNCHANGED = Check("every closed day is as its digest says", unchanged)
ANCHORED = Check("the audit log is as the digests anchor it", anchored)
