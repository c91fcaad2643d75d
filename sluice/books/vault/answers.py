"""Answers that hold a secret, such as a new endpoint's: kept under their idempotency key, and not in clear (Law 8)."""

from base64 import b64decode, b64encode

from sluice.books.keyring import Keyring
from sluice.books.vault.envelope import Sealed, place

TABLE = "idempotency"
SEALED = "sealed "  # no JSON begins so


def keep(ring: Keyring, scope: int, key: str, body: str) -> str:
    """The body as it is stored: bound to its key."""
    sealed = ring.seal("webhook", place(TABLE, scope, key), body)
    return f"{SEALED}{sealed.key} {b64encode(sealed.data).decode()}"


async def read(ring: Keyring, scope: int, key: str, kept: str) -> str:
    """The body as it was answered, sealed or not."""
    if not kept.startswith(SEALED):
        return kept
    name, data = kept.removeprefix(SEALED).split()
    return await ring.unseal(place(TABLE, scope, key), Sealed(name, b64decode(data)))
