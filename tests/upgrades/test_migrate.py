"""`sluice migrate` killed at every step, started twice, and in front of a long transaction; versions that refuse each other."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from sluice import __version__
from sluice.core.secrets import Secret
from sluice.store import migrate as runner
from sluice.store.migrate import Mismatch, Step, check, migrate, numbers, steps
from tests.kills.breakable import HOWS, effects_in
from tests.postgres import new_database
from tests.upgrades.release import HEAD, Release, said, sluice

SCHEMA = """select table_name, column_name, data_type, column_default from information_schema.columns
    where table_schema = 'public' order by 1, 2"""
INDEXES = "select indexname, indexdef from pg_indexes where schemaname = 'public' order by 1"
GRANTED = """select table_name, privilege_type from information_schema.role_table_grants
    where grantee = 'sluice_app' order by 1, 2"""
MADE = "select name, needs, version from migrations order by name"
CONTRACTED = "insert into migrations values ('0099_contract.sql', 'x', '0.2.0', '0.2.0')"
RELEASED = 8  # migrations of 0.1.0
STATE = (SCHEMA, INDEXES, GRANTED, MADE)


@pytest.fixture
def old(empty_database: Secret, release: Release, tmp_path: Path) -> Secret:
    """A database as the release made it."""
    said(sluice(release, "migrate", data=tmp_path, DATABASE_URL=empty_database))
    return empty_database


@asynccontextmanager
async def copied(dsn: Secret, server: Secret) -> AsyncIterator[Secret]:
    """Another database just like it; nobody may be connected to the first."""
    async with new_database(server, template=urlsplit(dsn).path[1:]) as copy:
        yield copy


async def state(dsn: str) -> list[Any]:
    """All that a migration makes: columns, indexes, rights, and what is kept of the steps."""
    connection = await asyncpg.connect(dsn)
    try:
        return [[tuple(row) for row in await connection.fetch(sql)] for sql in STATE]
    finally:
        await connection.close()


def test_every_migration_declares_what_it_does_to_older_programs():
    """`-- expand`, or `-- contract: needs programs from … on`; none is asked to be newer than the program itself."""
    assert steps()
    assert all(numbers(step.needs) <= numbers(__version__) for step in steps())
    with pytest.raises(ValueError, match="must declare"):
        _ = Step("0099_undeclared.sql", "create table x ()").needs


def test_no_expanding_migration_takes_anything_away():
    """Older programs read every table and column by its name: none is dropped, renamed, retyped or newly required."""
    expanding = [step for step in steps() if step.sql.startswith("-- expand")]
    assert [step.name for step in expanding if takes_away(step.sql)] == []
    assert takes_away("alter table a drop column b;")
    assert takes_away("alter table a add column b int not null;")


def takes_away(sql: str) -> bool:
    said = [line.partition("--")[0].lower() for line in sql.splitlines()]
    statements = " ".join(said).split(";")
    words = (" drop column ", " rename ", " type ", " set not null")
    return any(
        one.split()[:2] == ["alter", "table"]
        and (any(word in one for word in words) or ("not null" in one and " default " not in one and " generated " not in one))
        for one in statements
    )


@pytest.mark.slow
@pytest.mark.shows("F42")
async def test_killed_at_any_step_it_is_run_again(old: Secret, postgres_server: Secret, tmp_path: Path, whole: bool):
    """SIGKILL before and after each statement and commit, and an answer lost: what stands is whole, the next run ends it."""
    names = tmp_path / "effects"
    async with copied(old, postgres_server) as dsn:
        said(migrated(dsn, tmp_path, f"list:{names}"))
        wanted = await state(dsn)
    effects = effects_in(names)
    assert len([name for name in effects if name.endswith(".sql.sql")]) == len(steps()) - RELEASED
    assert effects[-1] == "migrate.grant"
    cells = [(how, name) for name in effects for how in HOWS]
    for number, (how, name) in enumerate(cells if whole else cells[:: len(HOWS) + 1]):
        async with copied(old, postgres_server) as dsn:
            broken = migrated(dsn, tmp_path, f"{how}:{name}:{tmp_path / str(number)}")
            assert broken.returncode == (1 if how == "lost" else -signal.SIGKILL), broken.stderr
            said(migrated(dsn, tmp_path))
            assert await state(dsn) == wanted, (how, name)


def migrated(dsn: str, data: Path, faults: str = "") -> "subprocess.CompletedProcess[str]":
    return sluice(HEAD, "migrate", data=data, DATABASE_URL=dsn, SLUICE_FAULTS=faults)


@pytest.mark.shows("F42")
async def test_started_twice_at_once_each_step_is_made_once(old: Secret):
    """Four of them, through one lock: together they make what one makes, and all end well."""
    done = await asyncio.gather(*(migrate(old) for _ in range(4)))
    made = [step.name for one in done for step in one]
    assert sorted(made) == [step.name for step in steps()[RELEASED:]]
    assert await migrate(old) == []


@pytest.mark.shows("F42")
async def test_a_long_transaction_is_named_and_holds_nobody_else_up(
    old: Secret, monkeypatch: pytest.MonkeyPatch, one_more_step: Step
):
    """Waited for by moments, then a sentence that names who holds the lock; a query behind it never waits longer than that."""
    monkeypatch.setattr(runner, "LOCK_MS", 100)
    monkeypatch.setattr(runner, "LOCK_PAUSE", 0.05)
    await migrate_all_but(old, one_more_step, monkeypatch)
    holder = await asyncpg.connect(old, server_settings={"application_name": "a long report"})
    async with holder.transaction():
        await holder.execute("select count(*) from merchants")
        migrating = asyncio.ensure_future(migrate(old))
        other = await asyncpg.connect(old)
        while not migrating.done():
            await asyncio.wait_for(other.fetch("select count(*) from merchants"), 10)
            await asyncio.sleep(0.01)
        await other.close()
        with pytest.raises(Mismatch, match=r"process \d+ \(a long report\) holds a lock .* try again"):
            await migrating
    await holder.close()
    assert [step.name for step in await migrate(old)] == [one_more_step.name]


@pytest.fixture
def one_more_step() -> Step:
    """It asks for the heaviest of locks."""
    return Step("0099_later.sql", "-- expand\nalter table merchants add column later text;")


async def migrate_all_but(dsn: str, last: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that this program brings; from now on it brings one more."""
    await migrate(dsn)
    every = [*steps(), last]
    monkeypatch.setattr(runner, "steps", lambda: every)


@pytest.mark.shows("O13")
async def test_an_older_program_of_the_same_major_runs_on(old: Secret, release: Release, tmp_path: Path):
    """The release on a database that HEAD has migrated: it starts, grants nothing anew, and changes not one byte."""
    await migrate(old)
    before = await state(old)
    assert said(sluice(release, "migrate", data=tmp_path, DATABASE_URL=old)) == "nothing to apply"
    assert '"holds": true' in said(sluice(release, "ledger", "verify", "--json", data=tmp_path, DATABASE_URL=old))
    assert await state(old) == before


@pytest.mark.shows("O13")
@pytest.mark.parametrize("words", [("migrate",), ("ledger", "verify"), ("api",), ("worker",)], ids=str)
async def test_after_a_contract_the_older_program_is_refused(old: Secret, release: Release, tmp_path: Path, words: Any):
    """One sentence and exit 1, from each of its commands; not one byte is changed."""
    await migrate(old)
    await run(old, CONTRACTED)
    before = await state(old)
    done = sluice(release, *words, data=tmp_path, DATABASE_URL=old, SLUICE_PORT="0")
    assert done.returncode == 1
    assert "needs a program from 0.2.0 on; this is 0.1.0, and has changed nothing" in done.stderr
    assert await state(old) == before


@pytest.mark.shows("O13")
@pytest.mark.parametrize("words", [("ledger", "verify"), ("api",), ("worker",)], ids=str)
async def test_a_newer_program_refuses_an_older_database(old: Secret, tmp_path: Path, words: Any):
    """Before it was migrated: a sentence that says how, exit 1, not one byte changed."""
    before = await state(old)
    done = sluice(HEAD, *words, data=tmp_path, DATABASE_URL=old, SLUICE_PORT="0")
    assert done.returncode == 1
    assert "run `sluice migrate`" in done.stderr
    assert await state(old) == before


@pytest.mark.shows("O13")
async def test_another_major_is_refused_whatever_it_did(old: Secret, monkeypatch: pytest.MonkeyPatch):
    """Its steps need programs of that major, though they only add."""
    monkeypatch.setattr(runner, "__version__", "1.0.0")
    later = Step("0099_later.sql", "-- expand\ncreate table later ();")
    await migrate_all_but(old, later, monkeypatch)
    await migrate(old)
    monkeypatch.undo()
    with pytest.raises(Mismatch, match=r"migrated by Sluice 1.0.0 .* needs a program from 1.0.0 on"):
        await check(old)


async def run(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(sql)
    await connection.close()
