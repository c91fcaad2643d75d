"""One seed's world: our processes, the bank, the shop and its receiver, on one virtual loop, over the real PostgreSQL."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import warnings
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from time import perf_counter
from typing import Any, cast

import structlog
from msgspec import Struct

import sluice.core.clock
import sluice.core.ids
from simulation.books import Difference, compared
from simulation.ground import Ground
from simulation.line import Lines
from simulation.loop import CURRENT, Loop
from simulation.nodes import REST_LEAST, REST_MOST, Api, Servers, Worker
from simulation.planted import planted
from simulation.pool import Pool
from simulation.receiver import Receiver
from simulation.shop import Shop
from simulation.stage import Stage
from simulation.story import Line
from simulation.tape import Choice, Tape
from simulation.wire import Wire
from sluice.core import faults
from sluice.core.clock import Clock
from sluice.merchants import accounts, keys
from sluice.payments import money_path, notices
from sluice.store.database import Database
from sluice.store.facts import Fact
from sluice.worker import delivery

QUIET_MOST = 2 * 3_600.0  # virtual seconds within which recovery must have nothing left to ask
LOOK_MOST = 120.0  # virtual seconds more between two looks, the longer nothing is written


class Result(Struct):
    seed: int
    differences: list[Difference]
    lines: list[Line]
    hash: str
    odd: dict[Choice, float]
    seen: Mapping[str, int]
    payments: list[int]
    suspects: set[int]  # the payments that the differences are about
    seconds: float


class Clocks(Clock):
    """A clock for each process, over one machine's."""

    @property
    def base(self) -> float:
        process = CURRENT.get()
        return process.base if process else 0.0

    @base.setter
    def base(self, base: float) -> None:
        if process := CURRENT.get():
            process.base = base


class World(Stage):
    def __init__(
        self, ground: Ground, seed: int, payments: list[int], only: Mapping[Choice, float] | None = None, plant: str = ""
    ) -> None:
        tape = Tape(seed, only)
        loop: Loop = Loop(tape, self.connected)  # type: ignore[abstract]  # it has what asyncio asks of one
        super().__init__(ground, seed, tape, loop)
        self.plant = plant
        self.lines, self.shop = Lines(self, self.bank), Shop(self, seed, payments)
        self.receiver, self.wire = Receiver(self), Wire(self)

    def connected(self, factory: Any) -> Any:
        return self.lines.connect(factory)

    # the life of one seed

    def run(self) -> Result:
        began = perf_counter()
        with self.ours(), planted(self.plant, self):
            differences = self.loop.run(self.life())
        story, took = self.story, perf_counter() - began
        suspects = {number for one in differences for number in self.shop.about(one.about)}
        odd, payments = self.tape.odd, self.shop.payments
        return Result(self.seed, differences, story.lines, story.hash, odd, story.seen, payments, suspects, took)

    async def life(self) -> list[Difference]:
        self.tape.quiet = True
        self.merchant, self.scope, self.shop.key = await merchant(self)
        self.nodes = [Api(self, 1), Api(self, 2), Worker(self, 1), Worker(self, 2)]
        await asyncio.sleep(0.5)
        await self.shop.open()
        self.tape.quiet = False
        await self.shop.trade()
        await self.fall_quiet()
        return await compared(self)

    async def fall_quiet(self) -> None:
        """Faults stop; time runs on until every call is answered and nothing is due any more."""
        self.story.say("faults stop")
        self.tape.quiet = True
        self.lines.down_until = 0
        await self.shop.settle_up()
        for node in self.nodes[:-1]:  # one worker is enough for what is left
            self.died(node, again=False)
        ends = self.loop.now + QUIET_MOST
        while self.loop.now < ends and (left := self.left()):
            self.story.effect(left)
            await asyncio.sleep(2.0 + min(self.calm() / 10, LOOK_MOST))
        self.story.say("all is quiet" if not self.left() else f"still open after hours: {self.left()}")
        self.nodes[0] = Api(self, 1)

    def logged(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> Any:
        """Nothing is printed; a defect that the program logs is trouble."""
        process, error = CURRENT.get(), event.get("exc_info")
        if method == "error" and isinstance(error, BaseException) and process:
            self.troubled(process.name, str(event["event"]), error)
        raise structlog.DropEvent

    @contextmanager
    def ours(self) -> Iterator[None]:
        """Clock, ids, jitter and the hook are this world's while it runs."""
        seeded = random.Random(f"{self.seed} ids")
        random.seed(f"{self.seed} jitter")
        clock, ids = sluice.core.clock, cast(Any, sluice.core.ids)
        kept = clock.machine, ids.urandom, faults.hook, type(clock.clock), delivery.POLL, notices.LISTEN_SECONDS
        clock.machine, ids.urandom, faults.hook = self.loop.time, seeded.randbytes, self.effect
        clock.clock.__class__ = Clocks
        structlog.configure(processors=[self.logged])
        delivery.POLL, notices.LISTEN_SECONDS = REST_LEAST, REST_MOST
        ids._last = money_path._waiters = 0
        try:
            yield
        finally:
            for node in (*self.nodes, *self.dead):
                node.alive = False
            for connection in list(self.transactions):
                self.ended(connection, "rollback")
            self.story.seen["database: lock_timeout"] += self.server.struck
            self.server.struck = 0
            self.ground.forget(self.merchant)
            clock.machine, ids.urandom, faults.hook, clock.clock.__class__, delivery.POLL = kept[:5]
            notices.LISTEN_SECONDS = kept[5]


async def merchant(world: World) -> tuple[str, int, str]:
    """A fresh merchant: its id, its test scope, and its secret key in clear."""
    lanes, readers, beside = (Pool(world, 1, writes, 1.0) for writes in (True, False, True))
    database = Database(lanes, readers, beside, cast(Any, Servers()))
    id = await accounts.add(database, "A shop")
    scope = await accounts.scope_of(database, id, livemode=False)
    text, row = keys.make("sk", False, int(world.loop.now))
    assert await database.write(Fact("key.create", scope, row.id, new=(row,)))
    return id, scope, str(text)


def simulate(
    ground: Ground, seed: int, payments: list[int], only: Mapping[Choice, float] | None = None, plant: str = ""
) -> Result:
    """One seed, from its merchant's first breath to the comparison of the books."""
    with buried():
        return World(ground, seed, payments, only, plant).run()


def unheard(logger: Any, method: str, event: MutableMapping[str, Any]) -> Any:
    raise structlog.DropEvent


@contextmanager
def buried() -> Iterator[None]:
    """What died inside is taken apart only here, in silence: a dead process says nothing and cleans nothing up."""
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        kept, sys.unraisablehook = sys.unraisablehook, lambda _: None
        with warnings.catch_warnings(action="ignore"):
            structlog.configure(processors=[unheard])
            while gc.collect():  # what was told to end may have looked around once more
                pass
        sys.unraisablehook = kept
        structlog.reset_defaults()
        gc.enable()
