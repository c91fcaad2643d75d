"""An upgrade tried on a copy: migrated, proved, paid on. The database itself is only read; what runs over it goes on.

The copy has the rails' addresses and the shops' endpoints in it: so no worker runs over it, and only a merchant of its own
pays, at a bank of its own.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import msgspec

from sluice.cli import changelog
from sluice.cli.crash import say
from sluice.core.clock import clock
from sluice.core.errors import Refused
from sluice.core.secrets import Secret
from sluice.core.settings import Settings
from sluice.store import installation, primary, tools
from sluice.store.database import ROLE
from sluice.store.migrate import Mismatch, migrate
from sluice.store.postgres import Postgres
from sluice.store.restore import forget

ROWS = """select (select count(*) from postings) postings, (select count(*) from balance_transactions) headers,
    (select count(*) from events) events, (select count(*) from intents) intents, (select count(*) from charges) charges,
    (select count(*) from refunds) refunds, (select count(*) from customers) customers,
    (select count(*) from instructions) instructions, (select count(*) from idempotency) keys"""
LEDGER = """select account, currency, sum(amount)::text amount from (
        select credit account, currency, amount from postings union all select debit, currency, -amount from postings
    ) sides group by 1, 2 order by 1, 2"""
BEFORE_SCOPE = (ROWS, LEDGER)
READABLE = f"create role {ROLE} nologin; grant select on all tables in schema public to {ROLE}; analyze"
AMOUNT = 2_000
PAY = {"amount": AMOUNT, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}


class Line(NamedTuple):
    """One thing that was tried: how it went, in words, and how long it took."""

    what: str
    well: bool
    seconds: float
    said: str


@contextmanager
def copied(dsn: str) -> Iterator[Secret]:
    """A server of its own with a copy of that one database: read as `pg_dump` reads, without security codes that wait (S3)."""
    folder = Path(tempfile.mkdtemp(prefix="sluice-rehearsal-"))
    server = Postgres(folder / "data")
    try:
        copy, file = server.start(), folder / "dump"
        options = ("--no-owner", "--no-privileges")
        tools.run("pg_dump", dsn, f"--file={file}", "--format=custom", "--no-unlogged-table-data", *options)
        tools.run("pg_restore", copy, "--exit-on-error", *options, str(file))
        asyncio.run(made_readable(copy))
        yield copy
    finally:
        server.stop()
        forget(folder / "data")
        forget(folder)


async def made_readable(dsn: str) -> None:
    """Neither a role nor statistics are in a dump; the role's other rights come with the migration."""
    async with connected(dsn) as connection:
        await connection.execute(READABLE)


async def rehearse(read: Settings, source: str, copy: Secret, since: str) -> list[Line]:
    """`copy` is migrated to this program; `source` is what it was made of. One line for each thing that was tried."""
    lines: list[Line] = []

    async def tried(what: str, do: Callable[[], Awaitable[str]]) -> None:
        say(what)
        begun = time.monotonic()
        try:
            well, said = True, await do()
        except (Refused, Mismatch, Wrong) as error:
            well, said = False, str(error)
        lines.append(Line(what, well, round(time.monotonic() - begun, 2), said))

    before: list[Any] = []

    async def ledger_before() -> str:
        before.extend(await tally(copy))
        return await proved(copy, new=False)

    async def ledger_after() -> str:
        if changed := [one for one in before if one not in await tally(copy)]:
            raise Wrong(f"the migration changed what was there: {changed[0]}")
        return await proved(copy, new=True)

    await tried("the ledger before", ledger_before)
    await tried("migrate", lambda: migrated(copy))
    await tried("the ledger after", ledger_after)
    await tried("a payment and its refund", lambda: paid(replace(read, database_url=copy)))
    for broken in changelog.breaking(changelog.since(since)):
        await tried(f"breaking: {broken.check}", lambda check=broken.check: CHECKS[check](source))  # type: ignore[misc]
    return lines


class Wrong(Exception):
    """What was tried did not go as it must."""


async def tally(dsn: str) -> list[tuple[Any, ...]]:
    """How many rows there are of what shops made, and what each account comes to."""
    async with connected(dsn) as connection:
        return [tuple(row.items()) for sql in (ROWS, LEDGER) for row in await connection.fetch(sql)]


async def proved(dsn: str, *, new: bool) -> str:
    """`ledger verify`, in one snapshot; what a check reads that is not there before the migration, it proves after it."""
    from sluice.books.verify.proof import SCOPES, SNAPSHOT
    from sluice.payments.proofs import EVERY
    from sluice.store.database import connect

    held, waiting, database = 0, 0, await connect(dsn, lanes=1, readers=2)
    try:
        async with database.transaction() as connection:
            await connection.execute(SNAPSHOT)
            scopes = await connection.fetch(SCOPES, None)
            for scope, check in product((row["scope"] for row in scopes), EVERY):
                try:
                    async with connection.transaction():
                        lie = await check.look(connection, scope)
                except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
                    if new:
                        raise
                    waiting += 1
                    continue
                if lie:
                    raise Wrong(f"the books do not hold: {lie}")
                held += 1
    finally:
        await database.close()
    return f"holds: {held} checks in {len(scopes)} scopes" + (f"; {waiting} come with the migration" if waiting else "")


async def migrated(dsn: str) -> str:
    applied = await migrate(dsn)
    return (
        "; ".join(f"{step.name} {step.seconds:.2f} s ({', '.join(step.locks) or 'no lock'})" for step in applied) or "nothing"
    )


async def paid(read: Settings) -> str:
    """By this program's own money path, for a merchant that only the copy has, at a bank that only the rehearsal has."""
    from sluice.core.ids import new_id
    from sluice.merchants import accounts
    from sluice.payments import creating, money_path, refunds
    from sluice.payments.opening import open_desk, terms
    from sluice.rules.calls import Call, Verb

    async with bank() as address:
        desk = await open_desk(replace(read, bank=address))
        desk.restored = None  # whether the copy's books are compared with the banks is not the question
        account = await accounts.add(desk.database, "A rehearsal")
        scope = await accounts.scope_of(desk.database, account, livemode=False)

        async def ask(verb: Verb, params: dict[str, Any]) -> dict[str, Any]:
            call = Call(
                operation="", path=verb.name, scope=scope, livemode=False, account=account, at=clock.seconds(),
                request=new_id("req_"), vault=desk.vault, params=params, key=new_id("key_"), fingerprint=b"",
                rails=desk.accounts(scope), terms=terms(read), public_url=read.public_url,
            )  # fmt: skip
            answer = await money_path.run(desk, verb, call)
            return dict(msgspec.json.decode(answer.body))

        try:
            intent = await ask(creating.CREATE, PAY | {"return_url": "https://localhost"})
            refund = await ask(refunds.CREATE, {"payment_intent": intent.get("id")})
        finally:
            await desk.drain()
            for rail in desk.rails.values():
                await rail.close()
            await desk.database.close()
    if (intent.get("status"), refund.get("status")) != ("succeeded", "succeeded"):
        raise Wrong(f"the payment ended {intent.get('status')}, the refund {refund.get('status')}")
    return "both succeeded"


@asynccontextmanager
async def bank() -> AsyncIterator[str]:
    """The sandbox's bank in this process, its book in a folder that goes with it; its address."""
    from sluice.simulators.bank.server import serve

    with tempfile.TemporaryDirectory() as folder:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve("127.0.0.1", 0, Path(folder), port.set_result))
        try:
            yield f"127.0.0.1:{await port}"
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


async def pooler(dsn: str) -> str:
    """Each of our connections is a session of its own, or `primary` refuses it."""
    async with connected(dsn):
        return "PostgreSQL is reached without a pooler"


# What each "breaking" line of the changelog is tried by, on the database itself, which is only read.
CHECKS: dict[str, Callable[[str], Awaitable[str]]] = {"pooler": pooler}


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Any]:
    connection = await primary.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def version_of(dsn: str) -> str:
    """The program that the database was last switched to; the first release did not note itself."""
    async with connected(dsn) as connection:
        try:
            return await installation.program(connection)
        except asyncpg.UndefinedColumnError:
            return installation.FIRST
