"""AES-256-GCM, bound to the row it lies in: moved to another row, scope or table it does not open (S7)."""

from secrets import token_bytes
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = 1
NONCE = 12


class KeyBytes(bytes):
    """A key in clear, whose repr says nothing."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "KeyBytes(…)"

    __str__ = __repr__


class Sealed(NamedTuple):
    """What is stored: the data key's id, and what it sealed."""

    key: str
    data: bytes


class Unopenable(Exception):
    """A sealed value is not what we sealed for this row, or its key is gone. Never the caller's fault."""


def place(table: str, scope: int, id: str) -> bytes:
    """The associated data: where the sealed value lies."""
    return b"sluice" + bytes([FORMAT]) + scope.to_bytes(8, "big", signed=True) + f"{table}/{id}".encode()


def seal(key: bytes, at: bytes, plain: str) -> bytes:
    """The format's number, the nonce, the ciphertext and its tag."""
    nonce = token_bytes(NONCE)
    return bytes([FORMAT]) + nonce + AESGCM(key).encrypt(nonce, plain.encode(), at)


def unseal(key: bytes, at: bytes, sealed: bytes) -> str:
    if sealed[:1] != bytes([FORMAT]):
        raise Unopenable("sealed in a format that this program does not know")
    try:
        return AESGCM(key).decrypt(sealed[1 : 1 + NONCE], sealed[1 + NONCE :], at).decode()
    except (InvalidTag, ValueError):
        raise Unopenable("sealed under another key, for another row, or damaged") from None
