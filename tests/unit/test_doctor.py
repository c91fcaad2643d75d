"""`sluice doctor`: each fault that is planted is named with its cure; the cure clears it."""

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest
from typer.testing import CliRunner

from sluice.books.keyring import FileProvider, Keyring
from sluice.cli import doctor
from sluice.cli.main import app
from sluice.cli.probes import database, machine, work
from sluice.core.clock import clock
from sluice.core.settings import Settings, read_settings
from sluice.store.database import Database

pytest_plugins = ["tests.unit.vault_database"]
pytestmark = pytest.mark.shows("O3")


class Place(NamedTuple):
    """An installation in which all is well; `run` does a statement as the owner."""

    data: Path
    dsn: str
    port: int
    run: Callable[..., Any]

    @property
    def settings(self) -> Settings:
        return read_settings(data=self.data, database_url=self.dsn, port=self.port)

    async def faults(self) -> list[tuple[str, str, str]]:
        return [tuple(fault) for fault in await doctor.examine(self.data, self.port, self.dsn)]

    async def fault(self) -> tuple[str, str, str]:
        """The one."""
        [found] = await self.faults()
        return found


@contextmanager
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
async def place(tmp_path: Path, db: Database, db_dsn: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    for name in [name for name in os.environ if name.startswith("SLUICE_")] + ["DATABASE_URL", "PORT"]:
        monkeypatch.delenv(name, raising=False)
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    await Keyring(db, FileProvider(data / "vault.key")).load()
    owner: Any = await asyncpg.connect(db_dsn)
    await owner.execute(f"insert into workers values ('wk_1', 'here', 1, 1, {clock.seconds()})")
    with listening() as bank:
        (data / "bank.json").write_text(json.dumps({"address": f"127.0.0.1:{bank}"}))
        with listening() as free:
            pass
        yield Place(data, db_dsn, free, owner.execute)
    await owner.close()


async def test_all_is_well(place: Place) -> None:
    assert await place.faults() == []


def test_an_old_python() -> None:
    """The version that is there, and the one that is needed."""
    [(name, cause, _)] = machine.python((3, 10))
    assert (name, "3.10" in cause, "3.11" in cause) == ("python", True, True)
    assert list(machine.python()) == []


async def test_a_folder_that_others_can_look_into(place: Place) -> None:
    """S24: the cure is the command, and it helps."""
    place.data.chmod(0o777)
    name, cause, cure = await place.fault()
    assert (name, "mode 0777" in cause) == ("data folder", True)
    command, mode, path = cure.split()
    assert command == "chmod"
    Path(path).chmod(int(mode, 8))
    assert await place.faults() == []


async def test_a_folder_that_is_not_there(place: Place) -> None:
    shutil.rmtree(place.data)
    faults = {name: cure for name, _, cure in await place.faults()}
    assert faults["data folder"] == "sluice up"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_is_not_ours(place: Place) -> None:
    place.data.chmod(0o500)
    assert ("data folder", f"{place.data} cannot be written to by this user.") in [one[:2] for one in await place.faults()]


@pytest.mark.shows("S30")
async def test_a_key_file_that_others_can_read(place: Place) -> None:
    """Named once, though the database's own probe meets it too; the chmod clears it."""
    key = place.data / "vault.key"
    key.chmod(0o644)
    name, _, cure = await place.fault()
    assert (name, cure) == ("key file", f"chmod 600 {key}")
    key.chmod(0o600)
    assert await place.faults() == []


async def test_a_key_file_that_is_lost(place: Place) -> None:
    """S7: without it no card can be opened; it is not made anew."""
    key = place.data / "vault.key"
    key.rename(key.with_name("away"))
    name, cause, _ = await place.fault()
    assert (name, "is missing" in cause, key.exists()) == ("key file", True, False)


async def test_a_key_file_of_another_database(place: Place) -> None:
    (place.data / "vault.key").unlink()
    FileProvider(place.data / "vault.key")
    name, cause, cure = await place.fault()
    assert (name, "is not in" in cause) == ("key file", True)
    assert "belongs to this database" in cure


async def test_a_disk_that_is_nearly_full(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "ROOM", 1 << 60)
    name, cause, _ = await place.fault()
    assert (name, "MB are free" in cause) == ("disk", True)


@pytest.mark.shows("S30")
def test_a_clock_that_is_off() -> None:
    """More than a second from the database's."""
    assert database.drift(1000.0, 1000.9) is None
    fault = database.drift(1000.0, 998.5)
    assert fault
    assert (fault.name, "1.5 seconds apart" in fault.cause) == ("clock", True)


async def test_a_database_that_is_down(place: Place) -> None:
    """The name of the user may be told, never the password."""
    dsn = "postgresql://shop:hunter2@127.0.0.1:1/x"
    [(name, cause, cure)] = await doctor.examine(place.data, place.port, dsn)
    assert (name, "hunter2" in cause + cure) == ("database", False)
    assert "DATABASE_URL" in cure


async def test_a_name_that_nobody_knows(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS: the name, and the command that asks for it; who needs the database says the same; with the cure all is well."""
    real = socket.getaddrinfo
    unknown = "postgresql://shop:hunter2@db.shop.invalid/x"

    def nowhere(host: Any, *more: Any, **given: Any) -> Any:
        if host == "db.shop.invalid":
            raise socket.gaierror(-2, "Name or service not known")
        return real(host, *more, **given)

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    fault = ("dns", "The name db.shop.invalid in DATABASE_URL has no address.", "getent hosts db.shop.invalid")
    [(name, cause, cure)] = await doctor.examine(place.data, place.port, unknown)
    assert (name, cause, cure[-len(fault[2]) :]) == fault
    for command in (["keys", "list"], ["ledger", "verify"]):
        done = await asyncio.to_thread(CliRunner().invoke, app, [*command, "--database-url", unknown])
        assert str(done.exception) == f"{cause[0].lower()}{cause[1:-1]}: {cure[0].lower()}{cure[1:]}"
    assert await doctor.examine(place.data, place.port, place.dsn) == []


async def test_a_database_of_our_own_that_does_not_run(place: Place) -> None:
    """Looking starts nothing."""
    [(name, _, cure)] = await doctor.examine(place.data, place.port, None)
    assert (name, cure) == ("database", "sluice up")
    assert not (place.data / "postgres").exists()


async def test_a_database_that_is_too_old(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "OLDEST", 99)
    name, cause, _ = await place.fault()
    assert (name, "needs 99" in cause) == ("database version", True)


@pytest.mark.parametrize(("statement", "cure"), [
    ("delete from migrations where name like '0007%'", "sluice migrate"),
    ("drop table migrations", "sluice migrate"),
    ("insert into migrations values ('9999_later.sql', 'x', '99.0.0', '99.1.0')", "Run that version, or restore a backup."),
    ("update migrations set checksum = 'x' where name like '0001%'", "Reinstall Sluice."),
])  # fmt: skip
async def test_a_database_of_another_version(place: Place, statement: str, cure: str) -> None:
    """O13: what lies in its tables is not looked at, since it may mean something else."""
    await place.run(statement)
    name, _, found = await place.fault()
    assert (name, found) == ("migrations", cure)


async def test_a_role_that_is_missing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "ROLE", "sluice_nobody")
    name, cause, cure = await place.fault()
    assert (name, cause, cure) == ("database role", "The role sluice_nobody is missing.", "sluice migrate")


async def test_settings_that_are_wrong(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """O4, O19: all of them at once; a misspelt one with the nearest name."""
    monkeypatch.setenv("SLUICE_PORTT", "1")
    monkeypatch.setenv("SLUICE_LOG", "loud")
    monkeypatch.setenv("SLUICE_BANK", "nowhere")
    causes = " ".join(cause for name, cause, _ in await place.faults() if name == "environment")
    assert "did you mean SLUICE_PORT?" in causes
    assert "SLUICE_LOG" in causes
    assert "SLUICE_BANK" in causes


async def test_a_bank_that_does_not_answer(place: Place) -> None:
    (place.data / "bank.json").write_text(json.dumps({"address": "127.0.0.1:1"}))
    name, cause, cure = await place.fault()
    assert (name, "127.0.0.1:1" in cause, "sluice sandbox" in cure) == ("bank", True, True)


async def test_a_port_that_another_program_has(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence is the one with which `up` refuses."""
    monkeypatch.setattr(machine, "PATIENCE", 0.1)
    with listening() as taken:
        [(name, cause, cure)] = await doctor.examine(place.data, taken, place.dsn)
    assert (name, cause) == ("port", f"Port {taken} is in use by another program.")
    assert "--port 0" in cure


async def test_an_added_bank_that_does_not_answer(place: Place) -> None:
    """Named with its address; a closed account is nobody's worry."""
    await place.run("""insert into rail_accounts
        values (1, 'ra_9', 1, 5, 'sandbox', 'Second bank', 1, 'open', '{"bank": "127.0.0.1:1"}')""")
    (name, cause, cure), *_ = await place.faults()
    assert (name, "Second bank" in cause and "127.0.0.1:1" in cause, "rails close ra_9" in cure) == ("rail account", True, True)
    await place.run("update rail_accounts set status = 'closed'")
    assert await place.faults() == []


async def test_a_restore_whose_banks_were_not_asked(place: Place) -> None:
    """F32: the door is closed until then, so all is not well."""
    await place.run("update installation set restored = 5")
    name, cause, cure = await place.fault()
    await place.run("update installation set restored = null")
    assert (name, "no payment is taken" in cause, cure) == ("restored", True, "sluice recover")


async def test_a_worker_that_does_not_run(place: Place) -> None:
    await place.run("delete from workers")
    assert (await place.fault())[:2] == ("worker", "No worker runs: nothing is recovered, delivered or settled.")


async def test_a_worker_that_is_silent(place: Place) -> None:
    await place.run(f"update workers set beat = {clock.seconds() - work.SILENT - 40}")
    name, cause, cure = await place.fault()
    assert (name, "sign of life" in cause, "sluice worker" in cure) == ("worker", True, True)


OVERDUE = {
    "outbox": """insert into outbox (scope, fact) values (1, 'f');
        insert into events values (1, 'f', 'evt_1', 0, 't', 'o', 1, '{}', 5, null, null)""",
    "instructions": """insert into instructions
        values (1, 'ask_1', 1, 5, 's', 'refund', 'open', 'r', 'x', 't', 5, 0, null, '{}', null, '{}')""",
    "holds": """insert into charges
        values (1, 'ch_1', 1, 5, 'succeeded', 10, 'usd', 0, 0, 0, 5, null, null, null, null, 'ask_1', null, '{}')""",
    "audit log": """insert into audit_waiting values (1, 'aud_1', 1);
        insert into audit_entries values (1, 'aud_1', 1, 5, 'person', 'owner', 'a', '', 'done', '', '', null, '{}')""",
    "digests": """update scopes set numbered = 1 where scope = 1; insert into event_numbers values (1, 1, 'evt_1');
        insert into events values (1, 'f', 'evt_1', 0, 't', 'o', 1, '{}', 5, null, null)""",
    "deliveries": """insert into deliveries (scope, endpoint, number, event, object, due)
        values (1, 'we_1', 1, 'evt_1', 'o', 5);
        insert into webhook_endpoints
        values (1, 'we_1', 1, 5, 'http://x', 'enabled', '{*}', null, 5, null, 'k', '', '{}')""",
}


@pytest.mark.parametrize("what", OVERDUE)
async def test_what_is_overdue_is_counted(place: Place, what: str) -> None:
    """F28: a worker that runs and does not get on is seen by what lies there."""
    await place.run(OVERDUE[what])
    name, cause, _ = await place.fault()
    assert (name, cause.split()[0]) == (what, "1")


@pytest.mark.shows("O4")
def test_the_command_says_it_with_its_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """O4: JSON on standard output; exit 1 for a fault."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    given = ["doctor", "--data", str(tmp_path / "none"), "--port", "0"]
    done = CliRunner().invoke(app, [*given, "--json"])
    said = json.loads(done.stdout)
    assert (done.exit_code, said["well"]) == (1, False)
    assert {"data folder", "bank", "database"} <= {fault["name"] for fault in said["faults"]}
    assert all(fault["cause"] and fault["cure"] for fault in said["faults"])
    plain = CliRunner().invoke(app, given)
    assert "cure: sluice up" in plain.stdout
