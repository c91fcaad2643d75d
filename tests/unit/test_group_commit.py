"""Group commit on a real PostgreSQL: shared commits, poisoned members, held rows, two writers of the same rows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from sluice.books.ledger import BalanceTransaction
from sluice.core.errors import Contended
from sluice.core.ids import new_id
from sluice.payments.discrepancies import Discrepancy
from sluice.store import database, group_commit
from sluice.store.commits import REFUSED
from sluice.store.database import Database, connect
from sluice.store.facts import Claim, Fact

pytest_plugins = ["tests.unit.vault_database"]
GROUP = 32


def note(id: str, version: int = 0, said: int = 0) -> Discrepancy:
    return Discrepancy(id, version, 1, "test", "nothing", {"said": said}, None)


def header(id: str, net: int = 70) -> BalanceTransaction:
    """Sound with a net of 70; the table's CHECK refuses any other."""
    return BalanceTransaction(id, 0, 1, "charge", "ch_1", 100, 30, net, "usd", 1, None, {})


def claim(key: str) -> Claim:
    return Claim(key, b"f", new_id("tk_"), "req_1", 1)


def fact(*, key: str = "", **rows: Sequence[Any]) -> Fact:
    return Fact("test", 1, new_id("fact_"), claim(key) if key else None, **rows)


async def together(*writes: Awaitable[bool]) -> list[Any]:
    return await asyncio.gather(*writes, return_exceptions=True)


async def value(db: Database, sql: str) -> Any:
    record = await db.fetchrow(sql)
    assert record
    return record[0]


@asynccontextmanager
async def holding(dsn: str, id: str) -> AsyncIterator[None]:
    """Another session's lock on a row."""
    other = await asyncpg.connect(dsn)
    async with other.transaction():
        await other.execute("select from discrepancies where id = $1 for update", id)
        yield
    await other.close()


@pytest.mark.shows("F59")
async def test_each_caller_gets_its_own_answer(db: Database):
    """F1 in one group: of each key's four claims one holds; several forms at once."""
    keys = [f"k{n % 32}" for n in range(128)]
    rows: list[list[Any]] = [[header(new_id("txn_"))] if n % 3 else [] for n in range(len(keys))]
    answers = await together(*(db.write(fact(key=key, new=new)) for key, new in zip(keys, rows, strict=True)))
    won = [key for key, answer in zip(keys, answers, strict=True) if answer is True]
    assert sorted(won) == sorted(set(keys))
    assert set(answers) == {True, False}
    assert await value(db, "select count(*) from idempotency") == 32


@pytest.mark.shows("F59")
async def test_a_poisoned_member_falls_out_alone(db: Database):
    """What the database refuses fails by itself; the others of its group hold."""
    nets = [70] * GROUP
    nets[11] = 71
    answers = await together(*(db.write(fact(new=[header(f"txn_{n}", net)]), payment=str(n)) for n, net in enumerate(nets)))
    assert isinstance(answers.pop(11), asyncpg.CheckViolationError)
    assert answers == [True] * (GROUP - 1)
    assert await value(db, "select count(*) from balance_transactions") == GROUP - 1


@pytest.mark.shows("F59")
async def test_a_held_row_stops_no_other(db: Database, db_dsn: str):
    """Its writer waits alone, beside the lanes, and writes once the row is free."""
    ids = [f"dis_{n}" for n in range(GROUP)]
    assert all(await together(*(db.write(fact(new=[note(id)])) for id in ids)))
    async with holding(db_dsn, ids[7]):
        writes = [asyncio.ensure_future(db.write(fact(saved=[note(id, 1, 5)]), payment=id, must=True)) for id in ids]
        held = writes.pop(7)
        assert await asyncio.gather(*writes) == [True] * (GROUP - 1)
        assert not held.done()
    assert await held


async def test_who_waits_too_long_for_a_row_is_told(db_dsn: str, db: Database, monkeypatch: pytest.MonkeyPatch):
    """B-1.45: 429 lock_timeout, and nothing has happened."""
    monkeypatch.setitem(database.PATIENT, "lock_timeout", "50")
    hasty = await connect(db_dsn)
    assert await db.write(fact(new=[note("dis_1")]))
    async with holding(db_dsn, "dis_1"):
        with pytest.raises(Contended):
            await hasty.write(fact(saved=[note("dis_1", 1, 5)]))
    assert await db.write(fact(saved=[note("dis_1", 1, 6)]))
    await hasty.close()


@pytest.mark.shows("F59")
async def test_two_writers_of_a_row_in_one_group_lose_no_update(db: Database):
    """PERFORMANCE 12: one holds, the rest look again."""
    assert await db.write(fact(new=[note("dis_1")]))
    added = 0
    for _ in range(20):
        (row,) = await db.many(Discrepancy, 1, ["dis_1"])
        after = note("dis_1", row.version, row.said["said"] + 1)
        answers = await together(*(db.write(fact(saved=[after]), payment="dis_1") for _ in range(8)))
        assert sorted(answers) == [False] * 7 + [True]
        added += 1
    (row,) = await db.many(Discrepancy, 1, ["dis_1"])
    assert (row.said["said"], row.version) == (added, added + 1)


@pytest.mark.shows("F59")
async def test_two_processes_on_shared_rows_never_deadlock(db_dsn: str, monkeypatch: pytest.MonkeyPatch):
    """Members sorted by payment: two committers that take the same rows the other way round lock them in one order."""
    refused: list[Exception] = []
    commit = group_commit.commit

    async def watched(*args: Any) -> None:
        try:
            await commit(*args)
        except REFUSED as refusal:
            refused.append(refusal)
            raise

    monkeypatch.setattr(group_commit, "commit", watched)
    ids = [f"dis_{n:02}" for n in range(60)]
    one, other = await connect(db_dsn, lanes=1), await connect(db_dsn, lanes=1)
    assert all(await together(*(one.write(fact(new=[note(id)])) for id in ids)))
    for n in range(1, 11):
        writes = [one.write(fact(saved=[note(id, n, n)]), payment=id) for id in ids]
        writes += [other.write(fact(saved=[note(id, n, n)]), payment=id) for id in reversed(ids)]
        answers = await asyncio.gather(*writes)
        assert [answers[at] + answers[-at - 1] for at in range(len(ids))] == [1] * len(ids)
    assert not refused
    await asyncio.gather(one.close(), other.close())


async def test_a_caller_that_left_before_its_turn_writes_nothing(db: Database):
    """Cancelled in the queue: no statement is sent for it."""
    lanes = [asyncio.ensure_future(db.write(fact(new=[note(f"dis_{n}")]))) for n in range(GROUP)]
    await asyncio.sleep(0)
    gone = asyncio.ensure_future(db.write(fact(new=[note("dis_gone")])))
    await asyncio.sleep(0)
    gone.cancel()
    assert all(await asyncio.gather(*lanes))
    assert await db.one(Discrepancy, 1, "dis_gone") is None


@pytest.mark.shows("F30")
async def test_a_key_stands_as_it_was_read(db: Database):
    """In a transaction that its standby has; another claim's token, or another status, is not what was read."""
    assert await db.write(fact(key="k1"))
    kept, _ = await db.load(1, "k1", ())
    assert kept
    assert await db.stands(1, "k1", kept)
    assert not await db.stands(1, "k1", replace(kept, token="another"))
    assert not await db.stands(1, "k1", replace(kept, status=200))
    assert not await db.stands(2, "k1", kept)
