"""`sluice rails`: accounts are added, listed in the order in which they are asked, closed, and never lost."""

import json

import pytest
from typer.testing import CliRunner

from sluice.cli.main import app
from sluice.merchants.rail_accounts import MOST

pytest_plugins = ["tests.unit.vault_database"]
NONE = [
    "nowhere", ":9001", "[]:9001", "host:", "host:0", "host:70000", "host:x", "host:²", "host:" + "9" * 5_000,
    "a..b:9001", "a" * 64 + ":9001",
]  # fmt: skip


class Sluice:
    """The command line over one database with one merchant."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        assert self.run("merchants", "add", "Flower shop") == 0

    def run(self, *words: str) -> int:
        done = CliRunner().invoke(app, [*words, "--database-url", self.dsn])
        self.out, self.error = done.stdout, str(done.exception or "")
        return done.exit_code

    def listed(self) -> list[tuple[str, str]]:
        assert self.run("rails", "list", "--json") == 0
        return [(row["name"], row["status"]) for row in json.loads(self.out)]


def test_accounts_in_their_order(db_dsn: str) -> None:
    """After the sandbox's own, or before it; closed and opened again."""
    sluice = Sluice(db_dsn)
    assert sluice.run("rails", "add", "Second", "--bank", "127.0.0.1:9001") == 0
    second = sluice.out.strip()
    assert sluice.run("rails", "add", "First", "--bank", "127.0.0.1:9002", "--first") == 0
    assert sluice.run("rails", "close", second) == 0
    assert sluice.listed() == [("First", "open"), ("The sandbox's bank", "open"), ("Second", "closed")]
    assert sluice.run("rails", "open", second) == 0
    assert sluice.listed()[-1] == ("Second", "open")


@pytest.mark.parametrize("bank", NONE)
def test_an_address_that_is_none(db_dsn: str, bank: str) -> None:
    """Refused with what it must be; nothing is written."""
    sluice = Sluice(db_dsn)
    assert sluice.run("rails", "add", "Second", "--bank", bank) == 1
    assert "HOST:PORT" in sluice.error
    assert len(sluice.listed()) == 1


def test_an_account_without_a_name(db_dsn: str) -> None:
    """Refused: a person must tell it from the others."""
    sluice = Sluice(db_dsn)
    assert sluice.run("rails", "add", " ", "--bank", "127.0.0.1:9001") == 1
    assert "name" in sluice.error
    assert len(sluice.listed()) == 1


def test_what_is_not_there_and_what_is_too_much(db_dsn: str) -> None:
    sluice = Sluice(db_dsn)
    assert sluice.run("rails", "close", "ra_none") == 1
    assert "sluice rails list" in sluice.error
    assert sluice.run("rails", "close", "sandbox") == 1
    assert "rails add --first" in sluice.error
    for _ in range(MOST):
        assert sluice.run("rails", "add", "More", "--bank", "127.0.0.1:9001") == 0
    assert sluice.run("rails", "add", "More", "--bank", "127.0.0.1:9001") == 1
