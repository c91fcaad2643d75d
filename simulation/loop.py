"""An event loop with virtual time: nothing sleeps, and when nothing is ready, time jumps to the next timer.

Which ready handle runs next is a choice of the tape's, 0 being the oldest. A handle belongs to the process named in its
context: of one that is dead nothing runs any more, of one that is stopped nothing runs until it goes on.
"""

import asyncio
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from itertools import count
from typing import Any

from simulation.tape import Tape

AMONG = 4  # how many of the oldest ready handles one may be chosen from


class Process:
    """What lives and dies as one. `kept` holds a dead one's handles: nothing of it may run, its `finally`s included."""

    def __init__(self, name: str) -> None:
        self.name, self.alive, self.stopped = name, True, False
        self.kept: list[asyncio.Handle] = []
        self.context = Context()
        self.context.run(CURRENT.set, self)
        self.base = 0.0  # what its clock adds to the machine's


CURRENT: ContextVar[Process | None] = ContextVar("process", default=None)
ABOUT: ContextVar[str] = ContextVar("about", default="")  # the call that it is done for; "": nobody's
EFFECT: ContextVar[str] = ContextVar("effect", default="")  # of the store's, that is under way


class Task(asyncio.Task[Any]):
    """Hashed by its number, so that sets of tasks have one order in every run."""

    numbers = count()

    def __init__(self, coro: Coroutine[Any, Any, Any], *, loop: "Loop", name: str | None, context: Context | None) -> None:
        self.number = next(self.numbers)
        super().__init__(coro, loop=loop, name=name, context=context)
        self._log_destroy_pending = False

    def __hash__(self) -> int:
        return self.number


class Loop(asyncio.AbstractEventLoop):
    """`connect` makes the lines that the program opens; `defects` gathers what nobody caught."""

    def __init__(self, tape: Tape, connect: Callable[[Any], Any]) -> None:
        self.tape, self.connect, self.now = tape, connect, 0.0
        self.ready: deque[asyncio.Handle] = deque()
        self.timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self.order = count()
        self.defects: list[BaseException] = []
        Task.numbers = count()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Runs until `work` is done; raises RuntimeError when it never will be."""
        main = self.create_task(work)
        events._set_running_loop(self)
        try:
            while not main.done():
                if not self.ready:
                    self.jump()
                self.step(self.ready)
        finally:
            events._set_running_loop(None)
        return main.result()

    def jump(self) -> None:
        while self.timers and self.timers[0][2]._cancelled:
            heapq.heappop(self.timers)
        if not self.timers:
            raise RuntimeError("everything waits, and nothing will happen")
        self.now = max(self.now, self.timers[0][0])
        while self.timers and self.timers[0][0] <= self.now:
            handle = heapq.heappop(self.timers)[2]
            if not handle._cancelled:
                self.ready.append(handle)

    def step(self, ready: deque[asyncio.Handle]) -> None:
        if len(ready) > 1 and (odd := self.tape.choose("order", "order", AMONG)):
            at = odd % len(ready)
            handle = ready[at]
            del ready[at]
        else:
            handle = ready.popleft()
        if handle._cancelled:
            return
        process = handle._context.get(CURRENT)  # type: ignore[attr-defined]
        if process is None or (process.alive and not process.stopped):
            handle._run()
        else:
            process.kept.append(handle)

    def go_on(self, process: Process) -> None:
        """What was held back while it was stopped, or is not to be run any more."""
        process.stopped = False
        self.ready.extend(process.kept)
        process.kept.clear()

    def outside(self, delay: float, do: Callable[..., Any], *args: Any) -> asyncio.TimerHandle:
        """In the world, which does not die with whoever set it off."""
        return self.call_later(delay, do, *args, context=Context())

    # what asyncio asks of a loop

    def time(self) -> float:
        return self.now

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> asyncio.Handle:  # type: ignore[override]
        handle = asyncio.Handle(callback, args, self, context)
        self.ready.append(handle)
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: Context | None = None) -> asyncio.TimerHandle:  # type: ignore[override]
        return self.call_at(self.now + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> asyncio.TimerHandle:  # type: ignore[override]
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self.timers, (when, next(self.order), handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is dropped when its time has come."""

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: str | None = None, context: Context | None = None) -> Any:
        return Task(coro, loop=self, name=name, context=context)

    async def create_connection(self, protocol_factory: Any, *where: Any, **how: Any) -> Any:
        return await self.connect(protocol_factory)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if error := context.get("exception"):
            self.defects.append(error)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False
