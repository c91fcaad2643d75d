"""A card goes in and comes out, for its own row only."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sluice.books.keyring import DataKey, Keyring, Purpose
from sluice.books.vault.cards import Sealed, StoredCard, Vault
from sluice.books.vault.envelope import KeyBytes, Unopenable
from sluice.core.secrets import Secret
from sluice.rails.types import Card

NUMBER = "4000001234567899"
CARD = Card(Secret(NUMBER), 4, 2044, Secret("987"))


class Ring(Keyring):
    """A ring in memory, never stale."""

    def __init__(self) -> None:
        purposes: tuple[Purpose, ...] = ("card", "webhook", "fingerprint", "request")
        self.newest = {p: DataKey(f"vk_{p}", p, 1, KeyBytes(n.to_bytes(32))) for n, p in enumerate(purposes)}
        self.keys = {key.id: key for key in self.newest.values()}
        self.loaded = float("inf")

    async def take(self) -> None:
        pass


VAULT = Vault(Ring())


@given(
    st.integers(-(2**63), 2**63 - 1), st.text(min_size=1), st.from_regex(r"[0-9]{12,19}", fullmatch=True), st.integers(1, 12)
)
async def test_what_is_kept_opens(scope: int, id: str, number: str, month: int) -> None:
    row = VAULT.keep(scope, "acct_1", id, Card(Secret(number), month, 2040), 1)
    assert await VAULT.open(scope, row) == Card(Secret(number), month, 2040)


@pytest.mark.shows("S7")
@pytest.mark.parametrize("elsewhere", ["scope", "id", "key", "table"])
async def test_it_opens_nowhere_else(elsewhere: str) -> None:
    """S7: swapped into another scope, row or table, or under another key, it does not open."""
    row = VAULT.keep(1, "acct_1", "card_1", CARD, 1)
    with pytest.raises(Unopenable):
        match elsewhere:
            case "scope":
                await VAULT.open(2, row)
            case "id":
                await VAULT.open(1, replace(row, id="card_2"))
            case "key":
                await VAULT.open(1, replace(row, key="vk_webhook"))
            case "table":
                await VAULT.unseal("vault_cvcs", 1, "card_1", Sealed(row.key, row.sealed))


@pytest.mark.shows("S7")
@given(st.data())
async def test_a_changed_byte_does_not_open(data: st.DataObject) -> None:
    row = VAULT.keep(1, "acct_1", "card_1", CARD, 1)
    at, by = data.draw(st.integers(0, len(row.sealed) - 1)), data.draw(st.integers(1, 255))
    changed = row.sealed[:at] + bytes([row.sealed[at] ^ by]) + row.sealed[at + 1 :]
    with pytest.raises(Unopenable):
        await VAULT.open(1, replace(row, sealed=changed))


@pytest.mark.parametrize("length", range(0, 40, 3))
async def test_a_cut_one_does_not_open(length: int) -> None:
    row = VAULT.keep(1, "acct_1", "card_1", CARD, 1)
    with pytest.raises(Unopenable):
        await VAULT.open(1, replace(row, sealed=row.sealed[:length]))


async def test_a_key_that_is_gone_is_told() -> None:
    row = replace(VAULT.keep(1, "acct_1", "card_1", CARD, 1), key="vk_gone")
    with pytest.raises(Unopenable, match="vk_gone"):
        await VAULT.open(1, row)


def test_no_two_seals_are_alike() -> None:
    rows = {VAULT.keep(1, "acct_1", "card_1", CARD, 1).sealed for _ in range(100)}
    assert len({sealed[:13] for sealed in rows}) == 100


@pytest.mark.shows("S3")
async def test_the_code_is_not_kept() -> None:
    """S3: two cards that differ in the code only are kept as the same text; what opens has none, but the one it is given."""
    assert len(VAULT.keep(1, "a", "i", CARD, 1).sealed) == len(VAULT.keep(1, "a", "i", replace(CARD, cvc=None), 1).sealed)
    row = VAULT.keep(1, "acct_1", "card_1", CARD, 1)
    assert (await VAULT.open(1, row)).cvc is None
    assert (await VAULT.open(1, row, Secret("123"))).cvc == "123"


@given(st.from_regex(r"[0-9]{12,19}", fullmatch=True))
@pytest.mark.shows("S2", "S4")
def test_a_fingerprint_is_an_accounts_own(number: str) -> None:
    """S4: the same number has one fingerprint in an account, another in another; 16 characters [A-Za-z0-9]."""
    mine = VAULT.fingerprint("acct_1", number)
    assert re.fullmatch("[A-Za-z0-9]{16}", mine)
    assert VAULT.keep(2, "acct_1", "card_9", Card(Secret(number), 1, 2040), 5).fingerprint == mine
    assert VAULT.fingerprint("acct_2", number) != mine
    other = Vault(Ring())
    other.keyring.newest["fingerprint"] = DataKey("vk_x", "fingerprint", 1, KeyBytes(b"x" * 32))
    assert other.fingerprint("acct_1", number) != mine


def test_a_row_shows_no_number() -> None:
    row = VAULT.keep(1, "acct_1", "card_1", CARD, 7)
    assert NUMBER not in repr(row)
    assert NUMBER.encode() not in row.sealed
    assert row == StoredCard("card_1", 0, "vk_card", row.sealed, row.fingerprint, 7)


async def test_other_secrets_are_kept_likewise() -> None:
    """A webhook endpoint's secret: any text, bound to its row."""
    sealed = VAULT.seal("webhook", "webhook_endpoints", 1, "we_1", "whsec_ключ")
    assert await VAULT.unseal("webhook_endpoints", 1, "we_1", sealed) == "whsec_ключ"
    with pytest.raises(Unopenable):
        await VAULT.unseal("webhook_endpoints", 1, "we_2", sealed)
