"""Card codes that wait for their confirmation: minutes, under a key of the hour, then gone (Law 8, S3).

Both tables are UNLOGGED: not in WAL, so on no standby and in no archive or base backup; `pg_dump` is to be run with
`--no-unlogged-table-data`. PostgreSQL empties them after a crash: such a payment goes on without its code.
"""

from secrets import token_bytes
from typing import ClassVar

from sluice.books.keyring import REFRESH, Provider
from sluice.books.vault.envelope import KeyBytes, place, seal, unseal
from sluice.core import limits
from sluice.core.ids import new_id
from sluice.core.secrets import Secret
from sluice.store.database import Database
from sluice.store.rows import Row

HOUR = 3_600

KEEP_HOUR = "insert into vault_hours (id, hour, wrapped) values ($1, $2, $3) on conflict (id) do nothing"
HOUR_KEY = "select wrapped from vault_hours where id = $1"
SCOPES_WITH_EXPIRED = "select distinct scope from vault_cvcs where expires <= $1"
FORGET_EXPIRED = "delete from vault_cvcs where scope = $1 and expires <= $2"
FORGET_HOURS = "delete from vault_hours where hour < $1"
BEFORE_SCOPE = (SCOPES_WITH_EXPIRED,)


class StoredCvc(Row, frozen=True):
    """A code beside its payment method, under the same id. Put by the fact that makes the method, `gone` in *open*'s."""

    table: ClassVar[str] = "vault_cvcs"
    hour: str
    sealed: bytes
    expires: int


class Hour:
    """This process's key for one hour. Each process has its own, so none waits for another's."""

    def __init__(self, number: int, wrapped: bytes, secret: KeyBytes) -> None:
        self.id, self.number, self.wrapped, self.secret = new_id("vh_"), number, wrapped, secret
        self.stored = float("-inf")


class Cvcs:
    """Codes that wait. `now` is in seconds by the clock."""

    def __init__(self, database: Database, provider: Provider) -> None:
        self.database, self.provider = database, provider
        self.hour: Hour | None = None

    async def keep(self, scope: int, method: str, cvc: Secret, now: int) -> StoredCvc:
        """The new row, for the fact that makes payment method `method`."""
        hour = await self.current(now)
        sealed = seal(hour.secret, place(StoredCvc.table, scope, method), cvc)
        return StoredCvc(method, 0, hour.id, sealed, now + limits.CVC_SECONDS)

    async def open(self, scope: int, row: StoredCvc, now: int) -> Secret | None:
        """The code; None when its time or its hour's key is over. `Unopenable`: the row is not one of ours."""
        if row.expires <= now:
            return None
        secret = await self.secret(row.hour)
        return Secret(unseal(secret, place(StoredCvc.table, scope, row.id), row.sealed)) if secret else None

    async def sweep(self, now: int) -> None:
        """Forgets codes whose time is over, and keys of hours that can have sealed no code that still waits."""
        for (scope,) in await self.database.fetch(SCOPES_WITH_EXPIRED, now):
            await self.database.execute(FORGET_EXPIRED, scope, now)
        first = (now - limits.CVC_SECONDS) // HOUR
        await self.database.execute(FORGET_HOURS, first)
        if self.hour and self.hour.number < first:
            self.hour = None

    async def current(self, now: int) -> Hour:
        """Stored again now and then: after a crash of the database its row is gone, but this process would not know."""
        hour = self.hour
        if hour is None or hour.number != now // HOUR:
            secret = KeyBytes(token_bytes(32))
            hour = self.hour = Hour(now // HOUR, self.provider.wrap(secret), secret)
        if now - hour.stored >= REFRESH:
            await self.database.execute(KEEP_HOUR, hour.id, hour.number, hour.wrapped)
            hour.stored = now
        return hour

    async def secret(self, hour: str) -> KeyBytes | None:
        if self.hour and self.hour.id == hour:
            return self.hour.secret
        found = await self.database.fetchrow(HOUR_KEY, hour)
        return self.provider.unwrap(found["wrapped"]) if found else None
