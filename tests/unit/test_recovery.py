"""Recovery, one way only: what it asks, what it believes, when it lets go (DESIGN §2)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sluice.books.keyring import FileProvider, Keyring
from sluice.books.vault.cards import Vault
from sluice.books.vault.cvcs import Cvcs
from sluice.core import limits
from sluice.core.clock import clock
from sluice.payments import attaching, leases, notices, recovery, refunds, settling
from sluice.payments.desk import Desk
from sluice.payments.instructions import Instruction
from sluice.rails.outcomes import CANCELED, Approved, Declined, NotFound, NotSent, Pending, Returned, Unknown, Word
from sluice.rails.types import Deadline, Envelope
from sluice.store.database import Database
from tests.unit.desk_world import SCOPE, World
from tests.unit.scripted_rail import SILENT, YES, Scripted

pytest_plugins = ["tests.unit.vault_database"]
DUE = "update instructions set created = created - $2, until = 1 where scope = $1 and state <> 'closed'"
LIED = Approved(1, "usd", "another")


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    provider = FileProvider(tmp_path / "vault.key")
    vault = Vault(Keyring(db, provider), Cvcs(db, provider))
    await vault.load(clock.seconds())
    desk = Desk(db, {}, vault, 1, "http://localhost")
    yield desk
    await desk.drain()


def world_of(desk: Desk, **script: Any) -> tuple[World, Scripted]:
    rail = Scripted(**script)
    desk.rails = {"sandbox": rail}
    return World(desk), rail


async def sweep(world: World, times: int = 1, age: int = 60) -> None:
    """Every lease is over, and everything happened `age` seconds ago."""
    for _ in range(times):
        await world.database.execute(DUE, SCOPE, age)
        await recovery.sweep(world.desk)


async def instruction(world: World, verb: str = "authorize") -> Instruction:
    """The newest of that verb."""
    id = await world.value("select id from instructions where verb = $1 order by id desc limit 1", verb)
    found = await world.database.one(Instruction, SCOPE, id)
    assert found
    return found


async def status(world: World, intent: dict[str, Any]) -> str:
    return str(await world.value("select status from intents where id = $1", intent["id"]))


async def discrepancies(world: World) -> list[str]:
    return [row["kind"] for row in await world.database.fetch("select kind from discrepancies order by id")]


@pytest.mark.shows("F3", "F10")
@pytest.mark.parametrize(("word", "ends"), [(YES, "succeeded"), (Declined("do_not_honor"), "requires_payment_method")])
async def test_what_is_known_is_settled(desk: Desk, word: Any, ends: str):
    """B-5.25: the truth follows by event; nothing is reversed."""
    world, rail = world_of(desk, authorize=[SILENT], inquire=[word])
    intent = await world.pay()
    assert intent["status"] == "processing"
    await sweep(world)
    assert await status(world, intent) == ends
    assert rail.asked() == ["authorize", "inquire"]


@pytest.mark.shows("F14")
async def test_not_found_is_not_final_within_the_horizon(desk: Desk):
    """The request may be on its way: nothing is closed, nothing reversed, before."""
    world, rail = world_of(desk, authorize=[SILENT], inquire=[NotFound()], late_horizon=1_000.0)
    intent = await world.pay()
    await sweep(world, 6, age=60)
    assert await status(world, intent) == "processing"
    assert "reverse" not in rail.asked()
    await sweep(world, age=1_000)
    assert await status(world, intent) == "requires_payment_method"
    assert rail.asked()[-1] == "reverse"


@pytest.mark.shows("F14")
@pytest.mark.parametrize("blocks", [True, False])
async def test_a_reversal_that_blocks_nothing_waits_for_the_horizon(desk: Desk, blocks: bool):
    """Where an original that comes after its reversal is booked, it is taken back only when it cannot come any more."""
    horizon = {"late_horizon": 1_000.0, "reversal_blocks": blocks}
    world, rail = world_of(desk, authorize=[SILENT], inquire=[SILENT], **horizon)
    intent = await world.pay()
    await sweep(world, 6, age=60)
    assert ("reverse" in rail.asked()) == blocks
    await sweep(world, age=1_000)
    assert await status(world, intent) == "requires_payment_method"
    assert rail.asked()[-1] == "reverse"


@pytest.mark.shows("F15", "F16")
async def test_reversing_is_a_one_way_door(desk: Desk):
    """Committed before the reversal leaves; no inquiry follows, and it is repeated until acknowledged, under one reference."""
    world, rail = world_of(desk, authorize=[SILENT], inquire=[NotFound(), YES], reverse=[SILENT, NotSent("down"), YES])
    intent = await world.pay()
    await sweep(world)
    assert (await instruction(world)).state == "reversing"
    assert await status(world, intent) == "processing"
    await sweep(world, 2)
    assert rail.asked() == ["authorize", "inquire", "reverse", "reverse", "reverse"]
    assert len(set(rail.references())) == 1
    assert (await instruction(world)).state == "closed"
    assert await status(world, intent) == "requires_payment_method"
    assert await world.value("select status from charges") == "failed"


@pytest.mark.shows("F15")
async def test_the_reversal_leaves_only_after_its_state_is_committed(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """Whoever could not write `reversing` reverses nothing."""
    world, rail = world_of(desk, authorize=[SILENT], inquire=[NotFound()])
    await world.pay()

    async def refused(*_: object) -> None:
        return None

    with monkeypatch.context() as without:
        without.setattr(recovery, "write", refused)
        await sweep(world)
    assert rail.asked() == ["authorize", "inquire"]


@pytest.mark.shows("F16")
async def test_a_reversal_that_is_never_acknowledged_is_shown_once(desk: Desk):
    """After every pause a person is told; we go on."""
    world, rail = world_of(desk, authorize=[SILENT], inquire=[NotFound()], reverse=[SILENT])
    await world.pay()
    await sweep(world, len(leases.PAUSES) + 4)
    assert await discrepancies(world) == ["not_reversed"]
    before = len(rail.calls)
    await sweep(world)
    assert len(rail.calls) == before + 1


@pytest.mark.parametrize("verb", ["capture", "refund"])
@pytest.mark.shows("F23", "F25")
async def test_what_is_safe_to_repeat_is_sent_again_under_its_own_reference(desk: Desk, verb: str):
    """A refund keeps its reservation all the while."""
    world, rail = world_of(desk, inquire=[NotFound()], **{verb: [SILENT, YES]})
    held = await world.hold(1000) if verb == "capture" else await world.pay(1000)
    answer = await (world.take(held, 600) if verb == "capture" else world.refund(held, 600))
    assert answer["status"] in ("processing", "pending")
    assert await world.value("select reserved from charges") == (600 if verb == "refund" else 0)
    await sweep(world)
    assert rail.asked() == ["authorize", verb, "inquire", verb]
    assert len(set(rail.references())) == 2
    captured, refunded = (600, 0) if verb == "capture" else (1000, 600)
    assert await world.value("select (captured, refunded, reserved) = ($1, $2, 0) from charges", captured, refunded)


async def test_what_is_not_safe_to_repeat_stays_open_and_is_shown_once(desk: Desk):
    """A capture, void, refund or payout where the rail declares no repeat safe."""
    world, rail = world_of(desk, inquire=[NotFound()], refund=[SILENT], safe_repeats=frozenset())
    await world.refund(await world.pay(1000), 600)
    await sweep(world, len(leases.PAUSES) + 4)
    assert rail.asked().count("refund") == 1
    assert (await instruction(world, "refund")).state == "open"
    assert await discrepancies(world) == ["not_knowable"]


@pytest.mark.shows("F20")
async def test_a_lie_is_reversed_and_shown_once(desk: Desk):
    """An approval of something else is never `succeeded`."""
    world, rail = world_of(desk, authorize=[LIED])
    intent = await world.pay()
    assert intent["status"] == "processing"
    await sweep(world, 2)
    assert rail.asked() == ["authorize", "reverse"]
    assert await status(world, intent) == "requires_payment_method"
    assert await discrepancies(world) == ["wrong_answer"]


@pytest.mark.shows("F20")
async def test_a_lie_about_a_refund_is_shown_once_and_asked_about(desk: Desk):
    """Nothing can be reversed by it: the refund stays pending until the rail says something that fits."""
    world, _ = world_of(desk, refund=[LIED], inquire=[LIED, LIED, YES])
    refund = await world.refund(await world.pay(1000), 400)
    assert refund["status"] == "pending"
    await sweep(world, 2)
    assert await world.value("select status from refunds") == "pending"
    await sweep(world)
    assert await world.value("select status from refunds") == "succeeded"
    assert await discrepancies(world) == ["wrong_answer"]


@pytest.mark.shows("F25")
async def test_no_inquiry_undoes_a_refund_that_succeeded(desk: Desk):
    """Closed is closed: recovery does not ask about it at all."""
    world, rail = world_of(desk, inquire=[Declined("unknown")])
    await world.refund(await world.pay(1000), 400)
    await sweep(world)
    assert "inquire" not in rail.asked()
    assert await world.value("select status from refunds") == "succeeded"


@pytest.mark.shows("F12")
async def test_an_approval_that_comes_too_late_is_reversed_and_shown(desk: Desk):
    """The sender was slow, recovery took the payment back; then the rail says yes. The client hears what the database says."""
    world, rail = world_of(desk, authorize=[YES], inquire=[NotFound()])
    rail.hold.clear()
    paying = asyncio.ensure_future(world.pay())
    await rail.asked_once.wait()
    await sweep(world)
    assert (await instruction(world)).state == "closed"
    rail.hold.set()
    answer = await paying
    assert answer["error"]["code"] == "processing_error"
    assert (await instruction(world)).state == "reversing"
    await sweep(world)
    assert rail.asked() == ["authorize", "inquire", "reverse", "reverse"]
    assert await discrepancies(world) == ["late_approval"]
    assert (await world.events()).count("payment_intent.payment_failed") == 1
    assert await world.value("select count(*) from postings") == 0


@pytest.mark.shows("F12")
async def test_a_notice_of_an_approval_that_comes_too_late_makes_us_ask_and_reverse(desk: Desk):
    """The bank swore that the message never came, and books it all the same: its notice is all that we hear of it."""
    world, rail = world_of(desk, authorize=[SILENT], inquire=[NotFound(), SILENT, YES])
    await world.pay()
    await sweep(world)
    assert (await instruction(world)).state == "closed"
    reference = (await instruction(world)).reference
    await world.database.execute(notices.KEEP, "sandbox", [1], [reference], ["outcome"], clock.seconds())
    for left in (1, 0):
        await world.database.execute("update notices set due = 0")
        await notices.sweep(desk)
        assert await world.value("select count(*) from notices where applied is null") == left
    await sweep(world)
    assert (await discrepancies(world), rail.asked()[-1]) == (["late_approval"], "reverse")
    assert rail.asked().count("inquire") == 3


@pytest.mark.shows("F17")
async def test_two_recoveries_take_turns(desk: Desk):
    """Claimed by lease: each instruction is asked about once, whoever sweeps."""
    world, rail = world_of(desk, authorize=[SILENT], inquire=[YES])
    for _ in range(6):
        await world.pay()
    await world.database.execute(DUE, SCOPE, 60)
    await asyncio.gather(*(recovery.sweep(desk) for _ in range(4)))
    assert rail.asked().count("inquire") == 6
    assert await world.value("select count(*) from postings") == 12


class Hanging(Scripted):
    async def inquire(self, envelope: Envelope, deadline: Deadline) -> Word:
        self.said("inquire", envelope)
        await asyncio.Event().wait()
        raise AssertionError("it never ends")


@pytest.mark.shows("F21")
async def test_a_rail_that_hangs_holds_up_only_its_own(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """Of an account that does not answer one handful is asked about; all that waits for another is recovered beside it."""
    world, rail = world_of(desk, authorize=[SILENT], inquire=[YES])
    many = recovery.AT_ONCE + 3
    for _ in range(2 * many):
        await world.pay()
    desk.rails["ra_2"] = hanging = Hanging(inquire=[YES])
    await world.database.execute(DUE, SCOPE, 60)
    half = "update instructions set rail = 'ra_2' where id in (select id from instructions order by id limit $1)"
    await world.database.execute(half, many)
    monkeypatch.setattr(limits, "RAIL_SECONDS", 3.0)
    monkeypatch.setattr(limits, "RECOVERY_TURN", 2.5)
    await recovery.sweep(desk)
    assert (rail.asked().count("inquire"), hanging.asked().count("inquire")) == (many, recovery.AT_ONCE)


@pytest.mark.shows("F13", "F17")
async def test_recovery_keeps_off_a_lease_that_is_not_over(desk: Desk):
    """Slow is not dead."""
    world, rail = world_of(desk)
    rail.hold.clear()
    paying = asyncio.ensure_future(world.pay())
    await rail.asked_once.wait()
    assert await recovery.sweep(desk) == 0
    rail.hold.set()
    assert (await paying)["status"] == "succeeded"


@pytest.mark.shows("F28")
async def test_a_poisoned_one_stops_no_other_and_is_shown_once(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """It is taken up after longer and longer pauses, then a person is told; the others are recovered."""
    world, _ = world_of(desk, authorize=[SILENT], inquire=[YES])
    intents = [await world.pay() for _ in range(4)]
    poisoned = (await instruction(world)).subject
    decide = settling.DECIDE["authorize"]

    def or_fail(rows: Any, *rest: Any) -> Any:
        if rows["intent"].id == poisoned:
            raise ZeroDivisionError
        return decide(rows, *rest)

    monkeypatch.setitem(settling.DECIDE, "authorize", or_fail)
    await sweep(world)
    assert [await status(world, intent) for intent in intents] == ["succeeded"] * 3 + ["processing"]
    before = await instruction(world)
    assert before.until > clock.micros()
    await sweep(world, len(leases.PAUSES))
    assert (await instruction(world)).tries > before.tries
    assert await discrepancies(world) == ["poisoned"]


async def test_a_check_of_a_card_that_is_not_answered_is_taken_back(desk: Desk):
    """B-5.62: its caller heard a refusal, so no later word may attach the card."""
    world, rail = world_of(desk, authorize=[Pending()], inquire=[YES])
    customer = await world.call(attaching.CREATE_CUSTOMER, {"email": "buyer@shop.example"})
    answer = await world.call(attaching.ATTACH, {"customer": customer["id"]}, payment_method="pm_card_visa")
    assert "error" in answer
    await sweep(world, 2)
    assert rail.asked() == ["authorize", "reverse"]
    assert await world.value("select state from payment_methods") == "fresh"


@pytest.mark.shows("F13")
async def test_a_lease_is_renewed_before_anything_is_sent_again(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """F13: the inquiry may have used it up; whoever cannot take another sends nothing."""
    world, rail = world_of(desk, inquire=[NotFound()], capture=[SILENT])
    await world.take(await world.hold(1000))
    write = recovery.write

    async def lost(desk: Desk, case: Any, after: Instruction, new: Any = ()) -> Any:
        assert after.until > clock.micros()
        await write(desk, case, replace(after, token="tk_other"), new)
        return None

    monkeypatch.setattr(recovery, "write", lost)
    await sweep(world)
    assert rail.asked() == ["authorize", "capture", "inquire"]


def test_a_refund_moves_once():
    """F18: the table of moves has no way back but by a return."""
    back = {move for move in refunds.MOVES if move[0] == "succeeded"}
    assert back == {("succeeded", "failed")}
    assert refunds.MOVES["succeeded", "failed"].by == "return"


def test_unknown_is_never_no():
    """A word that says nothing leaves the instruction open."""
    open_one = Instruction("ask_1", 1, 1, "pi_1", "capture", "open", "sandbox", "1-ask_1", "tk_1", 1, 0, None, {}, None, {})
    for word in (SILENT, Unknown("?", said=LIED), Pending(), NotSent("down")):
        assert settling.heard_of(open_one, word).state == "open"


@pytest.mark.shows("F17", "F25")
async def test_a_canceled_refund_is_told_as_canceled(desk: Desk):
    """Recovery hears of the canceling at the bank before the call that canceled has settled: canceled, not failed."""
    world, rail = world_of(desk, refund=[Pending()], inquire=[Declined(CANCELED)])
    refund = await world.refund(await world.pay(), 400)
    assert refund["status"] == "pending"
    rail.hold.clear()
    rail.asked_once.clear()
    canceling = asyncio.create_task(world.call(refunds.CANCEL, refund=refund["id"]))
    await rail.asked_once.wait()
    await world.database.execute("update instructions set until = 1 where verb = 'refund'")
    await recovery.sweep(world.desk)
    rail.hold.set()
    assert (await canceling)["status"] == "canceled"
    assert await world.value("select status from refunds where id = $1", refund["id"]) == "canceled"
    assert "refund.failed" not in await world.events()
    assert await discrepancies(world) == []


@pytest.mark.shows("F12", "F25")
async def test_an_approval_that_came_back_meanwhile_is_no_news(desk: Desk):
    """Recovery hears that a refund came back; its sender, who was stopped, then says that it was approved: nobody is called."""
    world, rail = world_of(desk, refund=[YES], inquire=[Returned("expired_or_canceled_card")])
    paid = await world.pay()
    rail.hold.clear()
    rail.asked_once.clear()
    refunding = asyncio.create_task(world.refund(paid, 400))
    await rail.asked_once.wait()
    await sweep(world)
    rail.hold.set()
    assert (await refunding)["status"] == "failed"
    assert await discrepancies(world) == []


async def test_looks_out_of_turn_are_no_tries(desk: Desk):
    """Notices about something that the bank does not know make recovery ask, not give up sooner (F19)."""
    world, _ = world_of(desk, authorize=[SILENT], inquire=[NotFound()], late_horizon=1_000_000.0)
    await world.pay()
    await sweep(world)
    before = (await instruction(world)).tries
    for number in range(10):
        row = await instruction(world)
        later = row.until + 1
        await world.database.execute("update instructions set until = $1 where id = $2", later, row.id)
        heard = notices.Heard("sandbox", number, row.reference, "outcome", clock.seconds(), 1)
        await notices.apply(world.desk, heard)
        await world.database.execute("update instructions set until = 1 where id = $1", row.id)
        await recovery.sweep(world.desk)
    assert (await instruction(world)).tries == before
