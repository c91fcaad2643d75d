"""The money path's guards: each test fails when its guard is taken out (DESIGN §2, FAULTS)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from sluice.books.keyring import FileProvider, Keyring
from sluice.books.vault.cards import Vault
from sluice.books.vault.cvcs import Cvcs
from sluice.core import limits
from sluice.core.clock import clock
from sluice.core.errors import Contended, Refused, Unavailable, Unsettled
from sluice.core.ids import new_id
from sluice.core.outside import InsideTransaction
from sluice.payments import creating, leases, money_path, recovery, settling, updating
from sluice.payments.answers import Answer
from sluice.payments.desk import Desk
from sluice.rails import caller
from sluice.rails.outcomes import NotSent
from sluice.rules.calls import Call, Verb
from sluice.store.database import Database
from sluice.store.facts import Fact
from tests.unit.desk_world import SCOPE
from tests.unit.scripted_rail import Scripted

pytest_plugins = ["tests.unit.vault_database"]
PAY = {
    "amount": 1000,
    "currency": "usd",
    "payment_method": "pm_card_visa",
    "confirm": True,
    "return_url": "https://shop.example",
}
DUE = "update instructions set created = created - 60, until = 1 where scope = $1 and state <> 'closed'"


@pytest.fixture
def rail() -> Scripted:
    return Scripted()


@pytest.fixture
async def desk(db: Database, rail: Scripted, tmp_path: Path) -> AsyncIterator[Desk]:
    provider = FileProvider(tmp_path / "vault.key")
    vault = Vault(Keyring(db, provider), Cvcs(db, provider))
    await vault.load(clock.seconds())
    desk = Desk(db, {"sandbox": rail}, vault, 1, "http://localhost")
    yield desk
    await desk.drain()


def call(desk: Desk, given: dict[str, Any], key: str = "k1", fingerprint: bytes = b"f", **ids: str) -> Call:
    return Call(
        operation="", path="", scope=SCOPE, livemode=False, account="acct_1", at=clock.seconds(), request=new_id("req_"),
        vault=desk.vault, ids=ids, params=given, key=key, given=True, fingerprint=fingerprint, rails=desk.accounts(SCOPE),
    )  # fmt: skip


async def pay(desk: Desk, key: str = "k1", **more: Any) -> Answer:
    return await money_path.run(desk, creating.CREATE, call(desk, PAY | more, key))


async def value(desk: Desk, sql: str) -> Any:
    record = await desk.database.fetchrow(sql)
    assert record
    return record[0]


class Writes:
    """What happens to the facts of one name instead of being written: an error, or what a function makes of it."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch, ending: str, *happens: Any) -> None:
        self.write, self.ending, self.happens = desk.database.write, ending, list(happens)
        self.met = 0
        monkeypatch.setattr(desk.database, "write", self)

    async def __call__(self, fact: Fact, **how: Any) -> bool:
        if not fact.name.endswith(self.ending):
            return await self.write(fact, **how)
        self.met += 1
        happens = self.happens.pop(0) if self.happens else None
        if isinstance(happens, Exception):
            raise happens
        if happens == "answer lost":  # written; the statement that is executed again conflicts with it
            assert await self.write(fact, **how)
            return False
        return False if happens == "conflict" else await self.write(fact, **how)


@pytest.mark.shows("F34")
async def test_a_full_queue_is_told_before_the_rail_is_asked(desk: Desk, rail: Scripted, monkeypatch: pytest.MonkeyPatch):
    """B-1.43: 503, nothing has happened, the key is free."""
    Writes(desk, monkeypatch, ".open", Unavailable("full"))
    with pytest.raises(Unavailable):
        await pay(desk)
    assert rail.calls == []
    assert (await pay(desk)).status == 200


@pytest.mark.shows("F34")
async def test_a_full_bulkhead_is_told_before_open(desk: Desk, rail: Scripted, monkeypatch: pytest.MonkeyPatch):
    """One rail that hangs takes only its own; a place is kept to the end."""
    monkeypatch.setattr(limits, "IN_FLIGHT", 1)
    rail.hold.clear()
    first = asyncio.ensure_future(pay(desk))
    await rail.asked_once.wait()
    with pytest.raises(Unavailable):
        await pay(desk, "k2")
    assert await value(desk, "select count(*) from instructions") == 1
    rail.hold.set()
    assert (await first).status == 200
    assert (await pay(desk, "k2")).status == 200


@pytest.mark.shows("F34")
async def test_readers_past_their_number_are_told_and_settling_goes_on(desk: Desk, rail: Scripted):
    """Finishing has its own share: with every reader's place taken, what is in flight is settled all the same."""
    rail.hold.clear()
    paying = asyncio.ensure_future(pay(desk))
    await rail.asked_once.wait()
    desk.database.busy = desk.database.most
    with pytest.raises(Unavailable):
        await money_path.run(desk, updating.UPDATE, call(desk, {"amount": 5}, "k2", intent="pi_1"))
    rail.hold.set()
    assert (await paying).status == 200
    desk.database.busy = 0


@pytest.mark.shows("F13")
async def test_nothing_is_sent_when_the_lease_is_over(desk: Desk, rail: Scripted, monkeypatch: pytest.MonkeyPatch):
    """A process that was stopped for longer finds recovery at work: not one byte leaves, and the payment is declined."""
    monkeypatch.setattr(money_path, "leased", clock.micros)
    answer = await pay(desk)
    assert answer.status == 402
    assert rail.calls == []
    assert await value(desk, "select count(*) from charges") == 0


@pytest.mark.shows("F13")
async def test_the_rails_deadline_ends_before_the_lease(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """However long *open* took: who still waits at the deadline waits no more, and only then does the lease end."""
    late = leases.leased() - 4_000_000
    monkeypatch.setattr(money_path, "leased", lambda: late)
    asked: list[float] = []

    async def ask(rail: Any, envelope: Any, card: Any, seconds: float) -> Any:
        asked.append(clock.now() + seconds)
        return NotSent("down")

    monkeypatch.setattr(caller, "ask", ask)
    await pay(desk)
    assert asked[0] <= late / 1_000_000 - limits.LEASE_MARGIN + 0.01


@pytest.mark.shows("F29")
async def test_open_whose_answer_was_lost_is_ours(desk: Desk, rail: Scripted, monkeypatch: pytest.MonkeyPatch):
    """The key's token tells mine from somebody else's: the payment goes on, and is asked for once."""
    Writes(desk, monkeypatch, ".open", "answer lost")
    assert (await pay(desk)).status == 200
    assert rail.asked() == ["authorize"]


@pytest.mark.shows("F29")
async def test_settle_whose_answer_was_lost_is_ours(desk: Desk, rail: Scripted, monkeypatch: pytest.MonkeyPatch):
    """Its stored answer is the answer; nothing is posted twice, nothing looks like somebody else's, nothing is reversed."""
    Writes(desk, monkeypatch, ".settle", "answer lost")
    answer = await pay(desk)
    assert (answer.status, answer.original) == (200, None)
    assert rail.asked() == ["authorize"]
    assert await value(desk, "select count(*) from postings") == 2
    assert await value(desk, "select count(*) from discrepancies") == 0


@pytest.mark.shows("F29")
async def test_a_write_that_asks_nobody_whose_answer_was_lost_is_ours(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """The same bytes, and no sign of a replay."""
    Writes(desk, monkeypatch, "payment_intents.create", "answer lost")
    answer = await money_path.run(desk, creating.CREATE, call(desk, {"amount": 500, "currency": "usd"}))
    assert (answer.status, answer.original) == (200, None)
    assert await value(desk, "select count(*) from intents") == 1


@pytest.mark.shows("F30", "F31")
async def test_an_answer_that_a_fail_over_may_take_away_is_not_given(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """What was read of a key and is not on the standby, or is gone with the old primary: 409, as while the first call runs."""
    assert (await pay(desk)).status == 200

    async def gone(*_: Any) -> bool:
        return False

    monkeypatch.setattr(desk.database, "stands", gone)
    with pytest.raises(Refused) as refused:
        await pay(desk)
    assert (refused.value.status, refused.value.code, refused.value.retry) == (409, "idempotency_key_in_use", True)


@pytest.mark.shows("F33")
async def test_a_row_that_moved_after_the_rail_answered(desk: Desk, rail: Scripted):
    """B-5.25: the description stays writable in flight. Read, decided and rendered again; never asked again."""
    rail.hold.clear()
    paying = asyncio.ensure_future(pay(desk))
    await rail.asked_once.wait()
    id = await value(desk, "select id from intents")
    changed = await money_path.run(desk, updating.UPDATE, call(desk, {"description": "changed"}, "k2", intent=id))
    assert changed.status == 200
    rail.hold.set()
    answer = await paying
    assert b'"description":"changed"' in answer.body
    assert b'"status":"succeeded"' in answer.body
    assert rail.asked() == ["authorize"]


@pytest.mark.shows("F33")
async def test_a_settle_that_fails_leaves_the_truth_to_recovery(desk: Desk, rail: Scripted, monkeypatch: pytest.MonkeyPatch):
    """The call is not repeated; the key stays in flight until recovery has settled, then says the truth (B-1.41)."""
    monkeypatch.setattr(limits, "WAIT_FOR_KEY", 0.0)
    Writes(desk, monkeypatch, ".settle", ConnectionError("nobody knows"))
    with pytest.raises(Unsettled):
        await pay(desk)
    with pytest.raises(Refused) as refused:
        await pay(desk)
    assert (refused.value.status, refused.value.code, refused.value.retry) == (409, "idempotency_key_in_use", True)
    await desk.database.execute(DUE, SCOPE)
    await recovery.sweep(desk)
    answer = await pay(desk)
    assert answer.status == 200
    assert answer.original is not None
    assert rail.asked() == ["authorize", "inquire"]


async def test_looking_again_has_an_end(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """B-1.45: 429 lock_timeout, not a loop without end."""
    writes = Writes(desk, monkeypatch, "payment_intents.create", *["conflict"] * 100)
    with pytest.raises(Contended):
        await money_path.run(desk, creating.CREATE, call(desk, {"amount": 500, "currency": "usd"}))
    assert writes.met == limits.LOOKS


@pytest.mark.shows("F1")
async def test_a_capped_number_waits_for_a_key(desk: Desk, rail: Scripted, monkeypatch: pytest.MonkeyPatch):
    """B-1.37: the others are told at once."""
    monkeypatch.setattr(limits, "WAITERS", 1)
    monkeypatch.setattr(limits, "WAIT_FOR_KEY", 60.0)
    rail.hold.clear()
    first = asyncio.ensure_future(pay(desk))
    await rail.asked_once.wait()
    second = asyncio.ensure_future(pay(desk))
    third = asyncio.ensure_future(pay(desk))
    done, _ = await asyncio.wait({second, third}, timeout=3.0, return_when=asyncio.FIRST_COMPLETED)
    (told,) = done
    error = told.exception()
    assert isinstance(error, Refused)
    assert error.status == 409
    rail.hold.set()
    waited = await (second if told is third else third)
    assert waited.body == (await first).body


@pytest.mark.shows("F6")
async def test_a_key_with_other_parameters_is_a_mismatch(desk: Desk):
    """B-1.36."""
    await pay(desk)
    with pytest.raises(Refused) as refused:
        await money_path.run(desk, creating.CREATE, call(desk, PAY | {"amount": 5}, fingerprint=b"g"))
    assert (refused.value.status, refused.value.type, refused.value.code) == (400, "idempotency_error", None)


@pytest.mark.shows("F8")
async def test_what_was_judged_on_a_row_is_kept_and_what_was_not_is_not(desk: Desk):
    """B-1.38: the line is whether a row had to be read."""
    with pytest.raises(Refused):
        await money_path.run(desk, creating.CREATE, call(desk, {"amount": -1, "currency": "usd"}))
    assert await value(desk, "select count(*) from idempotency") == 0
    answer = await money_path.run(desk, updating.UPDATE, call(desk, {"amount": 5}, intent="pi_unknown"))
    again = await money_path.run(desk, updating.UPDATE, call(desk, {"amount": 5}, intent="pi_unknown"))
    assert answer.status == again.status == 404
    assert (answer.body, again.original is not None) == (again.body, True)


@pytest.mark.shows("F49")
async def test_a_caller_that_is_cancelled_after_open_cancels_nothing(desk: Desk, rail: Scripted):
    """The path goes on in a task of its own, and keeps its place at the rail."""
    rail.hold.clear()
    paying = asyncio.ensure_future(pay(desk))
    await rail.asked_once.wait()
    paying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await paying
    rail.hold.set()
    await desk.drain()
    assert await value(desk, "select status from intents") == "succeeded"


@pytest.mark.shows("F30")
async def test_no_rail_is_asked_inside_a_transaction(desk: Desk, rail: Scripted):
    """Law 4: the one caller of rails refuses."""
    async with desk.database.transaction():
        with pytest.raises(InsideTransaction):
            await pay(desk)
    assert rail.calls == []


async def test_every_step_has_a_name():
    """DESIGN §2: the steps by which the path is read."""
    assert money_path.STEPS == ("recall", "check", "open", "send", "settle", "answer")


@pytest.mark.shows("F5")
async def test_the_index_refuses_a_second_live_instruction(desk: Desk, rail: Scripted, monkeypatch: pytest.MonkeyPatch):
    """State refuses it first; taken out, the unique index does: nothing is asked twice."""
    rail.hold.clear()
    paying = asyncio.ensure_future(pay(desk))
    await rail.asked_once.wait()
    insert = """insert into instructions select scope, 'ask_2', version, created, subject, verb, state, rail, 'other', token,
        until, tries, card, envelope, said, call from instructions"""
    with pytest.raises(asyncpg.UniqueViolationError, match="instructions_live"):
        await desk.database.execute(insert)
    rail.hold.set()
    await paying


def test_a_verb_is_data():
    """What a call reads and the rule that judges it; the path holds no rule of its own."""
    assert isinstance(creating.CREATE, Verb)
    assert set(settling.DECIDE) == {"authorize", "capture", "check", "refund", "cancel_refund", "void"}
