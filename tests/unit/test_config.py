"""`sluice config`: every setting with its value and source; every secret with what changes it (O19)."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from sluice.books.keyring import FileProvider, Keyring
from sluice.cli.config import SECRETS
from sluice.cli.docs.man import every
from sluice.cli.main import app
from sluice.core.settings import NAMES, read_settings
from sluice.core.shown import ELSEWHERE, VALUES
from sluice.store.database import Database

pytest_plugins = ["tests.unit.vault_database"]


def shown(*words: str, **env: str) -> dict[str, tuple[Any, str]]:
    done = CliRunner().invoke(app, ["config", "show", "--json", *words], env=env)
    assert done.exit_code == 0, done.output
    return {row["name"]: (row["value"], row["source"]) for row in json.loads(done.stdout)}


@pytest.mark.shows("O19")
def test_each_setting_has_its_value_and_its_source(tmp_path: Path):
    """A flag before the environment before the data folder before the default."""
    (tmp_path / "bank.json").write_text('{"address": "127.0.0.1:9"}')
    found = shown("--data", str(tmp_path), "--port", "9000", SLUICE_LOG="debug", PORT="1", SLUICE_STRICT="1")
    assert found["SLUICE_DATA"] == (str(tmp_path), "flag")
    assert found["SLUICE_PORT"] == ("9000", "flag")
    assert found["SLUICE_LOG"] == ("debug", "environment")
    assert found["SLUICE_STRICT"] == ("1", "environment")
    assert found["SLUICE_BANK"] == ("127.0.0.1:9", "data folder")
    assert found["SLUICE_RAIL_SECONDS"][1] in ("default", "environment")
    assert found["SLUICE_HOST"] == ("127.0.0.1", "default")
    assert shown(PORT="7777")["SLUICE_PORT"] == ("7777", "environment")


@pytest.mark.shows("O19")
def test_no_setting_is_left_out():
    """A new one must say how it is shown."""
    assert set(VALUES) | set(ELSEWHERE) == {*NAMES, "DATABASE_URL"}
    assert list(shown()) == ["DATABASE_URL", *NAMES]


@pytest.mark.shows("O19")
def test_a_password_is_not_shown(tmp_path: Path):
    """From the variable, and from the file that keeps it."""
    url = "postgresql://sluice:hidden-word@127.0.0.1:5432/shop"
    masked = "postgresql://sluice:…@127.0.0.1:5432/shop"
    assert shown(DATABASE_URL=url)["DATABASE_URL"] == (masked, "environment")
    (tmp_path / "url").write_text(url)
    assert shown(DATABASE_URL_FILE=str(tmp_path / "url"))["DATABASE_URL"] == (masked, "file")
    (tmp_path / "DATABASE_URL").write_text(url)
    assert shown(CREDENTIALS_DIRECTORY=str(tmp_path))["DATABASE_URL"] == (masked, "file")


@pytest.mark.shows("O19")
def test_a_misspelt_setting_is_named_with_the_nearest(tmp_path: Path):
    """On standard error; the answer on standard output stays JSON."""
    done = CliRunner().invoke(app, ["config", "show", "--json"], env={"SLUICE_PROT": "1"})
    assert "SLUICE_PROT is not a setting of Sluice; did you mean SLUICE_PORT?" in done.stderr
    assert json.loads(done.stdout)


@pytest.mark.shows("O19")
def test_what_changes_a_secret_is_a_command():
    """Each kind of secret names one that exists."""
    commands = [name for name, _ in every(get_command(app))]
    assert [held.change for held in SECRETS if held.change not in commands] == []


@pytest.mark.shows("O19", "S7")
async def test_a_new_master_key_wraps_every_data_key(db: Database, db_dsn: str, tmp_path: Path):
    """The key file has one more line; what was sealed opens, with the old lines and with the newest alone."""
    env = {"DATABASE_URL": db_dsn, "SLUICE_DATA": str(tmp_path)}
    file = read_settings(data=tmp_path).vault_key_file
    ring = Keyring(db, FileProvider(file))
    await ring.load()
    sealed = ring.seal("card", b"here", "4242")
    done = await asyncio.to_thread(CliRunner().invoke, app, ["vault", "new-key"], env=env)
    assert done.exit_code == 0, done.output
    lines = file.read_text().splitlines()
    assert len(lines) == 2
    file.write_text(lines[1] + "\n")
    again = Keyring(db, FileProvider(file))
    await again.load()
    assert str(await again.unseal(b"here", sealed)) == "4242"
