"""`sluice audit` as a person, and as a script, reads it; and who he is."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from sluice.books.audit import chain
from sluice.cli.main import app
from sluice.cli.person import noted, person
from sluice.core.settings import read_settings
from sluice.store.database import Database

pytest_plugins = ["tests.unit.vault_database"]


@pytest.fixture(autouse=True)
def alice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOGNAME", "alice")
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("SSH_CONNECTION", "198.51.100.7 50000 192.0.2.1 22")
    monkeypatch.setenv("SLUICE_DATA", str(tmp_path))


async def sluice(dsn: str, *words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, [*words, "--database-url", dsn])


@pytest.mark.shows("S23", "O4")
async def test_a_command_is_told_with_its_person(db: Database, db_dsn: str):
    """Who made a key, rolled it and ended it, from where, with what it was before: as lines, and as JSON lines."""
    merchant = ("--merchant", "acct_1")
    await sluice(db_dsn, "keys", "create", "--kind", "restricted", "--permission", "charge=read", *merchant)
    key = (await db.fetch("select id from api_keys"))[0]["id"]
    await sluice(db_dsn, "keys", "roll", key, *merchant)
    await sluice(db_dsn, "keys", "revoke", key, *merchant)
    await chain.sweep(db)
    told = [json.loads(line) for line in (await sluice(db_dsn, "audit", "list", "--json")).stdout.splitlines()]
    assert [(one["number"], one["action"], one["actor"], one["address"]) for one in told] == [
        (n, action, "alice", "198.51.100.7") for n, action in enumerate(("keys.create", "keys.roll", "keys.revoke"), 1)
    ]
    assert told[0]["detail"]["permissions"] == {"charge": "read"}
    assert [told[2]["detail"][when]["revoked"] is None for when in ("before", "after")] == [True, False]
    [line] = (await sluice(db_dsn, "audit", "list", "--action", "keys.revoke")).stdout.splitlines()
    assert f"[acct_1, test 3] person alice keys.revoke {key} done from 198.51.100.7" in line


@pytest.mark.shows("S23", "O4")
async def test_a_log_that_holds_and_one_that_does_not(db: Database, db_dsn: str):
    """Exit 0 with the heads, exit 1 with the row that was changed, in words and as JSON; each proof is an entry itself."""
    await sluice(db_dsn, "ledger", "verify")
    await chain.sweep(db)
    holds = await sluice(db_dsn, "audit", "verify", "--json")
    said = json.loads(holds.stdout)
    assert (holds.exit_code, said["holds"], said["chains"][0]["entries"]) == (0, True, 1)
    assert "The audit log holds: 1 entries" in (await sluice(db_dsn, "audit", "verify")).stdout
    owner: Any = await asyncpg.connect(db_dsn)
    await owner.execute("update audit_entries set result = 'lie' where action = 'ledger.verify'")
    await owner.close()
    lies = await sluice(db_dsn, "audit", "verify", "--json")
    assert (lies.exit_code, json.loads(lies.stdout)["lie"]["id"]) == (1, "number 1")
    plain = await sluice(db_dsn, "audit", "verify")
    assert "does not hold. audit_chain number 1" in plain.stdout
    assert plain.stdout.rstrip().endswith("(installation)")


def test_who_sits_there(monkeypatch: pytest.MonkeyPatch):
    """The system's user; behind sudo, who called it; without SSH, this machine."""
    assert person() == ("person", "alice", "198.51.100.7")
    monkeypatch.setenv("SUDO_USER", "bob")
    monkeypatch.delenv("SSH_CONNECTION")
    assert person().actor == "bob as alice"
    assert person().address


def test_an_entry_that_cannot_be_written_fails_nothing(postgres_server: str, capsys: pytest.CaptureFixture[str]):
    """A backup of a database that another version made is made; only its entry is missing, and that is said."""
    noted(read_settings(), str(postgres_server), "backup", "base-1")
    assert "the audit log has no entry of this backup: " in capsys.readouterr().err


async def test_a_day_is_asked_for_by_name(db_dsn: str):
    """One that is not over, and a word that is no day, are refused in a sentence."""
    for day, words in (("2999-01-01", "is not over yet"), ("yesterday", "is no day")):
        done = await sluice(db_dsn, "ledger", "digest", "--day", day)
        assert done.exit_code == 1
        assert words in str(done.exception)
