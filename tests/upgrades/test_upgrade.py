"""`sluice upgrade` beside the release that goes on paying: rehearsed, killed at each step, rolled back; and its notes."""

import json
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from sluice import __version__
from sluice.cli import changelog, rehearsal
from sluice.store.migrate import numbers, steps
from tests.backups.installation import BankApart, Installation, folder_for_all
from tests.harness import Bank
from tests.kills.books import agree, fall_quiet
from tests.upgrades.release import Release, said, sluice
from tests.upgrades.side_by_side import OldShop, Payer

FEW = [("after", "upgrade.backup"), ("before", "upgrade.test"), ("after", "upgrade.switch")]
RELEASED = 8  # migrations of 0.1.0
NUMBERS = count()
ROWS = "select (select count(*) from events) events, (select count(*) from migrations) migrations"
CONTRACT = "insert into migrations values ('0099_contract.sql', 'x', '0.2.0', '0.2.0')"


class Running(Installation):
    """The release over a data folder, and HEAD's commands beside it."""

    def __init__(self, data: Path, bank: Bank, release: Release) -> None:
        super().__init__(data, bank)
        self.release = release

    def bring(self) -> None:
        said(self.old("migrate"))

    def old(self, *words: str, **env: str) -> Any:
        return sluice(
            self.release, *words, data=self.data, **{"SLUICE_VAULT_KEY_FILE": self.env["SLUICE_VAULT_KEY_FILE"]} | env
        )

    def start_api(self) -> None:
        number = self.listener.fileno()
        env = {"SLUICE_LISTENER": str(number)} | self.release.env
        self.spawn("api", ["-m", "sluice.cli.main", "api"], env, (number,))

    def start_worker(self, **env: str) -> None:
        self.spawn("worker", ["-m", "sluice.cli.main", "worker"], self.release.env | env)

    def comes_back(self) -> None:
        """The old program, started anew."""
        for name in ("api", "worker"):
            self.processes[name].stop()
        self.start_api()
        self.start_worker()
        self.wait()


@pytest.fixture
def running(release: Release) -> Iterator[Running]:
    with folder_for_all() as folder, BankApart(folder) as bank, Running(folder / "data", bank, release) as running:
        yield running


@pytest.mark.slow
@pytest.mark.shows("O12", "O14")
def test_a_rehearsal_tells_and_changes_nothing(running: Running):
    """On a copy, while the release pays on: locks and time of each step, the ledger before and after, a payment, each check."""
    shop = OldShop(running)
    payer = Payer(running.url, shop.secret, "old")
    payer.start()
    done = running.sluice("upgrade", "--rehearse", "--json")
    payer.stop()
    assert done.returncode == 0, done.stderr + done.stdout
    lines = {line["what"]: line for line in json.loads(done.stdout)}
    assert all(line["well"] for line in lines.values())
    assert "0011_installation.sql" in lines["migrate"]["said"]
    assert "installation AccessExclusiveLock" in lines["migrate"]["said"]
    assert lines["the ledger before"]["said"].startswith("holds: ")
    assert lines["the ledger after"]["said"].endswith("checks in 2 scopes")
    broken = changelog.breaking(changelog.since("0.1.0"))
    assert {what for what in lines if what.startswith("breaking: ")} == {f"breaking: {one.check}" for one in broken}
    assert running.fetch(ROWS)[0]["migrations"] == RELEASED
    assert payer.intents
    assert payer.refused == []
    assert '"holds": true' in said(running.old("ledger", "verify", "--json"))


@pytest.mark.slow
@pytest.mark.shows("O12")
def test_killed_at_any_step_and_rolled_back_the_old_answers(running: Running, tmp_path: Path, whole: bool):
    """SIGKILL before and after each step; after `rollback` the release pays again, and no payment is missing."""
    shop = OldShop(running)
    before = len(pay(running, shop).intents)
    for number, (how, name) in enumerate(every_cell() if whole else FEW):
        broken = running.sluice("upgrade", SLUICE_FAULTS=f"{how}:{name}:{tmp_path / str(number)}")
        assert broken.returncode == -signal.SIGKILL, (how, name, broken.stderr)
        back = running.sluice("rollback", "--to", "0.1.0")
        assert "Sluice 0.1.0 may run" in said(back)
        running.comes_back()
        before += len(pay(running, shop).intents)
    assert f"ready for Sluice {__version__}" in said(running.sluice("upgrade"))
    notes = json.loads(said(running.sluice("upgrade", "--notes", "--json")))
    assert (notes["from"], notes["to"]) == (__version__, __version__)
    assert "Sluice 0.1.0 may run" in said(running.sluice("rollback"))
    assert '"holds": true' in said(running.old("ledger", "verify", "--json"))
    fall_quiet(shop)
    assert len(shop.v1.payment_intents.list({"limit": 100}).data) == before
    assert agree(shop).taken > 0

    running.run(contract(running))
    refused = running.sluice("rollback")
    assert refused.returncode == 1
    assert "0099_contract.sql took away what Sluice 0.1.0 needs. Restore the backup: sluice restore /" in refused.stderr


def every_cell() -> list[tuple[str, str]]:
    """In the order in which the steps come: what was made before a death is not made again."""
    migrated = [*(f"migrate.{step.name}" for step in steps()[RELEASED:]), "migrate.grant"]
    names = ["upgrade.backup", *migrated, "upgrade.test", "upgrade.switch"]
    return [(how, name) for name in names for how in ("before", "after")]


async def contract(running: Running) -> None:
    connection = await asyncpg.connect(running.dsn)
    await connection.execute(CONTRACT)
    await connection.close()


def pay(running: Running, shop: OldShop) -> Payer:
    """A few payments of the release; none is refused."""
    payer = Payer(running.url, shop.secret, f"old {next(NUMBERS)}")
    payer.start()
    while not payer.paid(2):
        payer.join(0.05)
    payer.stop()
    assert payer.refused == []
    return payer


@pytest.mark.shows("O14")
def test_each_breaking_line_has_its_check():
    """In the changelog `**breaking**` stands with a check's name; each check belongs to a line; versions fall."""
    text = changelog.whole()
    lines = changelog.breaking(changelog.sections(text))
    assert len(lines) == len(changelog.MARKED.findall(text))
    assert {one.check for one in lines} == rehearsal.CHECKS.keys()
    versions = [numbers(one.version) for one in changelog.sections(text) if one.version]
    assert versions == sorted(versions, reverse=True)
    assert [one.version for one in changelog.since("0.1.0")][-1] != "0.1.0"


def test_notes_are_those_between_two_versions():
    """The newest first; what is not released is after every version."""
    text = "# Changelog\n\n## Unreleased\n\n- a\n\n## 0.3.0 - 2027-01-01\n\n- **breaking** (x-y): b\n\n## 0.2.0\n\n- c\n"
    found = changelog.sections(text)
    assert [one.version for one in found] == [None, "0.3.0", "0.2.0"]
    assert changelog.breaking(found) == [changelog.Broken("x-y", "b")]
