"""Where the path finds what it needs: the database, the rails, the vault."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import structlog

from sluice.books.vault.cards import Vault
from sluice.core.clock import clock
from sluice.core.errors import Unavailable, Unsettled
from sluice.merchants import rail_accounts
from sluice.rails.sandbox.rail import Sandbox
from sluice.rails.types import Card, Rail
from sluice.rules.plans import Request
from sluice.store import installation
from sluice.store.database import AWAY, Database

T = TypeVar("T")
# A line to an account's bank, by the account's kind. To add a kind of rail: a folder in rails/, a line here.
KINDS: dict[str, Callable[[str, dict[str, Any]], Rail]] = {
    rail_accounts.SANDBOX: lambda id, address: Sandbox(*rail_accounts.bank_at(address["bank"]), name=id),
}
log = structlog.get_logger()


class Desk:
    """One for a process. `mark` and `epoch` stand in every reference to a rail; a restored backup raises the epoch (F32).

    `rails`: every rail account that was ever opened, by its id; `open`: those that a scope may pay by, in its order.
    """

    def __init__(
        self,
        database: Database,
        rails: dict[str, Rail],
        vault: Vault,
        epoch: int,
        public_url: str,
        restored: int | None = None,
        mark: str = "",
    ) -> None:
        self.database, self.rails, self.vault, self.epoch, self.public_url = database, rails, vault, epoch, public_url
        self.restored, self.mark = restored, mark
        self.open: dict[int, tuple[str, ...]] = {}
        self.tasks: set[asyncio.Task[Any]] = set()

    def accounts(self, scope: int) -> tuple[str, ...]:
        """The rail accounts that the scope may pay by, the first to ask first."""
        return self.open.get(scope, (rail_accounts.SANDBOX,))

    async def know_rails(self) -> None:
        """Looks up every scope's rail accounts: at start, and now and then."""
        places: dict[int, list[tuple[int, str]]] = {}
        for scope, id, kind, position, status, address in await self.database.fetch(rail_accounts.EVERY):
            places.setdefault(scope, [(0, rail_accounts.SANDBOX)])
            if id not in self.rails and kind in KINDS:
                self.rails[id] = KINDS[kind](id, address)
            if status == "open" and id in self.rails:  # what a newer program beside us has opened is its own to use (F43)
                places[scope].append((position, id))
        self.open = {scope: tuple(id for _, id in sorted(accounts)) for scope, accounts in places.items()}

    async def rail(self, id: str) -> Rail:
        """The rail account, also one that another process has only just opened."""
        if id not in self.rails:
            await self.know_rails()
        if id not in self.rails:
            raise Unavailable(
                f"Rail account {id} is of a kind that this version of Sluice does not know. Nothing has happened."
            )
        return self.rails[id]

    async def may_ask(self) -> bool:
        """Whether rails may be asked for anything new: not while a restored backup was not compared with them (F32)."""
        if self.restored is not None:
            self.restored = (await installation.read(self.database)).restored
        return self.restored is None

    def troubled(self, what: str, error: BaseException) -> None:
        """A defect of ours beside the path: logged, and the work goes on."""
        log.error("trouble", what=what, exc_info=error)

    def reference(self, instruction: str) -> str:
        return f"{self.mark}.{self.epoch}-{instruction}"

    def own(self, reference: str) -> bool:
        """Whether this installation drew it, before a restore too; those of before marks bear none."""
        mark, marked, _ = reference.partition("-")[0].rpartition(".")
        return not marked or mark == self.mark

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

    @contextmanager
    def begun(self, *, given: bool) -> Iterator[None]:
        """After *open* a database that is away is no 503, which says that nothing has happened (B-1.43)."""
        try:
            yield
        except AWAY as away:
            self.troubled("settling", away)
            raise Unsettled(given=given) from away

    async def drain(self) -> None:
        """What is in flight finishes; nothing new is begun (F49)."""
        while self.tasks:
            await asyncio.gather(*self.tasks, return_exceptions=True)
