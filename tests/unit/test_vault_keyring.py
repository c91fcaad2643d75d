"""Keys at rest: the file of master keys, and the data keys under them."""

import asyncio
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import pytest

from sluice.books.keyring import STALE, FileProvider, Keyring, Purpose
from sluice.books.vault.key_file import KeyFileTrouble
from sluice.core.errors import Unavailable
from sluice.store.database import Database

pytest_plugins = ["tests.unit.vault_database"]


@pytest.mark.shows("S7")
def test_the_file_is_ours_alone(tmp_path: Path) -> None:
    """S7: made 0600 in a folder 0700."""
    path = tmp_path / "keys" / "master"
    FileProvider(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
@pytest.mark.shows("S30")
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master"
    FileProvider(path)
    path.chmod(mode)
    with pytest.raises(KeyFileTrouble, match=f"can be read by others .*chmod 600 {path}"):
        FileProvider(path)


@pytest.mark.parametrize("text", ["", "\n", "one\n", "mk_1 !!!\n", "mk_1 AAAA\n", "mk_1 AAAA extra\n"])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "master"
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(KeyFileTrouble, match=str(path)):
        FileProvider(path)


def test_many_who_begin_at_once_make_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        providers = list(threads.map(lambda _: FileProvider(tmp_path / "keys" / "master"), range(8)))
    assert len({str(list(map(bytes.hex, provider.masters.values()))) for provider in providers}) == 1


def test_many_who_add_at_once_lose_none(tmp_path: Path) -> None:
    providers = [FileProvider(tmp_path / "master") for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(FileProvider.add, providers))
    assert len(FileProvider(tmp_path / "master").masters) == 9


def test_a_new_master_wraps_and_the_old_still_unwraps(tmp_path: Path) -> None:
    """Also for a process that read the file before the new master came."""
    early, late = FileProvider(tmp_path / "master"), FileProvider(tmp_path / "master")
    old = early.wrap(b"k" * 32)
    late.add()
    new = late.wrap(b"n" * 32)
    assert old.partition(b":")[0] != new.partition(b":")[0]
    assert late.unwrap(old) == b"k" * 32
    assert early.unwrap(new) == b"n" * 32


def test_another_deployments_file_is_told(tmp_path: Path) -> None:
    wrapped = FileProvider(tmp_path / "a").wrap(b"k" * 32)
    with pytest.raises(KeyFileTrouble, match="Put back the file"):
        FileProvider(tmp_path / "b").unwrap(wrapped)


async def test_each_purpose_has_one_first_key(db: Database, tmp_path: Path) -> None:
    """Eight processes start at once: all end with the same ring."""
    rings = [Keyring(db, FileProvider(tmp_path / "master")) for _ in range(8)]
    await asyncio.gather(*(ring.load() for ring in rings))
    for purpose in get_args(Purpose):
        assert len({bytes(ring.current(purpose).secret) for ring in rings}) == 1
    assert {len(ring.keys) for ring in rings} == {len(get_args(Purpose))}


@pytest.mark.shows("S5")
async def test_a_ring_shows_no_key(db: Database, tmp_path: Path) -> None:
    """Law 8: neither repr, str nor format of what holds a key holds it."""
    ring = Keyring(db, FileProvider(tmp_path / "master"))
    await ring.load()
    key = ring.current("card")
    for shown in (repr(ring.keys), str(key), f"{key.secret} {key.secret!r}", repr(vars(ring.provider)), str([key.secret])):
        assert repr(bytes(key.secret))[2:-1] not in shown
        assert shown.count("\\x") == 0


@pytest.mark.shows("F50")
async def test_a_stale_ring_seals_nothing(db: Database, tmp_path: Path) -> None:
    """F50: a process that could not read its ring may hold a newest key that has retired meanwhile."""
    ring = Keyring(db, FileProvider(tmp_path / "master"))
    with pytest.raises(Unavailable):
        ring.current("card")
    await ring.load()
    ring.loaded -= STALE + 1
    with pytest.raises(Unavailable):
        ring.current("card")
    await ring.load()
    ring.current("card")


async def test_all_data_keys_move_to_a_new_master(db: Database, tmp_path: Path) -> None:
    provider = FileProvider(tmp_path / "master")
    ring = Keyring(db, provider)
    await ring.load()
    before = {id: bytes(key.secret) for id, key in ring.keys.items()}
    provider.add()
    await ring.rewrap()
    newest = list(provider.masters)[-1]
    wrapped = await db.fetch("select wrapped from vault_keys")
    assert {row["wrapped"].partition(b":")[0].decode() for row in wrapped} == {newest}
    again = Keyring(db, FileProvider(tmp_path / "master"))
    await again.load()
    assert {id: bytes(key.secret) for id, key in again.keys.items()} == before
