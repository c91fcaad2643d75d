"""The one caller: whatever a rail does, one word comes back, in time, and only a right echo is an approval."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core import faults, limits
from sluice.core.errors import Unavailable
from sluice.core.money import Money
from sluice.core.outside import InsideTransaction, in_transaction
from sluice.rails import caller
from sluice.rails.outcomes import Approved, Declined, NotFound, NotSent, Outcome, Pending, Returned, Unknown, Word
from sluice.rails.sandbox import Sandbox
from sluice.rails.types import Abilities, Ask, Card, Deadline, Envelope, Notice, Rail

ENVELOPE = Envelope("authorize", "r1", Money(1000, "usd"), {})
RIGHT = Approved(1000, "usd", "r1")
SOON = 0.05


class Scripted:
    """A rail that does one thing, whatever it is asked."""

    name = "scripted"
    can: Abilities = Sandbox("127.0.0.1", 1).can

    def __init__(self, does: Callable[[], Awaitable[Any]]) -> None:
        self.does, self.asked = does, 0

    def prepare(self, ask: Ask, reference: str) -> Envelope:
        return ENVELOPE

    async def send(self, envelope: Envelope, card: Card | None, deadline: Deadline) -> Outcome:
        return cast(Outcome, await self.do())

    async def inquire(self, envelope: Envelope, deadline: Deadline) -> Word:
        return cast(Word, await self.do())

    async def reverse(self, envelope: Envelope, deadline: Deadline) -> Outcome:
        return cast(Outcome, await self.do())

    async def watch(self, after: int, deadline: Deadline) -> list[Notice]:
        return cast(list[Notice], await self.do())

    async def close(self) -> None:
        return None

    async def do(self) -> Any:
        self.asked += 1
        return await self.does()


def saying(word: object) -> Scripted:
    async def does() -> object:
        return word

    return Scripted(does)


async def raises() -> None:
    raise KeyError("4242424242424242")


async def hangs() -> None:
    await asyncio.sleep(60)


async def ignores_being_cancelled() -> None:
    until = asyncio.get_running_loop().time() + 1.0
    while (left := until - asyncio.get_running_loop().time()) > 0:
        try:
            await asyncio.sleep(left)
        except asyncio.CancelledError:
            continue


async def is_cancelled() -> None:
    raise asyncio.CancelledError


async def says_junk() -> object:
    return {"status": "approved"}


ASKS: dict[str, Callable[[Rail], Awaitable[Word]]] = {
    "ask": lambda rail: caller.ask(rail, ENVELOPE, None, SOON),
    "inquire": lambda rail: caller.inquire(rail, ENVELOPE, SOON),
    "reverse": lambda rail: caller.reverse(rail, ENVELOPE, SOON),
}
every_ask = pytest.mark.parametrize("asks", ASKS.values(), ids=ASKS)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "GRACE", 0.0)
    monkeypatch.setattr(caller, "PAUSE", 0.0)


@every_ask
@pytest.mark.parametrize("does", [raises, hangs, ignores_being_cancelled, is_cancelled, says_junk])
@pytest.mark.shows("F21")
async def test_what_was_not_foreseen_is_unknown(
    asks: Callable[[Rail], Awaitable[Word]], does: Callable[[], Awaitable[Any]]
) -> None:
    """At one place, within the deadline, and without what the error said: it may hold a card."""
    said = await asyncio.wait_for(asks(Scripted(does)), 0.8)
    assert isinstance(said, Unknown)
    assert "4242" not in said.why


@every_ask
@pytest.mark.parametrize("word", [RIGHT, Declined("lost_card"), Pending(), Unknown("?")])
async def test_a_word_is_handed_on(asks: Callable[[Rail], Awaitable[Word]], word: Word) -> None:
    assert await asks(saying(word)) == word


@pytest.mark.parametrize("word", [NotFound(), Returned("lost")])
async def test_what_only_an_inquiry_hears(word: Word) -> None:
    assert await caller.inquire(saying(word), ENVELOPE, SOON) == word
    assert isinstance(await caller.ask(saying(word), ENVELOPE, None, SOON), Unknown)
    assert isinstance(await caller.reverse(saying(word), ENVELOPE, SOON), Unknown)


@pytest.mark.shows("F13")
async def test_an_inquiry_that_did_not_leave_says_nothing_of_the_payment() -> None:
    assert isinstance(await caller.inquire(saying(NotSent("refused")), ENVELOPE, SOON), Unknown)
    assert isinstance(await caller.ask(saying(NotSent("refused")), ENVELOPE, None, SOON), NotSent)


echoes = st.builds(
    Approved,
    st.sampled_from([1000, 999, 1001, 0, None]),
    st.sampled_from(["usd", "eur", "USD", None]),
    st.sampled_from(["r1", "r2", "", None]),
)


@given(echoes)
@pytest.mark.shows("F20")
def test_only_the_right_echo_is_an_approval(said: Approved) -> None:
    """Another amount, currency or reference, or none, is kept as what was said, and believed by nobody."""
    word = caller.compared(said, ENVELOPE)
    if said == RIGHT:
        assert word is said
    else:
        assert isinstance(word, Unknown)
        assert word.said == said


@every_ask
@pytest.mark.shows("F20")
async def test_every_answer_is_compared(asks: Callable[[Rail], Awaitable[Word]]) -> None:
    assert isinstance(await asks(saying(Approved(999, "usd", "r1"))), Unknown)


@every_ask
async def test_no_rail_is_asked_inside_a_transaction(asks: Callable[[Rail], Awaitable[Word]]) -> None:
    """Law 4: our defect, so it is raised, and nothing has left."""
    rail = saying(RIGHT)
    mark = in_transaction.set(True)
    try:
        with pytest.raises(InsideTransaction):
            await asks(rail)
        with pytest.raises(InsideTransaction):
            await caller.watch(rail, 0, SOON)
    finally:
        in_transaction.reset(mark)
    assert rail.asked == 0


async def test_the_gate_names_each_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    async def hook(name: str, do: Callable[[], Awaitable[object]]) -> object:
        names.append(name)
        return await do()

    monkeypatch.setattr(faults, "hook", hook)
    for asks in ASKS.values():
        await asks(saying(RIGHT))
    assert names == ["rail.authorize", "rail.inquire", "rail.reverse"]


async def test_an_answer_lost_at_the_gate_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hook(name: str, do: Callable[[], Awaitable[object]]) -> object:
        await do()
        raise faults.AnswerLost(name)

    monkeypatch.setattr(faults, "hook", hook)
    rail = saying(RIGHT)
    assert isinstance(await caller.ask(rail, ENVELOPE, None, SOON), Unknown)
    assert rail.asked == 1


async def test_a_caller_that_is_cancelled_cancels_the_rail() -> None:
    ended = asyncio.Event()

    async def does() -> None:
        try:
            await hangs()
        finally:
            ended.set()

    asking = asyncio.ensure_future(caller.ask(Scripted(does), ENVELOPE, None, 60))
    await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.wait_for(ended.wait(), 1)


def test_a_full_rail_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """B-1.43: refused before anything happened; one rail's crowd is not another's, and a place comes free."""
    monkeypatch.setattr(limits, "IN_FLIGHT", 2)
    rail, other = saying(RIGHT), saying(RIGHT)
    with caller.room(rail), caller.room(rail):
        with pytest.raises(Unavailable) as refused, caller.room(rail):
            pass
        assert (refused.value.status, refused.value.retry) == (503, True)
        with caller.room(other):
            pass
    with pytest.raises(RuntimeError, match="broken"), caller.room(rail):
        raise RuntimeError("broken")
    with caller.room(rail), caller.room(rail):
        pass


@pytest.mark.parametrize("does", [raises, hangs, ignores_being_cancelled, is_cancelled, says_junk])
async def test_a_watch_that_fails_has_no_notices(does: Callable[[], Awaitable[Any]]) -> None:
    assert await caller.watch(Scripted(does), 0, SOON) == []


async def test_notices_are_handed_on() -> None:
    notices = [Notice(1, "r1", "outcome")]
    assert await caller.watch(saying(notices), 0, SOON) == notices
