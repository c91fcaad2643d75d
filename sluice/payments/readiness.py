"""Whether this process can take payments, looked at every few seconds and told by /readyz, each check with its reason."""

import asyncio
from collections.abc import Awaitable, Callable

from sluice.books.keyring import STALE
from sluice.core import metrics
from sluice.core.clock import clock
from sluice.core.log import clean
from sluice.payments.desk import Desk
from sluice.store.migrate import check

EVERY = 5.0  # seconds between two looks
PATIENCE = 5.0  # seconds after which a check that says nothing has failed
NOT_YET = "not looked at yet"

# A commit of its own, which a full disk, a standby or one that is away holds up, as they would hold up a payment.
# Of a read-only session it tells nothing: that is asked.
COMMITS = "select current_setting('transaction_read_only') read_only, pg_logical_emit_message(true, 'sluice', 'ready')"


class Readiness:
    """`reasons`: check -> why it fails, None while it holds. A question costs nothing: it reads the last look."""

    def __init__(self, desk: Desk, dsn: str) -> None:
        self.desk, self.dsn = desk, dsn
        self.reasons: dict[str, str | None] = {
            "database": NOT_YET, "writable": NOT_YET, "restored": NOT_YET, "keys": NOT_YET, "draining": None,
        }  # fmt: skip
        metrics.READY.set_function(lambda: float(not any(self.reasons.values())))
        metrics.DATABASE_UP.set_function(lambda: float(not (self.reasons["database"] or self.reasons["writable"])))

    def drain(self) -> None:
        """Told to stop: whoever sends us calls shall send them elsewhere, while what is in flight finishes."""
        self.reasons["draining"] = "this process was told to stop"

    async def keep(self) -> None:
        """Looks until it is cancelled; never twice at once, so that a database that hangs is not asked again and again."""
        while True:
            await self.judge("database", lambda: check(self.dsn))
            if self.reasons["database"] is None:
                await self.judge("writable", self.commit)
                await self.judge("restored", self.compared)
            self.reasons["keys"] = self.keys()
            await asyncio.sleep(EVERY)

    async def commit(self) -> None:
        row = await self.desk.database.fetchrow(COMMITS)
        if row and row["read_only"] == "on":
            raise ConnectionError("the database is read-only: no payment can be written down")

    async def compared(self) -> None:
        """Restored books know nothing of what came after them (F32)."""
        if not await self.desk.may_ask():
            raise LookupError("a backup was restored, and no payment is taken until `sluice recover` has asked the banks")

    async def judge(self, name: str, do: Callable[[], Awaitable[object]]) -> None:
        task = asyncio.ensure_future(do())
        try:
            await asyncio.wait({task}, timeout=PATIENCE)
            if not task.done():
                self.reasons[name] = f"the database has not answered for {PATIENCE:g} seconds"
                await asyncio.wait({task})
            error = task.exception()
            self.reasons[name] = clean(str(error) or type(error).__name__) if error else None
        finally:
            task.cancel()

    def keys(self) -> str | None:
        age = clock.now() - self.desk.vault.keyring.loaded
        return f"the data keys were last read {age:.0f} seconds ago" if age > STALE else None
