"""The ledger's daily digest: a closed day comes out the same for ever, its folder is checked without us, each lie is named."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from sluice.books.audit.listing import places
from sluice.books.digests import closing
from sluice.books.digests.body import body
from sluice.books.digests.closing import Closer, close, midnight, over
from sluice.books.digests.keys import SigningKeys
from sluice.books.digests.proof import UNCHANGED, days, signed
from sluice.books.ledger import Posting
from sluice.books.sequencer import catch_up
from sluice.cli.main import app
from sluice.core.clock import clock
from sluice.store.database import Database, prepare
from sluice.store.facts import Fact
from tests.unit.test_sequencer import event, slow_writer

pytest_plugins = ["tests.unit.vault_database"]
TODAY = datetime.fromtimestamp(clock.seconds(), UTC).date()
BEFORE = TODAY - timedelta(days=3)  # the first day on which anything happens
STORED = "select day, last, audited, body, key, signature from digests where scope = 1 order by day"


def sale(day: date, amount: int, scope: int = 1, hour: int = 12) -> Fact:
    """A fact with two postings, told at that hour."""
    at = midnight(day) + hour * 3_600
    told = event()
    told = type(told)(told.id, 0, told.type, told.object, 1, told.data, at, None, None)
    moves = (Posting(0, "rail", "pending", amount, "usd"), Posting(1, "pending", "fees", amount // 10, "usd"))
    return Fact("sale", scope, f"txn_{told.id}", lines=(*moves, told))


@pytest.fixture
async def three_days(db: Database, tmp_path: Path) -> Path:
    """Facts on two days with a day between, and today's; what is over is closed. The key file's place."""
    for day, amount in ((BEFORE, 100), (BEFORE, 250), (BEFORE + timedelta(days=2), 1_000), (TODAY, 70)):
        assert await db.write(sale(day, amount))
    file = tmp_path / "digest.key"
    await close(db, file, over(midnight(TODAY) + 3_600))
    return file


async def test_a_day_says_what_moved(db: Database, three_days: Path):
    """Opening, movements and closing of each account; the next day opens as the last one closed; a quiet day has none."""
    first, third = [json.loads(row["body"]) for row in await db.fetch(STORED)]
    assert [first["day"], third["day"]] == [str(BEFORE), str(BEFORE + timedelta(days=2))]
    assert first["postings"] | {"sha256": ""} == {"count": 4, "facts": 2, "sha256": ""}
    assert {one["account"]: (one["opening"], one["debits"], one["credits"], one["closing"]) for one in third["accounts"]} == {
        "fees": (35, 0, 100, 135), "pending": (315, 100, 1_000, 1_215), "rail": (-350, 1_000, 0, -1_350),
    }  # fmt: skip
    assert (first["previous"], third["events"]) == (None, {"after": 2, "last": 3})


async def test_the_same_day_is_the_same_bytes(db: Database, three_days: Path):
    """Digested again from the books, and closed again, nothing changes; the file of keys is 0600."""
    before = await db.fetch(STORED)
    assert await close(db, three_days, over(midnight(TODAY) + 3_600)) == 0
    async with db.transaction() as connection:
        async for row, day, previous in days(connection, 1):
            assert (await body(connection, day, previous, row["key"])).decode() == row["body"]
    assert await db.fetch(STORED) == before
    assert three_days.stat().st_mode & 0o777 == 0o600


async def test_what_commits_late_is_the_next_digests(db: Database, db_dsn: str, three_days: Path):
    """A fact of a closed day that commits afterwards moves no bound: it is in the digest that follows."""
    before = await db.fetch(STORED)
    async with slow_writer(db_dsn, sale(BEFORE, 40)) as transaction:
        await catch_up(db, 1, False)
        await transaction.commit()
    await close(db, three_days, TODAY)
    *earlier, last = await db.fetch(STORED)
    assert earlier == before
    assert json.loads(last["body"])["postings"]["facts"] == 2
    async with db.transaction() as connection:
        assert await UNCHANGED.look(connection, 1) is None


async def test_a_day_that_is_not_over_stays_open(db: Database, tmp_path: Path):
    """Nor is one closed within a minute after midnight, when its last facts are being committed."""
    assert over(midnight(TODAY) + 59) == TODAY - timedelta(days=2)
    assert over(midnight(TODAY) + 60) == TODAY - timedelta(days=1)
    await db.write(sale(TODAY, 100, hour=0))
    assert await close(db, tmp_path / "digest.key", over(midnight(TODAY) + 3_600)) == 0
    assert not (tmp_path / "digest.key").exists(), "no key is made before it is needed"


async def test_two_workers_close_a_day_once(db: Database, tmp_path: Path):
    """Both pass, one writes, and every digest is of the keys in the one file."""
    for n in range(6):
        await db.write(sale(BEFORE + timedelta(days=n // 2), 100 + n))
    closers = [Closer(db, tmp_path / "digest.key") for _ in range(2)]
    await asyncio.gather(*(closer.turn() for closer in closers))
    rows = await db.fetch(STORED)
    assert len(rows) == 3
    assert {row["key"] for row in rows} == {SigningKeys(tmp_path / "digest.key").newest}
    async with db.transaction() as connection:
        assert await signed(SigningKeys(tmp_path / "digest.key")).look(connection, 1) is None


async def test_an_older_key_is_known_for_ever(db: Database, three_days: Path):
    """A new key signs from now on; what the older one signed still proves."""
    SigningKeys(three_days).add()
    await close(db, three_days, TODAY)
    assert len({row["key"] for row in await db.fetch(STORED)}) == 2
    async with db.transaction() as connection:
        assert await signed(SigningKeys(three_days)).look(connection, 1) is None


LIES = {
    "an amount": "update postings set amount = 101 where amount = 100",
    "an account": "update postings set credit = 'available' where amount = 100",
    "a posting dropped": "delete from postings where amount = 25",
    "a whole fact dropped": "delete from postings where amount in (100, 10)",
    "a fact put in": "insert into postings select scope, fact, 2, debit, credit, 5, currency from postings where amount = 100",
    "moved to another day": "update event_numbers set number = 4 - number",
    "a sum in the digest": "update digests set body = replace(body, '\"closing\":35', '\"closing\":36')",
    "a digest dropped": "delete from digests where last = 2",
}


@pytest.mark.shows("S23")
@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_about_a_closed_day_is_named(db_dsn: str, three_days: Path, lie: str):
    """A posting that the owner changes, drops, adds or moves is named by its day, however well the rest fits."""
    owner: Any = await asyncpg.connect(db_dsn)
    await prepare(owner)
    undo = owner.transaction()
    await undo.start()
    if lie == "moved to another day":
        await owner.execute("alter table event_numbers drop constraint event_numbers_pkey")
    assert not (await owner.execute(LIES[lie])).endswith(" 0")
    found = await UNCHANGED.look(owner, 1)
    await undo.rollback()
    await owner.close()
    assert "of 20" in str(found)


def check(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """As the accountant does: another interpreter, nothing of ours on its path."""
    command = [sys.executable, "-I", "-S", str(folder / "verify.py"), *options]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


@pytest.fixture
async def exported(db_dsn: str, three_days: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLUICE_VAULT_KEY_FILE", str(three_days.with_name("vault.key")))
    command = ["ledger", "digest", "--export", str(tmp_path / "out"), "--database-url", db_dsn, "--json"]
    done = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert done.exit_code == 0, done.output
    assert [one["postings"] for one in json.loads(done.stdout)] == [4, 2]
    return tmp_path / "out"


@pytest.mark.shows("S23")
async def test_an_accountant_checks_without_the_server(exported: Path, three_days: Path):
    """The folder's own script, with the standard library alone: exit 0, with the key that was noted down and without."""
    key = SigningKeys(three_days)
    for options in ((), ("--key", key.public(key.newest).hex())):
        done = check(exported, *options)
        assert (done.returncode, done.stdout) == (0, "acct_1-test: 2 days hold\n"), done
    assert check(exported, "--key", "00" * 32).returncode == 1


def replaced(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


FIRST, LAST = str(BEFORE), str(BEFORE + timedelta(days=2))
FORGERIES: dict[str, Callable[[Path], object]] = {
    "an amount": lambda folder: replaced(folder / f"{FIRST}.jsonl", '"amount":100', '"amount":900'),
    "a line dropped": lambda folder: (folder / f"{LAST}.jsonl").write_text(""),
    "a sum": lambda folder: replaced(folder / f"{LAST}.json", '"closing":135', '"closing":136'),
    "a signature": lambda folder: replaced(folder / f"{LAST}.sig", (folder / f"{LAST}.sig").read_text()[:8], "00000000"),
    "another day's": lambda folder: (folder / f"{LAST}.json").rename(folder / f"{TODAY}.json"),
    "the key": lambda folder: (folder / "keys.json").write_text("{}"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_folder_does_not_hold(exported: Path, forgery: str):
    """The script names what does not hold, and exits with 1."""
    FORGERIES[forgery](exported / "acct_1-test")
    done = check(exported)
    assert done.returncode == 1
    assert done.stdout.startswith("acct_1-test: 20") or done.stderr


async def test_scopes_have_days_of_their_own(db: Database, tmp_path: Path):
    """Law 6: each digest holds its own scope's postings only."""
    await db.write(sale(BEFORE, 100))
    await db.write(sale(BEFORE, 900, scope=3))
    await close(db, tmp_path / "digest.key", over(clock.seconds()), "acct_2")
    assert not await db.fetch(STORED)
    await close(db, tmp_path / "digest.key", over(clock.seconds()))
    assert json.loads((await db.fetch(STORED))[0]["body"])["accounts"][0]["closing"] == 10
    assert [place.scope for place in await places(db, "acct_1")] == [1, 2]


async def test_a_day_closed_by_another_is_looked_at_again(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Who finds the day closed under his hands writes nothing, and goes on with the next."""
    await db.write(sale(BEFORE, 100))
    place, file, real = (await places(db, "acct_1"))[0], tmp_path / "digest.key", closing.body

    async def late(*given: Any) -> bytes:
        monkeypatch.setattr(closing, "body", real)
        await closing.close_one(db, file, over(clock.seconds()), place)
        return await real(*given)

    await catch_up(db, 1, False)
    monkeypatch.setattr(closing, "body", late)
    assert await closing.close_one(db, file, over(clock.seconds()), place)
    assert not await closing.close_one(db, file, over(clock.seconds()), place)
    assert len(await db.fetch(STORED)) == 1


async def test_a_second_of_the_future_holds_up_nothing(db: Database, tmp_path: Path):
    """F37: a fact that a clock gone wrong put into next week counts with the day that was being closed; days go on."""
    for day in (BEFORE, TODAY + timedelta(days=7), BEFORE, BEFORE + timedelta(days=1)):
        await db.write(sale(day, 100))
    assert await close(db, tmp_path / "digest.key", over(clock.seconds())) == 2
    assert [row["last"] for row in await db.fetch(STORED)] == [3, 4]
