"""Listening to the rails: a loop to each rail account, also to one that was opened after the worker had started."""

import asyncio
from functools import partial

from sluice.payments import notices
from sluice.payments.desk import Desk
from sluice.worker.loops import Loop, keep


class Listening:
    """`turn` is a loop's turn: it looks for new accounts. One that hangs takes only its own loop."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.stop = desk, asyncio.Event()
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def turn(self) -> bool:
        await self.desk.know_rails()
        for id in self.desk.rails.keys() - self.tasks.keys():
            loop = Loop(f"listening to {id}", partial(notices.listen, self.desk, self.desk.rails[id]), 1.0, True)
            self.tasks[id] = asyncio.create_task(keep(loop, self.stop), name=loop.name)
        return False

    async def close(self) -> None:
        self.stop.set()
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
