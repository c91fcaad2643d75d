"""Cards at rest. A number goes in at the door and comes out for a rail, nowhere else (Law 8)."""

from typing import ClassVar, NamedTuple

from sluice.books.keyring import Keyring, Purpose
from sluice.books.vault.envelope import Unopenable, place, seal, unseal
from sluice.core.ids import base62
from sluice.core.secrets import Secret
from sluice.rails.types import Card
from sluice.store.rows import Row


class Sealed(NamedTuple):
    """What is stored: the data key's id, and what it sealed."""

    key: str
    data: bytes


class StoredCard(Row, frozen=True):
    """A card in the vault, under its own id. The CVC is never part of it."""

    table: ClassVar[str] = "vault_cards"
    key: str
    sealed: bytes
    fingerprint: str
    created: int


class Vault:
    """Seals for a row and opens for the same row."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    def keep(self, scope: int, merchant: str, id: str, card: Card, now: int) -> StoredCard:
        """The new row of a card, for the writer. `id` is drawn by the caller; `now` in seconds."""
        key, data = self.seal("card", StoredCard.table, scope, id, f"{card.number} {card.exp_month} {card.exp_year}")
        return StoredCard(id, 0, key, data, self.fingerprint(merchant, card.number), now)

    async def open(self, scope: int, row: StoredCard, cvc: Secret | None = None) -> Card:
        """The card for the rail, with the code that waited for it. `Unopenable`: the row is not one of ours."""
        number, month, year = (await self.unseal(StoredCard.table, scope, row.id, Sealed(row.key, row.sealed))).split()
        return Card(Secret(number), int(month), int(year), cvc)

    def fingerprint(self, merchant: str, number: str) -> str:
        """16 characters [A-Za-z0-9]: one number is one fingerprint within an account, in both modes; elsewhere another (S4)."""
        return base62(int.from_bytes(self.keyring.mac("fingerprint", f"{merchant}/{number}".encode())), 16)

    def seal(self, purpose: Purpose, table: str, scope: int, id: str, text: str) -> Sealed:
        """Any text that must be read back, bound to the row that will hold it."""
        key = self.keyring.current(purpose)
        return Sealed(key.id, seal(key.secret, place(table, scope, id), text))

    async def unseal(self, table: str, scope: int, id: str, sealed: Sealed) -> Secret:
        key = await self.keyring.named(sealed.key)
        if key is None:
            raise Unopenable(f"the data key {sealed.key} is not in the key ring")
        return Secret(unseal(key.secret, place(table, scope, id), sealed.data))
