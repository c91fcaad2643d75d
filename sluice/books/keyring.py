"""The data keys: in the database under a master key that is not there, in memory as bytes that do not show (Law 8, S7).

A purpose has one newest key and older ones that still open. What is sealed rotates; what is only compared (fingerprints,
HMACs of requests) stays, or equal things would no longer look equal.
"""

import hmac
from secrets import token_bytes
from typing import Literal, Protocol, get_args

from msgspec import Struct

from sluice.books.vault.envelope import KeyBytes, Sealed, Unopenable, seal, unseal
from sluice.books.vault.key_file import FileProvider
from sluice.core.clock import clock
from sluice.core.errors import Unavailable
from sluice.core.ids import new_id
from sluice.core.secrets import Secret
from sluice.store.database import Database

__all__ = ["DataKey", "FileProvider", "Keyring", "Provider", "Purpose"]

Purpose = Literal["card", "webhook", "fingerprint", "request"]
REFRESH = 30.0  # the server loads the ring this often, in seconds
STALE = 60.0  # a ring older than this seals nothing: its newest key may have been retired

EVERY_KEY = "select id, purpose, generation, wrapped from vault_keys order by generation"
ADD_KEY = """insert into vault_keys (id, purpose, generation, wrapped, created) values ($1, $2, $3, $4, $5)
    on conflict (purpose, generation) do nothing"""
LIVE_KEYS = "select id, generation from vault_keys where purpose = $1 and retired is null order by generation"
RETIRE_KEYS = "update vault_keys set retired = $3 where purpose = $1 and generation < $2 and retired is null"
REWRAP_KEY = "update vault_keys set wrapped = $3 where id = $1 and wrapped = $2"


class Provider(Protocol):
    """Keeps the master keys: a file now, a key service or a device later."""

    def wrap(self, key: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes) -> KeyBytes: ...


class DataKey(Struct, frozen=True):
    """A key in clear: in memory only."""

    id: str
    purpose: str
    generation: int
    secret: KeyBytes

    def __repr__(self) -> str:
        return "DataKey(…)"


class Keyring:
    """Every data key of this deployment. `load` at start and each REFRESH seconds; sealing then needs no database."""

    def __init__(self, database: Database, provider: Provider) -> None:
        self.database, self.provider = database, provider
        self.keys: dict[str, DataKey] = {}
        self.newest: dict[str, DataKey] = {}
        self.loaded = float("-inf")

    async def load(self) -> None:
        """Takes what is there, and makes the first key of each purpose; of many processes at once, one makes it."""
        await self.take()
        for purpose in get_args(Purpose):
            if purpose not in self.newest:
                await self.add(purpose, 1)

    async def take(self) -> None:
        began = clock.now()
        for id, purpose, generation, wrapped in await self.database.fetch(EVERY_KEY):
            if id not in self.keys:
                self.keys[id] = DataKey(id, purpose, generation, self.provider.unwrap(wrapped))
            self.newest[purpose] = self.keys[id]
        self.loaded = began

    async def add(self, purpose: Purpose, generation: int) -> DataKey:
        """The key of that generation, made here or by whoever came first."""
        wrapped = self.provider.wrap(token_bytes(32))
        await self.database.execute(ADD_KEY, new_id("vk_"), purpose, generation, wrapped, clock.seconds())
        await self.take()
        return self.newest[purpose]

    def current(self, purpose: Purpose) -> DataKey:
        """The key that seals now. `Unavailable` when the ring is stale."""
        if clock.now() - self.loaded > STALE:
            raise Unavailable("Keys could not be read for a while. Nothing was stored; try again.", "keys")
        return self.newest[purpose]

    def seal(self, purpose: Literal["card", "webhook"], at: bytes, text: str) -> Sealed:
        """A text that must be read back, bound to the row that will hold it: `at` is `envelope.place` of that row."""
        key = self.current(purpose)
        return Sealed(key.id, seal(key.secret, at, text))

    async def unseal(self, at: bytes, sealed: Sealed) -> Secret:
        """The text, though another process may have made its key a moment ago. `Unopenable`: it is not one of ours."""
        if sealed.key not in self.keys:
            await self.take()
        if sealed.key not in self.keys:
            raise Unopenable(f"the data key {sealed.key} is not in the key ring")
        return Secret(unseal(self.keys[sealed.key].secret, at, sealed.data))

    def mac(self, purpose: Literal["fingerprint", "request"], message: bytes) -> bytes:
        """HMAC-SHA-256, for what is compared and never read back (S2)."""
        return hmac.digest(self.current(purpose).secret, message, "sha256")

    async def rewrap(self) -> None:
        """Every data key under the provider's newest master key. May be killed and run again."""
        for id, _, _, wrapped in await self.database.fetch(EVERY_KEY):
            await self.database.execute(REWRAP_KEY, id, wrapped, self.provider.wrap(self.provider.unwrap(wrapped)))
