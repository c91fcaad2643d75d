"""A card goes in and comes out, for its own row only."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sluice.books.keyring import DataKey, Keyring
from sluice.books.vault.cards import StoredCard, Vault
from sluice.books.vault.envelope import KeyBytes, Sealed, Unopenable, place
from sluice.core.secrets import Secret
from sluice.rails.types import Card

NUMBER = "4000001234567899"
CARD = Card(Secret(NUMBER), 4, 2044, Secret("987"))
NUMBERS = st.from_regex(r"[0-9]{12,19}", fullmatch=True)


class Ring(Keyring):
    """A ring in memory, never stale; each key is the first byte's repetition."""

    def __init__(self, **keys: int) -> None:
        self.newest = {purpose: DataKey(f"vk_{purpose}", purpose, 1, KeyBytes([byte] * 32)) for purpose, byte in keys.items()}
        self.keys = {key.id: key for key in self.newest.values()}
        self.loaded = float("inf")

    async def take(self) -> None:
        """There is nothing more to be had."""


RING = Ring(card=1, webhook=2, fingerprint=3)
VAULT = Vault(RING, None)  # type: ignore[arg-type]  # no code waits here


def kept(scope: int, card: Card = CARD) -> StoredCard:
    return VAULT.seal(scope, "acct_1", card)[0]


@given(st.integers(-(2**63), 2**63 - 1), NUMBERS, st.integers(1, 12), st.integers(2000, 2100))
async def test_what_is_kept_opens(scope: int, number: str, month: int, year: int) -> None:
    card = Card(Secret(number), month, year)
    assert await VAULT.open(scope, kept(scope, card)) == card


@pytest.mark.shows("S7")
async def test_it_opens_nowhere_else() -> None:
    """S7: swapped into another scope, row or table, or under another key, it does not open."""
    row = kept(1)
    for scope, other in ((2, row), (1, replace(row, id=kept(1).id)), (1, replace(row, key="vk_webhook"))):
        with pytest.raises(Unopenable):
            await VAULT.open(scope, other)
    with pytest.raises(Unopenable):
        await RING.unseal(place("webhook_endpoints", 1, row.id), Sealed(row.key, row.sealed))


@pytest.mark.shows("S7")
@given(st.data())
async def test_a_changed_byte_does_not_open(data: st.DataObject) -> None:
    row = kept(1)
    at, by = data.draw(st.integers(0, len(row.sealed) - 1)), data.draw(st.integers(1, 255))
    changed = row.sealed[:at] + bytes([row.sealed[at] ^ by]) + row.sealed[at + 1 :]
    with pytest.raises(Unopenable):
        await VAULT.open(1, replace(row, sealed=changed))


@pytest.mark.parametrize("length", range(0, 40, 3))
async def test_a_cut_one_does_not_open(length: int) -> None:
    row = kept(1)
    with pytest.raises(Unopenable):
        await VAULT.open(1, replace(row, sealed=row.sealed[:length]))


async def test_a_key_that_is_gone_is_told() -> None:
    with pytest.raises(Unopenable, match="vk_gone"):
        await VAULT.open(1, replace(kept(1), key="vk_gone"))


def test_no_two_seals_are_alike() -> None:
    """AES-GCM must never meet one nonce twice under one key."""
    assert len({kept(1).sealed[:13] for _ in range(100)}) == 100


@pytest.mark.shows("S3")
async def test_the_code_is_not_kept() -> None:
    """S3: with or without a code the same is kept; what opens has none but the one that it is given."""
    assert len(kept(1).sealed) == len(kept(1, replace(CARD, cvc=None)).sealed)
    assert (await VAULT.open(1, kept(1))).cvc is None
    assert (await VAULT.open(1, kept(1), Secret("123"))).cvc == "123"


@given(NUMBERS)
@pytest.mark.shows("S2", "S4")
def test_a_fingerprint_is_an_accounts_own(number: str) -> None:
    """S4: one number is one fingerprint in an account, in both its modes, and another elsewhere; 16 of [A-Za-z0-9]."""
    mine = VAULT.fingerprint("acct_1", number)
    assert re.fullmatch("[A-Za-z0-9]{16}", mine)
    for scope in (1, 2):
        row, shown = VAULT.seal(scope, "acct_1", Card(Secret(number), 1, 2040))
        assert row.fingerprint == shown == mine
    assert VAULT.fingerprint("acct_2", number) != mine
    assert Vault(Ring(fingerprint=4), None).fingerprint("acct_1", number) != mine  # type: ignore[arg-type]  # another deployment


@pytest.mark.shows("S5")
def test_a_row_shows_no_number() -> None:
    row = kept(1)
    assert NUMBER not in repr(row)
    assert NUMBER.encode() not in row.sealed


async def test_other_secrets_are_kept_likewise() -> None:
    """A webhook endpoint's secret, say: any text, bound to its row."""
    at = place("webhook_endpoints", 1, "we_1")
    sealed = RING.seal("webhook", at, "whsec_ключ")
    assert await RING.unseal(at, sealed) == "whsec_ключ"
    assert sealed.key == "vk_webhook"
