"""S7: an answer that shows a secret once is replayed byte for byte, and lies nowhere in clear."""

import pytest

from sluice.books.keyring import FileProvider, Keyring
from sluice.books.vault.answers import keep, read
from sluice.books.vault.envelope import Unopenable
from sluice.store.database import Database

pytest_plugins = ["tests.unit.vault_database"]
BODY = '{"id": "we_1", "secret": "whsec_of_an_endpoint"}'


@pytest.fixture
async def ring(db: Database, tmp_path) -> Keyring:
    made = Keyring(db, FileProvider(tmp_path / "vault.key"))
    await made.load()
    return made


@pytest.mark.shows("S7")
async def test_it_reads_back_under_its_key_and_nowhere_else(ring: Keyring) -> None:
    """B-1.35: the stored body, byte for byte."""
    kept = keep(ring, 7, "k1", BODY)
    assert "whsec" not in kept
    assert await read(ring, 7, "k1", kept) == BODY
    for scope, key in ((7, "k2"), (8, "k1")):
        with pytest.raises(Unopenable):
            await read(ring, scope, key, kept)


async def test_what_was_not_sealed_is_read_as_it_is(ring: Keyring) -> None:
    """B-1.35: every other answer lies as it was given."""
    assert await read(ring, 7, "k1", BODY) == BODY
