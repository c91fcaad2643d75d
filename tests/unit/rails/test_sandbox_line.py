"""The line, before a scripted other side: frames go to their askers, what nobody asked for to nobody."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.money import Money
from sluice.core.secrets import Secret
from sluice.rails.outcomes import Approved, Declined, Outcome, Unknown, Word
from sluice.rails.sandbox import Sandbox
from sluice.rails.sandbox.line import Connection, Line
from sluice.rails.sandbox.rail import word
from sluice.rails.sandbox.words import Said
from sluice.rails.types import Authorize, Capture, Card, Deadline, Envelope

Script = Callable[[dict[str, Any]], list[Any]]


class Scripted:
    """Answers each message with the lines that `script` makes of it."""

    def __init__(self) -> None:
        self.script: Script = lambda ask: [right(ask)]
        self.heard: list[dict[str, Any]] = []
        self.lines: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.append(writer)
        while line := await reader.readline():
            self.heard.append(ask := json.loads(line))
            for answer in self.script(ask):
                writer.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode() + b"\n")
        writer.close()


def right(ask: dict[str, Any], **said: Any) -> dict[str, Any]:
    echo = {name: ask.get(name) for name in ("reference", "amount", "currency")}
    return {"id": ask["id"], "said": {"word": "approved"} | echo | said}


@pytest.fixture
async def scripted() -> AsyncIterator[tuple[Scripted, Sandbox, list[tuple[str, Word]]]]:
    other, late = Scripted(), list[tuple[str, Word]]()
    server = await asyncio.start_server(other.serve, "127.0.0.1", 0)
    rail = Sandbox("127.0.0.1", server.sockets[0].getsockname()[1], on_late=lambda *heard: late.append(heard))
    yield other, rail, late
    await rail.close()
    server.close()
    await server.wait_closed()


Bench = tuple[Scripted, Sandbox, list[tuple[str, Word]]]


def hold(rail: Sandbox, reference: str = "r1", amount: int = 1000) -> Envelope:
    return rail.prepare(Authorize(Money(amount, "usd"), capture=False), reference)


async def send(rail: Sandbox, envelope: Envelope, seconds: float = 5.0) -> Outcome:
    return await rail.send(envelope, Card(Secret("4242424242424242"), 12, 2040, Secret("123")), Deadline.after(seconds))


@pytest.mark.shows("F11")
async def test_frames_that_nobody_asked_for_are_counted(scripted: Bench) -> None:
    """Junk, an answer to no question, and a second answer: ignored; the right one is heard."""
    other, rail, late = scripted
    stray = {"id": 999, "said": {"word": "declined", "reason": "lost_card"}}
    other.script = lambda ask: [b"{{{\n", b'{"id":"x"}\n', stray, right(ask), right(ask)]
    assert isinstance(await send(rail, hold(rail)), Approved)
    assert isinstance(await send(rail, hold(rail, "r2")), Approved)
    assert rail.line.strays >= 7
    assert late == []


@pytest.mark.shows("F11")
@pytest.mark.parametrize("said", [{"word": "declined", "reason": "lost_card"}, {"word": "pending"}, {"word": "not_found"}])
@pytest.mark.parametrize("reference", ["r2", None])
async def test_a_word_about_another_message_is_no_word(scripted: Bench, said: dict[str, Any], reference: str | None) -> None:
    """Right number, wrong reference, or none."""
    other, rail, _ = scripted
    other.script = lambda ask: [right(ask, reference=reference, **said)]
    assert isinstance(await send(rail, hold(rail)), Unknown)


@pytest.mark.parametrize(
    "said", [{"word": "not_found"}, {"word": "returned"}, {"word": "done"}, {"word": "challenge"}, {"word": "x"}]
)
async def test_a_word_that_does_not_belong_is_unknown(scripted: Bench, said: dict[str, Any]) -> None:
    other, rail, _ = scripted
    other.script = lambda ask: [right(ask, **said)]
    assert isinstance(await send(rail, hold(rail)), Unknown)


async def test_many_answers_in_any_order(scripted: Bench) -> None:
    other, rail, _ = scripted
    held: list[dict[str, Any]] = []

    def at_the_end(ask: dict[str, Any]) -> list[Any]:
        held.append(right(ask))
        return held[::-1] if len(held) == 50 else []

    other.script = at_the_end
    said = await asyncio.gather(*(send(rail, hold(rail, f"r{n}")) for n in range(50)))
    assert [word.reference for word in said if isinstance(word, Approved)] == [f"r{n}" for n in range(50)]
    assert len(other.lines) == 1


async def test_an_answer_in_pieces(scripted: Bench) -> None:
    other, rail, _ = scripted
    other.script = lambda ask: [bytes([byte]) for byte in json.dumps(right(ask)).encode() + b"\n"]
    assert isinstance(await send(rail, hold(rail)), Approved)


async def test_a_broken_line_is_opened_again(scripted: Bench) -> None:
    """All that was in flight is unknown."""
    other, rail, _ = scripted

    def cut_at_the_third(ask: dict[str, Any]) -> list[Any]:
        if ask["reference"] == "r2":
            other.lines[0].transport.abort()
        return []

    other.script = cut_at_the_third
    said = await asyncio.gather(*(send(rail, hold(rail, f"r{n}")) for n in range(3)))
    assert [type(word) for word in said] == [Unknown] * 3
    other.script = lambda ask: [right(ask)]
    assert isinstance(await send(rail, hold(rail, "r9")), Approved)


@pytest.mark.shows("F12")
async def test_a_late_answer_is_handed_on_once(scripted: Bench) -> None:
    other, rail, late = scripted
    other.script = lambda ask: []
    assert isinstance(await send(rail, hold(rail), 0.02), Unknown)
    other.script = lambda ask: [right(other.heard[0]), right(other.heard[0]), right(ask)]
    assert isinstance(await send(rail, hold(rail, "r2")), Approved)
    assert [reference for reference, _ in late] == ["r1"]
    assert rail.line.strays == 1


async def test_the_envelope_has_no_card_and_the_wire_has(scripted: Bench) -> None:
    """What is not asked for is not sent, so that nothing is checked that the buyer did not give."""
    other, rail, _ = scripted
    envelope = hold(rail)
    assert "4242" not in repr(envelope)
    await send(rail, envelope)
    [heard] = other.heard
    assert heard["card"] == {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
    assert heard.keys().isdisjoint({"line1", "postal_code", "weather", "authentication", "initial"})


async def test_prepare_is_pure() -> None:
    """No line is opened for it."""
    rail = Sandbox("127.0.0.1", 1)
    ask = Capture(Money(500, "usd"), "r1")
    assert (
        rail.prepare(ask, "c1") == rail.prepare(ask, "c1") == Envelope("capture", "c1", Money(500, "usd"), {"original": "r1"})
    )


@given(st.lists(st.binary(max_size=60), max_size=10))
@pytest.mark.shows("F11")
def test_whatever_comes_down_the_line_raises_nothing(pieces: list[bytes]) -> None:
    line = Line("127.0.0.1", 1, lambda reference, said: None)
    connection = Connection(lambda frame: line.heard(connection, frame))
    for piece in pieces:
        connection.data_received(piece)
    assert line.strays == b"".join(pieces).count(b"\n")


def test_a_reason_of_the_message_is_kept_beside_the_code() -> None:
    """The bank's own word for it stands as the network's code."""
    assert word(Said("declined", reason="hold_expired")) == Declined("transaction_not_allowed", network_code="hold_expired")
