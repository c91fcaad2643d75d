"""The standby falls silent, so that commits hang: nobody cancels them, nobody is answered, no bank is asked (F30)."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from sluice.core.ids import new_id
from sluice.payments.discrepancies import Discrepancy
from sluice.store import database as store
from sluice.store.database import Database, connect
from sluice.store.facts import Claim, Fact
from tests.failover.clients import SCOPE
from tests.failover.conftest import Paired
from tests.failover.pair import Pair
from tests.harness.processes import until
from tests.kills.books import Money, agree, fall_quiet
from tests.kills.moves import CREATE

HANGING = "pg_stat_activity where wait_event = 'SyncRep' and query like '%{0}%'"  # whose commit that is, by its statement
HANGS, CANCEL = f"select count(*) from {HANGING}", f"select count(pg_cancel_backend(pid)) from {HANGING}"
WRITES, OPENS, CUSTOMERS = (f"insert into {table}" for table in ("discrepancies", "instructions", "customers"))
MARKS, READS = "select pg_logical_emit_message", "from idempotency"
THERE = "select count(*) from idempotency where key = '{}'"
IMPATIENT_MS = "200"  # after which a statement would be cancelled

pytestmark = [pytest.mark.slow, pytest.mark.shows("F30")]


@pytest.fixture
def silent(pair: Pair) -> Iterator[Pair]:
    """With a standby that is frozen; a commit that waits can only wait for it."""
    pair.join()
    pair.standby.freeze()
    yield pair
    pair.standby.thaw()


def hangs(pair: Pair, what: str) -> bool:
    return pair.say(HANGS.format(what)) != "0"


async def sees(pair: Pair, what: str, done: "asyncio.Task[bool]") -> bool:
    """Until such a commit hangs, or that task is done: whether it is not."""
    while not (done.done() or await asyncio.to_thread(hangs, pair, what)):  # noqa: ASYNC110 the other side is the database
        await asyncio.sleep(0.02)
    return not done.done()


def claiming(key: str) -> Fact:
    row = Discrepancy(new_id("dis_"), 0, 1, "test", "nothing", {"key": key}, None)
    return Fact("test", SCOPE, new_id("fact_"), Claim(key, b"f", f"token of {key}", "req_1", 1, 200, "done"), new=(row,))


async def test_a_commit_that_hangs_is_waited_for(silent: Pair, monkeypatch: pytest.MonkeyPatch):
    """No time-out of ours ends the wait, which the database would take for a yes; it ends when the standby is back."""
    monkeypatch.setitem(store.SETTINGS, "statement_timeout", IMPATIENT_MS)
    database = await connect(silent.dsn)
    writing = asyncio.ensure_future(database.write(claiming(new_id("key_"))))
    assert await sees(silent, WRITES, writing)
    await asyncio.sleep(3 * int(IMPATIENT_MS) / 1_000)
    assert not writing.done()
    silent.standby.thaw()
    assert await writing
    assert not re.search("cancel", silent.primary.log.read_text())
    await database.close()


async def test_a_commit_that_was_cancelled_is_believed_once_the_standby_has_it(silent: Pair):
    """Somebody cancels the wait: the row is here, and neither its writer nor a reader of it goes on before it is there."""
    database, key = await connect(silent.dsn), new_id("key_")
    writing = asyncio.ensure_future(database.write(claiming(key)))
    assert await sees(silent, WRITES, writing)
    assert silent.say(CANCEL.format(WRITES)) == "1"
    assert await sees(silent, MARKS, writing), "the repeat found its own row, and took it for done"
    reading = asyncio.ensure_future(told(database, key))
    await asyncio.sleep(0.2)
    assert not writing.done()
    assert not reading.done(), "a reader was answered from what the standby does not have"
    silent.standby.thaw()
    assert await writing is False, "it conflicts with itself"
    assert await reading
    assert silent.say(THERE.format(key), silent.standby) == "1"
    await database.close()


async def told(database: Database, key: str) -> bool:
    kept, _ = await database.load(SCOPE, key, ())
    assert kept
    return await database.stands(SCOPE, key, kept)


def test_no_bank_is_asked_before_the_commit_is_clean(gateway: Paired, pair: Pair):
    """A payment's first commit hangs and is cancelled: no bank hears of it until the standby has it; then it is paid once."""
    pair.join()
    shop = gateway.shop()
    pair.standby.freeze()
    try:
        with ThreadPoolExecutor(1) as pool:
            paying = pool.submit(shop.raw, "POST", "/v1/payment_intents", CREATE, headers={"Idempotency-Key": "k1"})
            until(lambda: hangs(pair, OPENS))
            assert pair.say(CANCEL.format(OPENS)) == "1"
            until(lambda: hangs(pair, MARKS) or gateway.bank.booked())
            assert gateway.bank.booked() == []
            assert not paying.done()
            pair.standby.thaw()
            answer = paying.result(60)
    finally:
        pair.standby.thaw()
    assert (answer.status, answer.json["status"]) == (200, "succeeded")
    fall_quiet(shop)
    assert agree(shop) == Money(2000, 0)


def test_a_retry_hears_nothing_before_the_commit_is_clean(gateway: Paired, pair: Pair):
    """An answer that was written and cancelled is nobody's yet: a second call with its key waits for the standby as well."""
    pair.join()
    shop = gateway.shop()
    call = ("POST", "/v1/customers", {"name": "A buyer"})
    pair.standby.freeze()
    try:
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(shop.raw, *call, headers={"Idempotency-Key": "k2"})
            until(lambda: hangs(pair, CUSTOMERS))
            assert pair.say(CANCEL.format(CUSTOMERS)) == "1"
            until(lambda: pair.say(THERE.format("k2")) == "1")
            second = pool.submit(shop.raw, *call, headers={"Idempotency-Key": "k2"})
            until(lambda: hangs(pair, READS) or second.done())
            assert [asked.done() for asked in (first, second)] == [False, False]
            pair.standby.thaw()
            answers = [asked.result(60) for asked in (first, second)]
    finally:
        pair.standby.thaw()
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].body == answers[1].body
    assert answers[1].headers["idempotent-replayed"] == "true"
