"""Card codes that wait for their confirmation: minutes, under a key of the hour, then gone (Law 8, S3).

Both tables are UNLOGGED: not in WAL, so on no standby and in no archive or base backup; `pg_dump` is to be run with
`--no-unlogged-table-data`. PostgreSQL empties them after a crash: such a payment goes on without its code.
"""

from secrets import token_bytes
from typing import ClassVar, NamedTuple, final

from sluice.books.keyring import STALE, Provider
from sluice.books.vault.envelope import KeyBytes, place, seal, unseal
from sluice.core import limits
from sluice.core.errors import Unavailable
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


@final
class StoredCvc(Row, frozen=True):
    """A code beside its card, under the same id: whatever the card is named meanwhile. `gone` in *open*'s commit.

    A code that comes alone, for a card that is kept already, waits under its token's id.
    """

    table: ClassVar[str] = "vault_cvcs"
    hour: str
    sealed: bytes
    expires: int


class Hour(NamedTuple):
    """A process's key for one hour. Each process has its own, so none waits for another's."""

    id: str
    wrapped: bytes
    secret: KeyBytes


class Cvcs:
    """Codes that wait. `now` is in seconds by the clock."""

    def __init__(self, database: Database, provider: Provider) -> None:
        self.database, self.provider = database, provider
        self.hours: dict[int, Hour] = {}

    async def load(self, now: int) -> None:
        """Keys for now and for what may come before the next call; those that are over are forgotten.

        They are stored each time: after a crash of the database their rows are gone, and this process would not know.
        """
        self.hours = {number: hour for number, hour in self.hours.items() if number >= first_hour(now)}
        for number in sorted({now // HOUR, (now + int(STALE)) // HOUR}):
            hour = self.hours.get(number) or self.made()
            await self.database.execute(KEEP_HOUR, hour.id, number, hour.wrapped)
            self.hours[number] = hour

    def made(self) -> Hour:
        secret = KeyBytes(token_bytes(32))
        return Hour(new_id("vh_"), self.provider.wrap(secret), secret)

    def hold(self, scope: int, beside: str, cvc: Secret, now: int) -> StoredCvc:
        """The new row of a code, under its owner's id. `Unavailable` when keys could not be stored for a while."""
        hour = self.hours.get(now // HOUR)
        if hour is None:
            raise Unavailable("Keys could not be stored for a while. Nothing was stored; try again.", "keys")
        sealed = seal(hour.secret, place(StoredCvc.table, scope, beside), cvc)
        return StoredCvc(beside, 0, hour.id, sealed, now + limits.CVC_SECONDS)

    async def open(self, scope: int, row: StoredCvc, now: int) -> Secret | None:
        """The code; None when its time or its hour's key is over. `Unopenable`: the row is not one of ours."""
        if row.expires <= now:
            return None
        secret = await self.secret(row.hour)
        return Secret(unseal(secret, place(StoredCvc.table, scope, row.id), row.sealed)) if secret else None

    async def secret(self, id: str) -> KeyBytes | None:
        for hour in self.hours.values():
            if hour.id == id:
                return hour.secret
        found = await self.database.fetchrow(HOUR_KEY, id)
        return self.provider.unwrap(found["wrapped"]) if found else None

    async def sweep(self, now: int) -> None:
        """Forgets codes whose time is over, and the keys under which none can wait any more. One process is enough."""
        for (scope,) in await self.database.fetch(SCOPES_WITH_EXPIRED, now):
            await self.database.execute(FORGET_EXPIRED, scope, now)
        await self.database.execute(FORGET_HOURS, first_hour(now))


def first_hour(now: int) -> int:
    """The first hour in which a code was sealed that may still wait."""
    return (now - limits.CVC_SECONDS) // HOUR
