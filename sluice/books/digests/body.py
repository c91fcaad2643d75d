"""What a digest says of a day: its postings' hash and sums, the digest before it, and the head of the audit chain."""

import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import date
from typing import Any, NamedTuple

import msgspec

from sluice.books.audit.chain import FIRST

FORMAT = "sluice-digest-1"
AT_ONCE = 1_000  # rows in memory

# In the order of their numbers. A fact without a header is a maturing.
POSTINGS = """
with facts as (
    select e.fact, min(n.number) number from event_numbers n join events e on e.scope = $1 and e.id = n.event
    where n.scope = $1 and n.number > $2 and n.number <= $3 group by e.fact
)
select f.number, p.fact, p.n, p.debit, p.credit, p.amount, p.currency, b.created, coalesce(b.type, 'maturing') type, b.source
from facts f join postings p on p.scope = $1 and p.fact = f.fact
left join balance_transactions b on b.scope = $1 and b.id = p.fact order by f.number, p.n"""
ANCHOR = "select hash from audit_chain where scope = $1 and number = $2"
FIELDS = ("number", "fact", "n", "debit", "credit", "amount", "currency", "created", "type", "source")


class Day(NamedTuple):
    """A day of a scope: the numbers of its events, and of the audit chain's link that it anchors."""

    scope: int
    merchant: str | None
    livemode: bool
    day: date
    after: int
    last: int
    audited: int


def encoded(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: the same value is the same bytes."""
    return msgspec.json.encode(value, order="deterministic")


async def lines(connection: Any, day: Day) -> AsyncIterator[tuple[dict[str, Any], bytes]]:
    """The day's postings, and each as a line of the exported file. Inside a transaction."""
    async for row in connection.cursor(POSTINGS, day.scope, day.after, day.last, prefetch=AT_ONCE):
        posting = dict(zip(FIELDS, row, strict=True)) | {"amount": int(row["amount"])}
        yield posting, encoded(posting) + b"\n"


async def body(connection: Any, day: Day, previous: bytes | None, key: str) -> bytes:
    """The bytes that are signed. `previous` is the body of the digest before; the same day comes out as the same bytes."""
    hash, count, facts, sums = hashlib.sha256(), 0, set[str](), Sums(previous)
    async for posting, line in lines(connection, day):
        hash.update(line)
        count += 1
        facts.add(posting["fact"])
        sums.add(posting)
    link = await connection.fetchval(ANCHOR, day.scope, day.audited)
    return encoded({
        "format": FORMAT, "scope": day.scope, "merchant": day.merchant, "livemode": day.livemode, "day": day.day.isoformat(),
        "previous": hashlib.sha256(previous).hexdigest() if previous else None,
        "events": {"after": day.after, "last": day.last},
        "postings": {"count": count, "facts": len(facts), "sha256": hash.hexdigest()},
        "accounts": sums.accounts(),
        "audit": {"number": day.audited, "hash": (link or FIRST).hex()},
        "key": key,
    })  # fmt: skip


class Sums:
    """By account and currency, minor units: opening, debits, credits. A balance is credits less debits."""

    def __init__(self, previous: bytes | None) -> None:
        self.opening: dict[tuple[str, str], int] = {}
        self.debits: dict[tuple[str, str], int] = defaultdict(int)
        self.credits: dict[tuple[str, str], int] = defaultdict(int)
        for one in msgspec.json.decode(previous)["accounts"] if previous else ():
            self.opening[one["account"], one["currency"]] = one["closing"]

    def add(self, posting: dict[str, Any]) -> None:
        self.debits[posting["debit"], posting["currency"]] += posting["amount"]
        self.credits[posting["credit"], posting["currency"]] += posting["amount"]

    def accounts(self) -> list[dict[str, Any]]:
        every = sorted(self.opening.keys() | self.debits.keys() | self.credits.keys())
        return [self.account(*one) for one in every]

    def account(self, account: str, currency: str) -> dict[str, Any]:
        opening, debits, credits = (part.get((account, currency), 0) for part in (self.opening, self.debits, self.credits))
        return {
            "account": account, "currency": currency, "opening": opening, "debits": debits, "credits": credits,
            "closing": opening + credits - debits,
        }  # fmt: skip
