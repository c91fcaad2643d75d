"""What all parts of one seed's world stand on: loop, tape, story, database, bank; and the life and death of our processes."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from simulation.bank import Bank
from simulation.ground import Ground
from simulation.loop import ABOUT, CURRENT, EFFECT, Loop, Process
from simulation.story import Story
from simulation.tape import Tape
from sluice.core.settings import read_settings
from sluice.rules.plans import Terms

BEGINS = 1_900_000_000.0  # a day of 2030: virtual time is the database's
HORIZONS = (5.0, 20.0)  # seconds within which a message arrives, or never: one for a seed
SETTLES_AFTER = 20
DEATHS = ("dies before", "dies after", "stops before")


class Stage:
    """The parts that stand on it are set by the world; they know it, and one another through it."""

    lines: Any
    shop: Any
    receiver: Any
    wire: Any

    def __init__(self, ground: Ground, seed: int, tape: Tape, loop: Loop) -> None:
        self.ground, self.server, self.provider = ground, ground.server, ground.provider
        self.seed, self.tape, self.loop = seed, tape, loop
        loop.now = BEGINS
        self.story = Story(lambda: loop.now - BEGINS)
        self.settings = read_settings(data=ground.home, database_url="")
        self.terms, kind = Terms(settles_after=SETTLES_AFTER), random.Random(f"{seed} bank")
        self.late_horizon = kind.choice(HORIZONS)
        self.bank = Bank(kind.random() < 0.5, loop.time, loop.outside)
        self.story.seen[f"bank: a reversal {'blocks' if self.bank.blocks else 'does not block'} a later original"] += 1
        self.nodes: list[Any] = []
        self.dead: list[Process] = []
        self.transactions: dict[Any, Process | None] = {}  # connections with one open, and whose it is
        self.written = BEGINS
        self.known: set[str] = set()  # events that are committed
        self.troubles: list[tuple[str, str, BaseException]] = []
        self.scope, self.merchant = 0, ""

    def left(self) -> str:
        if self.lines.coming:
            return f"{self.lines.coming} messages far behind"
        return self.ground.left(self.scope, len(self.bank.notices))

    def calm(self) -> float:
        """Seconds since something was written."""
        return self.loop.now - self.written

    async def effect(self, name: str, do: Callable[[], Awaitable[object]]) -> object:
        """The hook of core.faults: around every effect its process may die, or be stopped for a while."""
        process = CURRENT.get()
        if process is None:
            return await do()
        fate, how = self.tape.pick("death", f"death {ABOUT.get() or process.name} {name}", DEATHS)
        if fate == "stops before":
            self.stopped(process, name, how * 40)
            await asyncio.sleep(0)
        if fate == "dies before":
            await self.death(process, f"{process.name} dies before {name}{about()}")
        mark = EFFECT.set(name)
        try:
            done = await do()
        finally:
            EFFECT.reset(mark)
        if name.startswith("store."):
            if name != "store.sequence":  # which may have found nothing
                self.written = self.loop.now
            self.story.say(f"{process.name}: {name}{about()}")
        if fate == "dies after":
            await self.death(process, f"{process.name} dies after {name}{about()}")
        return done

    async def death(self, process: Any, told: str) -> None:
        self.story.odd(told)
        self.story.seen[f"death: {process.kind} {told.split()[2]} {told.split()[3].partition('.')[0]}"] += 1
        self.died(process)
        await self.loop.create_future()

    def died(self, process: Any, again: bool = True) -> None:
        """Its lines break, its transactions are rolled back, whoever waited for it hears so; another is started `again`."""
        if not process.alive:
            return
        process.alive = False
        self.dead.append(process)
        for connection in [each for each, whose in self.transactions.items() if whose is process]:
            self.ended(connection, "rollback")
        for line in [each for each in self.lines.open if each.process is process]:
            line.cut()
        for answer in process.watched:
            self.loop.outside(0.005, broken, answer)
        if again:
            self.loop.outside(1.0, self.replace, process)

    def replace(self, process: Any) -> None:
        self.nodes[self.nodes.index(process)] = type(process)(self, process.number)

    def stopped(self, process: Any, name: str, seconds: float) -> None:
        self.story.odd(f"{process.name} is stopped for {seconds:.0f} s before {name}{about()}")
        self.story.seen["process: stopped"] += 1
        process.stopped = True
        self.loop.outside(seconds, self.loop.go_on, process)

    def ended(self, connection: Any, how: str) -> None:
        if self.transactions.pop(connection, connection) is connection:
            return
        real, connection.open = connection.open, None
        self.server.end(real, how)
        self.server.give(real, connection.pool.writes)

    def troubled(self, who: str, what: str, error: BaseException) -> None:
        self.troubles.append((who, what, error))
        self.story.say(f"{who} has trouble with {what}: {type(error).__name__}")

    def committed(self, event: str) -> bool:
        if event not in self.known:
            self.known = self.ground.events(self.scope)
        return event in self.known


def about() -> str:
    return f" ({ABOUT.get()})" if ABOUT.get() else ""


def broken(answer: asyncio.Future[Any]) -> None:
    if not answer.done():
        answer.set_exception(ConnectionResetError())
