"""The sandbox rail before the sandbox's bank: the contract, the bank's death, the buyer's challenge, what follows a payment."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sluice.core.money import Money
from sluice.rails import caller
from sluice.rails.outcomes import ActionRequired, Approved, Declined, NotSent, Unknown
from sluice.rails.sandbox import Sandbox
from sluice.rails.types import Authorize, Capture, Deadline, Refund
from tests.rails.bench import LONG, SHORT, BankProcess, SandboxBench, after, ask, authorize, found_again, paid
from tests.rails.contract import Contract


@pytest.fixture
async def bench(sandbox: SandboxBench) -> SandboxBench:
    return sandbox


class TestSandbox(Contract):
    """The suite that every rail passes."""


@pytest.fixture
async def mortal(tmp_path: Path) -> AsyncIterator[SandboxBench]:
    """A bank of the test's own, to be killed."""
    process = BankProcess(tmp_path)
    bench = SandboxBench(process)
    yield bench
    await bench.close()
    process.kill()


async def test_a_killed_bank_keeps_its_book(mortal: SandboxBench) -> None:
    """What it has answered it knows when it comes back, and the rail finds it again by itself."""
    hold, sale = await paid(mortal, capture=False), await paid(mortal)
    refund, gone = after(mortal, Refund, sale, 400), authorize(mortal)
    said = await ask(mortal, refund)
    await caller.reverse(mortal.rail, gone, LONG)
    mortal.bank.kill()
    assert isinstance(await ask(mortal, authorize(mortal), seconds=SHORT), NotSent | Unknown)
    mortal.bank.start()

    assert await ask(mortal, refund) == said
    book = await mortal.booked(sale.reference)
    assert book
    assert (book["captured"], book["refunded"]) == (1000, 400)
    assert isinstance(await ask(mortal, after(mortal, Capture, hold)), Approved)
    assert isinstance(await ask(mortal, gone), Declined)


async def test_a_bank_killed_under_load_forgets_nothing_it_said(mortal: SandboxBench) -> None:
    envelopes = [authorize(mortal) for _ in range(400)]
    asking = [asyncio.ensure_future(ask(mortal, envelope)) for envelope in envelopes]
    await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    mortal.bank.kill()
    said = await asyncio.gather(*asking)
    mortal.bank.start()
    heard = [envelope for envelope, word in zip(envelopes, said, strict=True) if isinstance(word, Approved)]
    assert heard
    for envelope in heard:
        assert isinstance(await caller.inquire(mortal.rail, envelope, LONG), Approved)


async def test_a_line_not_written_whole_is_cut_off(mortal: SandboxBench) -> None:
    sale = await paid(mortal)
    mortal.bank.kill()
    with (mortal.bank.book / "journal").open("ab") as journal:
        journal.write(b'{"type":"Booked","at":1')
    mortal.bank.start()
    await found_again(mortal)  # written after the cut, not behind half a line
    mortal.bank.kill()
    mortal.bank.start()
    assert await mortal.booked(sale.reference)


@pytest.mark.shows("F13")
async def test_nobody_there_is_not_sent(mortal: SandboxBench) -> None:
    """Refused: not one byte left. An inquiry that did not leave tells nothing about the payment."""
    mortal.bank.kill()
    nobody, nowhere = Sandbox("127.0.0.1", mortal.bank.port), Sandbox("no..host", 9)
    envelope = authorize(mortal)
    assert isinstance(await caller.ask(nobody, envelope, mortal.card(), SHORT), NotSent)
    assert isinstance(await caller.ask(nowhere, envelope, mortal.card(), SHORT), NotSent)
    assert isinstance(await caller.inquire(nobody, envelope, SHORT), Unknown)
    assert await caller.watch(nobody, 0, SHORT) == []
    mortal.bank.start()


@pytest.mark.shows("F13")
async def test_past_its_deadline_nothing_leaves(bench: SandboxBench) -> None:
    await paid(bench)  # there is a line
    envelope = authorize(bench)
    assert isinstance(await bench.rail.send(envelope, bench.card(), Deadline.after(-1)), NotSent)
    assert await bench.booked(envelope.reference) is None


async def challenged(bench: SandboxBench, kind: str = "challenge", answer: str | None = "complete") -> str:
    said = await ask(bench, authorize(bench), kind)
    assert isinstance(said, ActionRequired)
    if answer:
        assert await bench.rail.answer_challenge(said.challenge, answer, Deadline.after(LONG)) == answer
    return said.challenge


@pytest.mark.parametrize(
    ("kind", "answer", "reason"),
    [
        ("challenge", "complete", None),
        ("challenge", "fail", "authentication_failed"),
        ("challenge", None, "authentication_required"),
        ("challenge, no funds", "complete", "insufficient_funds"),
    ],
)
async def test_after_the_challenge(bench: SandboxBench, kind: str, answer: str | None, reason: str | None) -> None:
    """B-5.11, B-6.8: passed, the card decides; failed or not answered, there is no payment."""
    challenge = await challenged(bench, kind, answer)
    said = await ask(bench, authorize(bench, authentication=challenge), kind)
    if reason is None:
        assert isinstance(said, Approved)
        assert said.details.authenticated == "challenge"
    else:
        assert isinstance(said, Declined)
        assert said.reason == reason


@pytest.mark.shows("F27")
@pytest.mark.parametrize("how", ["used", "another sum", "another card", "unknown", "reversed"])
async def test_a_challenge_is_good_for_one_payment(bench: SandboxBench, how: str) -> None:
    """Bound to card, amount and currency; used once."""
    first = authorize(bench)
    said = await ask(bench, first, "challenge")
    assert isinstance(said, ActionRequired)
    await bench.rail.answer_challenge(said.challenge, "complete", Deadline.after(LONG))
    if how == "used":
        assert isinstance(await ask(bench, authorize(bench, authentication=said.challenge), "challenge"), Approved)
    if how == "reversed":
        await caller.reverse(bench.rail, first, LONG)
    amount = 999 if how == "another sum" else 1000
    kind = "challenge, no funds" if how == "another card" else "challenge"
    challenge = "challenge_none" if how == "unknown" else said.challenge
    again = await ask(bench, authorize(bench, amount, authentication=challenge), kind)
    assert isinstance(again, Declined)
    assert again.reason == "authentication_required"


@pytest.mark.shows("F27")
async def test_the_buyers_first_answer_counts(bench: SandboxBench) -> None:
    challenge = await challenged(bench, answer="fail")
    assert await bench.rail.answer_challenge(challenge, "complete", Deadline.after(LONG)) == "fail"
    assert await bench.rail.answer_challenge("challenge_none", "complete", Deadline.after(LONG)) is None


async def test_twice_is_noticed_twice(bench: SandboxBench) -> None:
    """B-6.9, by the message itself; a repeat of it meets no weather."""
    envelope = bench.rail.prepare(Authorize(Money(500, "usd"), False, weather="twice"), authorize(bench).reference)
    before = await bench.rail.watch(0, Deadline.after(0.5))
    assert isinstance(await ask(bench, envelope), Approved)
    assert isinstance(await ask(bench, envelope), Approved)
    notices = await bench.rail.watch(len(before), Deadline.after(0.5))
    assert [notice.reference for notice in notices] == [envelope.reference] * 2


@pytest.mark.parametrize("weather", ["silent", "late", "wrong_amount", "down"])
async def test_weather_chosen_by_the_payment(bench: SandboxBench, weather: str) -> None:
    """B-6.9: once; what repeats the message is answered."""
    envelope = bench.rail.prepare(Authorize(Money(500, "usd"), False, weather=weather), authorize(bench).reference)
    assert isinstance(await ask(bench, envelope, seconds=SHORT), Unknown)
    assert isinstance(await ask(bench, envelope), Approved)
