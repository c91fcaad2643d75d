"""Where the path finds what it needs: the database, the rails, the vault."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from sluice.books.vault.cards import Vault
from sluice.core.clock import clock
from sluice.rails.types import Card, Rail
from sluice.rules.plans import Request
from sluice.store.database import Database

T = TypeVar("T")
log = structlog.get_logger()


class Desk:
    """One for a process. `epoch` stands in every reference to a rail; a restored backup raises it (F32)."""

    def __init__(self, database: Database, rails: dict[str, Rail], vault: Vault, epoch: int, public_url: str) -> None:
        self.database, self.rails, self.vault, self.epoch, self.public_url = database, rails, vault, epoch, public_url
        self.tasks: set[asyncio.Task[Any]] = set()

    def troubled(self, what: str, error: BaseException) -> None:
        """A defect of ours beside the path: logged, and the work goes on."""
        log.error("trouble", what=what, exc_info=error)

    def reference(self, instruction: str) -> str:
        return f"{self.epoch}-{instruction}"

    async def card(self, scope: int, request: Request) -> Card | None:
        """The card in clear, with its code, for the one message that needs it."""
        if request.card or request.stored is None:
            return request.card
        code = await self.vault.open_cvc(scope, request.code, clock.seconds()) if request.code else None
        return await self.vault.open(scope, request.stored, code)

    async def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs `work` to its end, though its caller hangs up: after *open* nothing cancels it."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return await asyncio.shield(task)

    async def drain(self) -> None:
        """What is in flight finishes; nothing new is begun (F49)."""
        while self.tasks:
            await asyncio.gather(*self.tasks, return_exceptions=True)
