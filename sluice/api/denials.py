"""What a key that we know may not do, for the audit log (S23): a weaker key that is tried on doors is worth a person's look.

At most one entry a minute for each key and operation in a process, so that a flood of them costs the database nothing.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from sluice.books.audit.entries import Who, record
from sluice.core.errors import Refused
from sluice.merchants.permissions import Identity
from sluice.payments.desk import Desk

QUIET = 60.0  # seconds
MOST = 1_000  # keys and operations remembered


class Denials:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.told: dict[tuple[int, str, str], float] = {}

    @contextmanager
    def told_of(self, identity: Identity, who: Who, operation: str, request: str, now: float) -> Iterator[None]:
        """Records the refusal that leaves the block, beside the answer."""
        try:
            yield
        except Refused as refusal:
            if self.first(identity, operation, now):
                detail = {"request": request, "status": refusal.status, "code": refusal.code}
                self.begin(who, operation, identity.scope, detail)
            raise

    def first(self, identity: Identity, operation: str, now: float) -> bool:
        name = (identity.scope, identity.key, operation)
        if now - self.told.get(name, 0.0) < QUIET:
            return False
        if len(self.told) >= MOST:
            self.told.clear()
        self.told[name] = now
        return True

    def begin(self, who: Who, operation: str, scope: int, detail: dict[str, object]) -> None:
        task = asyncio.ensure_future(self.write(who, operation, scope, detail))
        self.desk.tasks.add(task)
        task.add_done_callback(self.desk.tasks.discard)

    async def write(self, who: Who, operation: str, scope: int, detail: dict[str, object]) -> None:
        try:
            await record(self.desk.database, who, operation, scope=scope, result="forbidden", detail=detail)
        except Exception as error:  # the database is away: the answer was right all the same
            self.desk.troubled("an entry of the audit log", error)
