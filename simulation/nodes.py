"""Our processes: the API and the worker, the real ones, each with a desk, a clock and connections of its own.

What dies is started anew after a while, as a supervisor would, with nothing left of what it knew.
"""

import asyncio
from functools import partial
from typing import Any, ClassVar, cast

from msgspec.structs import replace

from simulation.loop import ABOUT, Process
from simulation.pool import Pool
from simulation.receiver import Sender
from simulation.stage import Stage
from sluice.api import server
from sluice.api.door import Door
from sluice.api.guard import Guard
from sluice.books.digests.closing import Closer
from sluice.books.keyring import Keyring
from sluice.books.vault.cards import Vault
from sluice.books.vault.cvcs import Cvcs
from sluice.core import limits
from sluice.core.clock import clock
from sluice.core.ids import new_id
from sluice.core.settings import Limits
from sluice.merchants.keys import Authenticator
from sluice.payments.desk import Desk
from sluice.rails.sandbox.rail import Sandbox
from sluice.store.database import Database
from sluice.worker import loops
from sluice.worker.delivery import Deliverer
from sluice.worker.listening import Listening
from sluice.worker.loops import Loop
from sluice.worker.main import every

HOUR = 3_600
# Seconds between two looks of a worker: a look costs real time, and waiting only virtual.
REST_LEAST, REST_MOST = 1.4, 300.0
BESIDE = ("auditing", "books", "digests", "heartbeat")  # what only watches
RAIL_FATES = ("raises", "hangs", "answers nonsense")


class Servers:
    """One primary, which stays it."""

    async def watch(self) -> None:
        await asyncio.get_running_loop().create_future()


class Rail(Sandbox):
    """The real rail; now and then it breaks in a way that no rail should (F21)."""

    def __init__(self, world: Stage) -> None:
        super().__init__("bank", 1, late_horizon=world.late_horizon)
        self.can = replace(self.can, reversal_blocks=world.bank.blocks)
        self.world = world

    async def ask(self, verb: str, reference: str, fields: dict[str, Any], deadline: Any) -> Any:
        fate, _ = self.world.tape.pick("ask", f"ask {verb} {self.world.lines.named(reference)}", RAIL_FATES)
        if fate:
            self.world.story.odd(f"our rail {fate} instead of asking the bank ({verb} of {self.world.lines.named(reference)})")
            self.world.story.seen[f"rail: {fate}"] += 1
        match fate:
            case "raises":
                raise ZeroDivisionError("a defect of the rail's")
            case "hangs":
                await asyncio.sleep(HOUR)
            case "answers nonsense":
                return "nonsense"
        return await super().ask(verb, reference, fields, deadline)


class Node(Process):
    """`up` is set when it works; `watched` are the clients' futures that break when it dies."""

    kind: ClassVar[str]

    def __init__(self, world: Stage, number: int) -> None:
        super().__init__(f"{self.kind}-{number}")
        self.world, self.number, self.up = world, number, False
        self.watched: set[asyncio.Future[Any]] = set()
        odd, how = world.tape.pick("clock", f"clock {self.name}", ("ahead", "behind"))
        self.base = (HOUR if odd == "ahead" else -HOUR) * how if odd else 0.0
        if odd:
            world.story.odd(f"the clock of {self.name} is {abs(self.base):.0f} s {odd}")
            world.story.seen[f"clock: {odd}"] += 1
        self.spawn(self.live())

    def spawn(self, work: Any, about: str = "") -> Any:
        context = self.context.copy()
        context.run(ABOUT.set, about)
        return self.world.loop.create_task(work, context=context)

    def reference(self, instruction: str) -> str:
        """As the desk makes it; the bank's misdeeds are named by what it is about."""
        reference = f"1-{instruction}"
        self.world.lines.about[reference] = ABOUT.get() or self.name
        return reference

    async def live(self) -> None:
        try:
            await self.work(await self.opened())
        except Exception as error:  # it could not start, or upkeep failed: it ends, and is started again
            if not self.alive:
                raise
            self.world.story.odd(f"{self.name} ends: {type(error).__name__}")
            self.world.died(self)

    async def opened(self) -> Desk:
        world, patience = self.world, limits.ALONE_LOCK_MS / 1000
        database = Database(
            Pool(world, limits.LANES, True, limits.GROUP_LOCK_MS / 1000), Pool(world, limits.READERS, False, patience),
            Pool(world, limits.BESIDE, True, patience), cast(Any, Servers()),
        )  # fmt: skip
        await database.agree_on_time()
        vault = Vault(Keyring(database, world.provider), Cvcs(database, world.provider))
        await vault.load(clock.seconds())
        desk = Desk(database, {"sandbox": Rail(world)}, vault, 1, "http://localhost")
        await desk.know_rails()
        desk.reference = self.reference  # type: ignore[method-assign]
        desk.troubled = partial(world.troubled, self.name)  # type: ignore[method-assign]
        return desk

    async def work(self, desk: Desk) -> None:
        raise NotImplementedError


class Api(Node):
    kind = "api"
    app: server.App

    async def work(self, desk: Desk) -> None:
        authenticator = Authenticator(desk.database)
        door = Door(desk, authenticator, self.world.terms, trusted=(), guard=Guard(Limits()), tell=lambda line: None)
        self.app, self.up = server.app(desk, door), True
        await server.keep_up(desk, authenticator)


class Worker(Node):
    kind = "worker"

    async def work(self, desk: Desk) -> None:
        deliverer = Deliverer(desk.database, desk.vault, self.world.settings)
        deliverer.sender = Sender(self.world, desk.vault)
        self.up = True
        turns = every(desk, deliverer, Listening(desk), Closer(desk.database, self.world.provider.path), new_id("wk_"))
        await loops.run([Patient(self.world, loop) for loop in turns if loop.name not in BESIDE])  # type: ignore[misc]


class Patient:
    """A loop that looks less often the longer nothing was written: what is due is late by a little, as in life."""

    def __init__(self, world: Stage, loop: Loop) -> None:
        self.world, self.loop = world, loop
        self.name, self.turn, self.at_once = loop.name, loop.turn, loop.at_once

    @property
    def pause(self) -> float:
        return max(self.loop.pause, REST_LEAST, min(self.world.calm(), REST_MOST))
