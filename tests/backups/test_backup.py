"""A base backup and the log behind it: how far a restore reaches, what is refused, what is not in it."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.backups.installation import BankApart, Installation
from tests.harness import Shop
from tests.harness.processes import ROOT, until
from tests.kills.books import fall_quiet

# All that was written has come to the receiver, and lies on its disk.
RECEIVED = (
    """select count(*) from pg_stat_replication where application_name like '%receivewal' and flush_lsn >= $1::text::pg_lsn"""
)
WRITTEN = "select pg_current_wal_flush_lsn()::text lsn"


@pytest.fixture
def running(place: Path) -> Iterator[Installation]:
    with BankApart(place) as bank, Installation(place / "data", bank) as running:
        yield running


@pytest.mark.slow
@pytest.mark.shows("F32")
def test_a_followed_backup_reaches_the_last_payment(running: Installation, place: Path):
    """Paid after the base backup, and still there after a restore of base and log; a base alone knows only what was before."""
    shop, folder = Shop(running), place / "backups"
    shop.pays(1000)
    with followed(running, folder):
        until(lambda: list(folder.glob("base-*/manifest.json")), running)
        moment = int(time.time()) + 1
        until(lambda: time.time() > moment, running)
        for _ in range(3):
            shop.pays(1000)
        fall_quiet(shop)
        written = as_owner(running, WRITTEN)
        until(lambda: as_owner(running, RECEIVED, written), running)
    proof = proved(running, folder)
    assert (proof["holds"], proof["proved"]["intents"], proof["epoch"]) == (True, 4, 2)
    at_that_time = proved(running, folder, "--to-time", f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}")
    assert (at_that_time["holds"], at_that_time["proved"]["intents"]) == (True, 1)
    for beyond, word in (("1d", "was taken after"), (str(moment + 86_400), "ends before")):
        assert word in running.sluice("restore", str(folder), "--prove", "--to-time", beyond).stderr
    shutil.rmtree(folder / "wal")
    assert proved(running, folder)["proved"]["intents"] == 1
    assert not list(place.glob("*.restoring"))


def as_owner(running: Installation, sql: str, *args: str) -> Any:
    """The one value; the application's role does not see who receives."""

    async def ask() -> Any:
        connection = await asyncpg.connect(running.dsn)
        try:
            return await connection.fetchval(sql, *args)
        finally:
            await connection.close()

    return running.run(ask())


def followed(running: Installation, folder: Path) -> "subprocess.Popen[bytes]":
    """`sluice backup --follow`, ended with the block."""

    class Ended(subprocess.Popen[bytes]):
        def __exit__(self, *how: object) -> None:
            self.terminate()
            super().__exit__(*how)  # type: ignore[arg-type]

    env = {**os.environ, "PYTHONPATH": str(ROOT)} | running.env
    return Ended([sys.executable, "-m", "sluice.cli.main", "backup", "--follow", "--to", str(folder)], env=env)


def proved(running: Installation, folder: Path, *words: str) -> dict[str, Any]:
    done = running.sluice("restore", str(folder), "--prove", "--json", *words)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.shows("S3")
def test_what_is_in_a_backup_and_what_is_refused(running: Installation, place: Path):
    """Neither the vault's key file nor codes that wait; a changed file, a full data folder and a half backup are refused."""
    folder = place / "backups"
    made = running.sluice("backup", "--to", str(folder))
    assert "Not in it" in made.stdout
    (base,) = folder.glob("base-*")
    assert base.stat().st_mode & 0o077 == 0
    assert not [name for name in names(base) if "vault.key" in name]
    for table in ("vault_cvcs", "vault_hours"):
        file = as_owner(running, "select pg_relation_filepath($1::text::regclass)", table)
        assert [name.removeprefix("./") for name in names(base) if file in name] == [f"{file}_init"]
    manifest = json.loads((base / "manifest.json").read_bytes())
    assert (manifest["format"], manifest["epoch"], manifest["embedded"]) == (1, 1, True)

    full = running.sluice("restore", str(folder))
    assert (full.returncode, "is not empty: restore into a new folder" in full.stderr) == (1, True)
    with (base / "base.tar.gz").open("ab") as file:
        file.write(b"x")
    spoiled = running.sluice("restore", str(folder), "--prove")
    assert (spoiled.returncode, "is not what was backed up" in spoiled.stderr) == (1, True)
    (base / "manifest.json").unlink()
    half = running.sluice("restore", str(folder), "--prove")
    assert (half.returncode, "holds no whole backup" in half.stderr) == (1, True)


def names(base: Path) -> list[str]:
    with tarfile.open(base / "base.tar.gz") as files:
        return files.getnames()
