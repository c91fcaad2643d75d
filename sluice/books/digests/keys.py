"""The keys that sign digests: Ed25519, in a file beside the vault's. The last one signs; every one is known for ever."""

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sluice.books.vault.key_file import KeyFile

NAME = "digest.key"


class SigningKeys(KeyFile):
    """Made at the first need. Whoever has only the database cannot sign, nor make us believe another key."""

    prefix = "dk_"

    @property
    def newest(self) -> str:
        return list(self.masters)[-1]

    def sign(self, key: str, body: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.masters[key]).sign(body)

    def signed(self, key: str, body: bytes, signature: bytes) -> bool:
        if key not in self.masters:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.public(key)).verify(signature, body)
        except InvalidSignature:
            return False
        return True

    def public(self, key: str) -> bytes:
        """The 32 bytes that an accountant verifies by."""
        return Ed25519PrivateKey.from_private_bytes(self.masters[key]).public_key().public_bytes_raw()


def beside(vault_key_file: Path) -> Path:
    """Where the file lies: with the vault's, since whoever keeps the one keeps the other."""
    return vault_key_file.with_name(NAME)


def known(vault_key_file: Path) -> SigningKeys | None:
    """The keys that there are; None: no digest was ever signed here."""
    file = beside(vault_key_file)
    return SigningKeys(file) if file.exists() else None
