"""The accountant's script verifies Ed25519 by itself: RFC 8032's vectors, and whatever `cryptography` signs."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.cli.digest_check import L, signed

# RFC 8032, 7.1: public key, message, signature.
VECTORS = {
    "test 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    "test 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    "test 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
}


@pytest.mark.parametrize("vector", VECTORS)
def test_the_standards_vectors(vector: str):
    """RFC 8032, 7.1: each verifies, and not with a bit of the message, the key or the signature turned."""
    key, message, signature = (bytes.fromhex(text) for text in VECTORS[vector])
    assert signed(key, message, signature)
    assert not signed(key, message + b"\0", signature)
    assert not signed(bytes([key[0] ^ 1]) + key[1:], message, signature)
    assert not signed(key, message, signature[:40] + bytes([signature[40] ^ 1]) + signature[41:])


@settings(max_examples=15, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200), turned=st.integers(0, 511))
def test_it_agrees_with_the_library(seed: bytes, message: bytes, turned: int):
    """Every signature of the library holds; with any one bit turned none does."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert signed(public, message, signature)
    wrong = bytearray(signature)
    wrong[turned // 8] ^= 1 << turned % 8
    assert not signed(public, message, bytes(wrong))


def test_a_signature_has_one_form():
    """RFC 8032, 5.1.7: an S of the group's order or more is refused, else every signature had a second one."""
    key, message, signature = (bytes.fromhex(text) for text in VECTORS["test 2"])
    more = int.from_bytes(signature[32:], "little") + L
    assert not signed(key, message, signature[:32] + more.to_bytes(32, "little"))
    assert not signed(key, message, signature[:63])
