"""What the contract suite needs of a rail's other side: cards that behave, weather on order, a look into its book."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import msgspec

from sluice.core.ids import new_id
from sluice.core.money import Money
from sluice.core.secrets import Secret
from sluice.rails import caller
from sluice.rails.outcomes import Approved, Outcome, Word
from sluice.rails.sandbox import Sandbox
from sluice.rails.types import Authorize, Capture, Card, Deadline, Envelope, Rail, Refund, Void

LATE = 0.4  # by which the bank's late answers are late
REFUND = 0.3  # until its slow refunds arrive
SHORT = 0.2  # patience of a test that expects no answer
LONG = 10.0  # patience of a test that expects one


class Bench(Protocol):
    """One rail before its other side. `booked` is the other side's own record of a reference, None if it has none."""

    late: asyncio.Queue[tuple[str, Word]]  # what came after its deadline

    @property
    def rail(self) -> Rail: ...

    def card(self, kind: str = "good") -> Card: ...

    async def order(self, verb: str, weather: str, times: int = 1) -> None: ...

    async def booked(self, reference: str) -> dict[str, Any] | None: ...


class BankProcess:
    """The sandbox's bank as an operator runs it. Stopped by its pid, and started again on the same book and port."""

    def __init__(self, book: Path) -> None:
        self.book, self.port = book, 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "sluice.simulators.bank", "--book", str(self.book), "--port", str(self.port)]
        command += ["--refund-seconds", str(REFUND), "--late-seconds", str(LATE)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.port = int(self.process.stdout.readline().rpartition(":")[2])

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()


CARDS = {
    "good": "4242424242424242",
    "slow refund": "4000000000007726",
    "refund comes back": "4000000000005126",
    "generic_decline": "4000000000000002",
    "insufficient_funds": "4000000000009995",
    "lost_card": "4000000000009987",
    "stolen_card": "4000000000009979",
    "expired_card": "4000000000000069",
    "incorrect_cvc": "4000000000000127",
    "processing_error": "4000000000000119",
    "card_velocity_exceeded": "4000000000006975",
    "fraudulent": "4100000000000019",
    "challenge": "4000002760003184",
    "challenge, no funds": "4000008260003178",
}


class SandboxBench:
    def __init__(self, bank: BankProcess) -> None:
        self.bank = bank
        self.late: asyncio.Queue[tuple[str, Word]] = asyncio.Queue()
        self.rail = Sandbox("127.0.0.1", bank.port, late_horizon=1.0, on_late=lambda *heard: self.late.put_nowait(heard))
        self.asides = Sandbox("127.0.0.1", bank.port)  # a line of its own, that no weather cuts

    def card(self, kind: str = "good") -> Card:
        return Card(Secret(CARDS[kind]), 12, 2040, Secret("123"))

    async def order(self, verb: str, weather: str, times: int = 1) -> None:
        fields = {"on": verb, "weather": weather, "times": times}
        said = await self.asides.line.exchange("weather", "", fields, Deadline.after(LONG))
        assert said.word == "done"

    async def booked(self, reference: str) -> dict[str, Any] | None:
        """Through the bank's test door, whose answers the rail's words do not have."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.bank.port, limit=1 << 24)
        writer.write(msgspec.json.encode({"id": 1, "verb": "book", "reference": reference}) + b"\n")
        records = msgspec.json.decode(await reader.readline())["said"].get("records", [])
        writer.close()
        return next(iter(records), None)

    async def close(self) -> None:
        await self.rail.close()
        await self.asides.close()


def authorize(bench: Bench, amount: int = 1000, **how: Any) -> Envelope:
    ask = Authorize(Money(amount, "usd"), **({"capture": False} | how))
    return bench.rail.prepare(ask, new_id("a"))


def after(bench: Bench, kind: type[Capture] | type[Void] | type[Refund], original: Envelope, amount: int = 1000) -> Envelope:
    return bench.rail.prepare(kind(Money(amount, "usd"), original.reference), new_id(kind.__name__[0].lower()))


async def ask(bench: Bench, envelope: Envelope, kind: str = "good", seconds: float = LONG) -> Outcome:
    card = bench.card(kind) if envelope.verb == "authorize" else None
    return await caller.ask(bench.rail, envelope, card, seconds)


async def paid(bench: Bench, kind: str = "good", **how: Any) -> Envelope:
    """A sale that stands."""
    envelope = authorize(bench, **({"capture": True} | how))
    assert isinstance(await ask(bench, envelope, kind), Approved)
    return envelope


async def found_again(bench: Bench) -> None:
    """Asks until the rail has seen that its line broke, and has a new one."""
    for _ in range(100):
        if isinstance(await ask(bench, authorize(bench), seconds=SHORT), Approved):
            return
    raise AssertionError("the rail never found its other side again")
