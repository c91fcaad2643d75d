"""The sequencer: whatever commits late, and whoever numbers at the same time, each fact is taken once (Law 3)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from sluice.books import sequencer
from sluice.books.events import Event
from sluice.books.ledger import Posting, balances
from sluice.books.sequencer import catch_up, sequence, waiting
from sluice.core.clock import clock
from sluice.core.ids import new_id
from sluice.store.database import Database
from sluice.store.facts import Fact, compose, statement

pytest_plugins = ["tests.unit.vault_database"]

NUMBERS = "select number, event from event_numbers where scope = $1 order by number"
TOTAL = """select account, currency, sum(amount)::text amount from (
    select credit account, currency, amount from postings where scope = $1
    union all select debit, currency, -amount from postings where scope = $1) m group by account, currency"""


def event(n: int = 0, type: str = "charge.succeeded", object: str = "ch_1", version: int = 1) -> Event:
    return Event(new_id("evt_"), n, type, object, version, '{"object":{}}', clock.seconds(), None, None)


def sale(*events: Event, amount: int = 100, scope: int = 1) -> Fact:
    return Fact("sale", scope, new_id("txn_"), lines=(Posting(0, "rail", "pending", amount, "usd"), *events))


async def numbered(db: Database, scope: int = 1) -> dict[str, int]:
    """Events and their numbers; none has two."""
    rows = await db.fetch(NUMBERS, scope)
    found = {row["event"]: row["number"] for row in rows}
    assert len(found) == len(rows)
    return found


@asynccontextmanager
async def slow_writer(dsn: str, fact: Fact) -> AsyncIterator[Any]:
    """Has written its fact and not committed yet. The caller commits, by the transaction that it is given."""
    connection = await asyncpg.connect(dsn)
    form, values = compose(fact)
    transaction = connection.transaction()
    await transaction.start()
    await connection.fetch(statement(form), values[0], 0, *values[1:])
    yield transaction
    await connection.close()


async def until_somebody_waits(db: Database) -> None:
    while True:
        if await db.fetchrow("select 1 from pg_locks where not granted"):
            return
        await asyncio.sleep(0.005)


@pytest.mark.shows("F44")
async def test_numbers_rise_in_the_order_of_a_fact_and_without_gaps(db: Database) -> None:
    """Law 3: a fact's events in their order, facts in the order of the outbox."""
    facts = [sale(event(0), event(1)), sale(event(0))]
    for fact in facts:
        assert await db.write(fact)
    assert await sequence(db, 1, False) == 2
    events = [line.id for fact in facts for line in fact.lines if isinstance(line, Event)]
    assert await numbered(db) == {id: n for n, id in enumerate(events, 1)}
    assert await sequence(db, 1, False) == 0
    assert await waiting(db) == []


@pytest.mark.shows("F38", "F44")
async def test_an_event_that_commits_late_gets_a_later_number(db: Database, db_dsn: str) -> None:
    """B-3.2: who has read up to a number misses none that commits afterwards."""
    late, early = event(), event()
    async with slow_writer(db_dsn, sale(late)) as transaction:
        await db.write(sale(early))
        await catch_up(db, 1, False)
        assert await numbered(db) == {early.id: 1}
        await transaction.commit()
    await catch_up(db, 1, False)
    assert await numbered(db) == {early.id: 1, late.id: 2}


@pytest.mark.shows("F39")
async def test_the_snapshot_is_older_than_the_lock(db: Database, db_dsn: str) -> None:
    """A second sequencer waits for the first; what that one took it does not count again, what is new it takes."""
    first, second = event(), event()
    await db.write(sale(first))
    connection = await asyncpg.connect(db_dsn)
    async with connection.transaction():
        assert await connection.fetchval(sequencer.SEQUENCE, 1, 500, 0) == 1
        await db.write(sale(second))
        waits = asyncio.create_task(sequence(db, 1, False))  # its snapshot has both facts
        await until_somebody_waits(db)
    assert await waits == 1
    assert await numbered(db) == {first.id: 1, second.id: 2}
    assert (await balances(db, 1))["pending", "usd"] == 200
    assert (await db.fetchrow("select amount from balances where scope = 1 and account = 'pending'"))["amount"] == 200  # type: ignore[index]
    await connection.close()


@pytest.mark.shows("F39")
async def test_a_balance_is_the_sum_of_its_postings_at_every_moment(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 2: writers, two sequencers and a reader at once; every reading is one that had been committed."""
    monkeypatch.setattr(sequencer, "BATCH", 3)
    done = asyncio.Event()

    async def write() -> None:
        for _ in range(40):
            await db.write(sale(event(), amount=1))

    async def number() -> None:
        while not done.is_set():
            await sequence(db, 1, False)

    async def read() -> None:
        before = 0
        while not done.is_set():
            now = await balances(db, 1)
            assert now.get(("pending", "usd"), 0) == -now.get(("rail", "usd"), 0)
            assert before <= now.get(("pending", "usd"), 0) <= 120
            before = now.get(("pending", "usd"), 0)

    beside = [asyncio.create_task(work) for work in (number(), number(), read())]
    await asyncio.gather(write(), write(), write())
    done.set()
    await asyncio.gather(*beside)
    await catch_up(db, 1, False)
    total = {(row["account"], row["currency"]): int(row["amount"]) for row in await db.fetch(TOTAL, 1)}
    assert await balances(db, 1) == total == {("pending", "usd"): 120, ("rail", "usd"): -120}
    assert sorted((await numbered(db)).values()) == list(range(1, 121))
    assert not await db.fetch("select from outbox")


async def test_scopes_are_numbered_apart(db: Database) -> None:
    """Law 6."""
    await db.write(sale(event()))
    await db.write(sale(event(), scope=2))
    assert await waiting(db) == [(1, False), (2, True)]
    await sequence(db, 2, True)
    assert await waiting(db) == [(1, False)]
    assert list((await numbered(db, 2)).values()) == [1]
    assert await numbered(db, 1) == {}


async def test_a_batch_is_bounded_and_catching_up_takes_all(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 10."""
    monkeypatch.setattr(sequencer, "BATCH", 2)
    for _ in range(5):
        await db.write(sale(event()))
    assert await sequence(db, 1, False) == 2
    await catch_up(db, 1, False)
    assert len(await numbered(db)) == 5


@pytest.mark.parametrize(
    ("enabled", "type", "owed"),
    [
        ("{*}", "charge.failed", True),
        ("{charge.failed,charge.succeeded}", "charge.failed", True),
        ("{charge.succeeded}", "charge.failed", False),
        ("{charge}", "charge.failed", False),
    ],
)
@pytest.mark.parametrize("status", ["enabled", "disabled"])
async def test_an_endpoint_is_owed_what_it_asked_for(db: Database, enabled: str, type: str, owed: bool, status: str) -> None:
    """B-5.70, B-5.83: a disabled one is owed it too, for the day it is enabled; another scope's endpoint is owed nothing."""
    for scope in (1, 3):
        await db.execute(
            f"insert into webhook_endpoints values ({scope}, 'we_{scope}', 1, 0, 'http://x', '{status}', '{enabled}',"
            " null, 0, null, '', '', '{}')"
        )
    told = event(type=type)
    await db.write(sale(told))
    await sequence(db, 1, False)
    rows = await db.fetch("select scope, endpoint, number, event, object, tries from deliveries")
    assert [tuple(row) for row in rows] == ([(1, "we_1", 1, told.id, "ch_1", 0)] if owed else [])
