"""The proof itself: every check in every scope, in one snapshot, up to the first lie. Reads as the application's role."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, field

from sluice.books.verify.checks import Check, Lie
from sluice.store.database import Database

SNAPSHOT = "set transaction isolation level repeatable read, read only; set local statement_timeout = 0"
SCOPES = "select scope, merchant, livemode from scopes where merchant = $1 or $1 is null order by scope"
COUNTED = (
    "postings", "balance_transactions", "events", "intents", "charges", "refunds", "customers", "payment_methods",
    "instructions", "idempotency",
)  # fmt: skip
TALLY = "select " + ", ".join(f"(select count(*) from {table} where scope = $1) {table}" for table in COUNTED)
IN_FLIGHT = "select count(*) from instructions where scope = $1 and state <> 'closed'"
WAITING = "select count(*) from outbox where scope = $1"
OPEN = "select id, created, kind, about from discrepancies where scope = $1 and closed is null order by id"
NOBODY = 0  # the scope of discrepancies that belong to no merchant
BEFORE_SCOPE = (SCOPES,)

Progress = Callable[[int, int, str], None]


class Proof(Struct):
    """`proved`: rows by table. `in_flight`: instructions without a final word, which are no lie. `merchant`: the lie's."""

    scopes: int = 0
    checks: int = 0
    proved: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    in_flight: int = 0
    in_outbox: int = 0
    discrepancies: list[dict[str, Any]] = field(default_factory=list)
    lie: Lie | None = None
    merchant: str | None = None
    livemode: bool | None = None


async def verify(database: Database, checks: Sequence[Check], merchant: str | None, tell: Progress) -> Proof:
    """Of all merchants, or of one. `tell` hears how far it is: done, of how many, and what is being proved."""
    async with database.transaction() as connection:
        await connection.execute(SNAPSHOT)
        return await prove(connection, checks, merchant, tell)


async def prove(connection: Any, checks: Sequence[Check], merchant: str | None, tell: Progress) -> Proof:
    """On a connection inside a transaction that sees one state of the database."""
    proof, scopes = Proof(), await connection.fetch(SCOPES, merchant)
    for n, (scope, owner, livemode) in enumerate(scopes):
        for m, check in enumerate(checks):
            tell(n * len(checks) + m, len(scopes) * len(checks), check.proves)
            if lie := await check.look(connection, scope):
                proof.lie, proof.merchant, proof.livemode = lie, owner, livemode
                return proof
        await count(connection, scope, proof)
        proof.scopes, proof.checks = proof.scopes + 1, proof.checks + len(checks)
    if merchant is None:
        proof.discrepancies += await still_open(connection, NOBODY)
    return proof


async def count(connection: Any, scope: int, proof: Proof) -> None:
    for table, rows in (await connection.fetchrow(TALLY, scope)).items():
        proof.proved[table] += rows
    proof.in_flight += await connection.fetchval(IN_FLIGHT, scope)
    proof.in_outbox += await connection.fetchval(WAITING, scope)
    proof.discrepancies += await still_open(connection, scope)


async def still_open(connection: Any, scope: int) -> list[dict[str, Any]]:
    return [dict(row) for row in await connection.fetch(OPEN, scope)]
