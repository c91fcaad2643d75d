"""Cards at rest. A number goes in at the door and comes out for a rail, nowhere else (Law 8)."""

from typing import ClassVar, final

from sluice.books.keyring import Keyring
from sluice.books.vault.cvcs import Cvcs, StoredCvc
from sluice.books.vault.envelope import Sealed, place
from sluice.core.ids import base62, new_id
from sluice.core.secrets import Secret
from sluice.rails.types import Card
from sluice.store.rows import Row


@final
class StoredCard(Row, frozen=True):
    """A card in the vault, under its own id. The CVC is never part of it."""

    table: ClassVar[str] = "vault_cards"
    key: str
    sealed: bytes
    fingerprint: str


class Vault:
    """Seals for a row, without the database; opens for the same row."""

    def __init__(self, keyring: Keyring, cvcs: Cvcs) -> None:
        self.keyring, self.cvcs = keyring, cvcs

    async def load(self, now: int) -> None:
        """Called at start and each `keyring.REFRESH` seconds, or nothing more is sealed."""
        await self.keyring.load()
        await self.cvcs.load(now)

    def seal(self, scope: int, account: str, card: Card) -> tuple[StoredCard, str]:
        """The new row of a card, for the writer, and the card's fingerprint."""
        id, fingerprint = new_id("vc_"), self.fingerprint(account, card.number)
        text = f"{card.number} {card.exp_month} {card.exp_year}"
        key, data = self.keyring.seal("card", place(StoredCard.table, scope, id), text)
        return StoredCard(id, 0, key, data, fingerprint), fingerprint

    async def open(self, scope: int, row: StoredCard, cvc: Secret | None = None) -> Card:
        """The card for the rail, with the code that waited for it. `Unopenable`: the row is not one of ours."""
        text = await self.keyring.unseal(place(StoredCard.table, scope, row.id), Sealed(row.key, row.sealed))
        number, month, year = text.split()
        return Card(Secret(number), int(month), int(year), cvc)

    def fingerprint(self, account: str, number: str) -> str:
        """16 characters [A-Za-z0-9]: one number is one fingerprint within an account, in both modes; elsewhere another (S4)."""
        return base62(int.from_bytes(self.keyring.mac("fingerprint", f"{account}/{number}".encode())), 16)

    def seal_webhook(self, scope: int, endpoint: str, text: str) -> Sealed:
        """An endpoint's signing secrets, for its row."""
        return self.keyring.seal("webhook", place("webhook_endpoints", scope, endpoint), text)

    async def open_webhook(self, scope: int, endpoint: str, sealed: Sealed) -> Secret:
        """What `seal_webhook` sealed. `Unopenable`: it is not one of ours."""
        return await self.keyring.unseal(place("webhook_endpoints", scope, endpoint), sealed)

    def hold_cvc(self, scope: int, beside: str, cvc: Secret, at: int) -> StoredCvc:
        """The new row of a code that waits for its confirmation, under the id of its card's row or of its token."""
        return self.cvcs.hold(scope, beside, cvc, at)

    async def open_cvc(self, scope: int, row: StoredCvc, now: int) -> Secret | None:
        """The code; None when its time is over. `Unopenable`: the row is not one of ours."""
        return await self.cvcs.open(scope, row, now)
