"""What `sluice up` runs beside the database: migrations, then bank, API and worker, kept alive until it is told to stop."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import asyncpg

from sluice.cli.children import DRAIN, Child
from sluice.cli.crash import CannotGoOn, unreachable
from sluice.cli.lifeline import PARENT
from sluice.core.settings import Settings

ASK = b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n"
SAY_EVERY = 5.0

Say = Callable[[str], None]


class Shop(Protocol):
    """The test shop, as the greeting shows it."""

    @property
    def publishable_key(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def webhook_secret(self) -> str: ...
    @property
    def account(self) -> str: ...


@dataclass(frozen=True)
class Parts:
    """What the stack is made of; tests put in their own. A program is a command line by its name."""

    programs: Mapping[str, Sequence[str]]
    migrate: Callable[[str], Awaitable[object]]
    shop: Callable[[Settings], Awaitable[Shop]]


def own_parts() -> Parts:
    from sluice.merchants.shop import test_shop
    from sluice.store.migrate import migrate

    programs = {name: [sys.executable, "-m", "sluice.cli.main", name] for name in ("sandbox", "api", "worker")}
    return Parts(programs, migrate, test_shop)


class Stack:
    """One life. `hands_down` are the descriptors that every child gets, `env` is theirs, `inner` which is whose inner port."""

    def __init__(
        self,
        settings: Settings,
        parts: Parts,
        *,
        env: Mapping[str, str],
        hands_down: Sequence[int],
        inner: Mapping[str, int],
        say: Say,
    ) -> None:
        self.settings, self.parts, self.say = settings, parts, say
        self.told, self.failed, self.up = asyncio.Event(), "", False
        self.children = [
            Child(
                name,
                command,
                env=of_its_own(env, inner.get(name)),
                logs=settings.logs,
                hands_down=hands_down,
                say=say,
                died=self.died,
            )
            for name, command in parts.programs.items()
        ]
        self.lives: list[asyncio.Task[None]] = []

    async def run(self, ready: Callable[[Shop], None]) -> None:
        """Calls `ready` once the API has answered, and stays until SIGTERM or Ctrl-C. Raises `CannotGoOn`."""
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.tell)
        try:
            if shop := await self.unless_told(self.begin()):
                self.up = True
                ready(shop)
                await self.told.wait()
        finally:
            await self.end()
        if self.failed:
            raise CannotGoOn(self.failed)

    async def begin(self) -> Shop:
        """Migrations alone; then everything else at once."""
        try:
            await self.parts.migrate(self.settings.database_url or "")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise CannotGoOn(": ".join(unreachable(error, self.settings.database_url or ""))) from error
        self.lives = [asyncio.create_task(child.keep()) for child in self.children]
        shop, _, _ = await asyncio.gather(self.parts.shop(self.settings), self.bank(), self.answer())
        return shop

    async def bank(self) -> None:
        """Until the bank takes connections: the first payment must not find it closed."""
        host, _, port = (self.settings.bank or "").rpartition(":")
        while True:
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return

    async def answer(self) -> None:
        """Until the API says something on its socket, which listens already: a question waits there for it."""
        reader, writer = await asyncio.open_connection(self.settings.host, self.settings.port)
        writer.write(ASK)
        asked = asyncio.create_task(reader.read(1))
        while not asked.done():
            await asyncio.wait([asked], timeout=SAY_EVERY)
            if not asked.done():
                self.say("waiting for the API")
        writer.close()

    async def unless_told(self, work: Coroutine[Any, Any, Shop]) -> Shop | None:
        task, told = asyncio.create_task(work), asyncio.create_task(self.told.wait())
        await asyncio.wait([task, told], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            told.cancel()
            return task.result()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return None

    def died(self, how: str, pause: float) -> None:
        """While starting, a death ends it all: it would only come again. Later the child is started again."""
        if self.up:
            self.say(f"{how}; starting it again in {pause:g} s")
        else:
            self.failed = self.failed or how
            self.told.set()

    def tell(self) -> None:
        """Stop; told twice: at once."""
        if self.told.is_set():
            for child in self.children:
                child.kill()
        self.told.set()

    async def end(self) -> None:
        """Every child is asked, given time for what is in flight, and then ended."""
        for child in self.children:
            child.stop()
        if self.lives:
            await asyncio.wait(self.lives, timeout=DRAIN)
        for child in self.children:
            child.kill()
        for life in self.lives:
            life.cancel()
        await asyncio.gather(*self.lives, return_exceptions=True)


def of_its_own(env: Mapping[str, str], inner: int | None) -> Mapping[str, str]:
    return env if inner is None else {**env, "SLUICE_INNER_LISTENER": str(inner)}


def child_environment(settings: Settings, listener: int, lifeline: int) -> dict[str, str]:
    """The parent's environment, with what the parent has found out. The embedded database is found by the data folder."""
    known = {
        "SLUICE_DATA": str(settings.data),
        "SLUICE_PORT": str(settings.port),
        "SLUICE_BANK": settings.bank or "",
        "SLUICE_LISTENER": str(listener),
        PARENT: str(lifeline),
        "PYTHONUNBUFFERED": "1",  # the request lines come as they happen
    }
    if settings.database_url:
        known["DATABASE_URL"] = settings.database_url
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL_FILE"} | known
