"""A card's code waits a quarter of an hour at most, then it is gone."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from sluice.books.keyring import STALE, FileProvider
from sluice.books.vault.cvcs import HOUR, Cvcs, StoredCvc
from sluice.books.vault.envelope import Unopenable
from sluice.core import limits
from sluice.core.errors import Unavailable
from sluice.core.secrets import Secret
from sluice.store.database import Database
from sluice.store.facts import Fact

pytest_plugins = ["tests.unit.vault_database"]

NOW = 500_000 * HOUR + 3_000  # ten minutes before the hour is over
CODE = Secret("987")


@pytest.fixture
def provider(tmp_path: Path) -> FileProvider:
    return FileProvider(tmp_path / "master")


@pytest.fixture
async def cvcs(db: Database, provider: FileProvider) -> Cvcs:
    cvcs = Cvcs(db, provider)
    await cvcs.load(NOW)
    return cvcs


async def count(database: Database, table: str) -> int:
    (row,) = await database.fetch(f"select count(*) from {table}")
    return row[0]


async def test_it_waits_and_is_taken(cvcs: Cvcs, provider: FileProvider) -> None:
    """Law 8: written by the fact that makes the method, opened by any process, deleted in open's commit."""
    row = cvcs.hold(1, "pm_1", CODE, NOW)
    assert await cvcs.database.write(Fact("method.create", 1, "pm_1", new=[row]))
    read = await cvcs.database.one(StoredCvc, 1, "pm_1")
    assert read is not None
    assert await cvcs.open(1, read, NOW + 1) == CODE
    assert await Cvcs(cvcs.database, provider).open(1, read, NOW + 1) == CODE
    assert await cvcs.database.write(Fact("confirm.open", 1, "pi_1", gone=[read]))
    assert await count(cvcs.database, "vault_cvcs") == 0


@pytest.mark.parametrize(("after", "code"), [(0, CODE), (limits.CVC_SECONDS - 1, CODE), (limits.CVC_SECONDS, None)])
@pytest.mark.shows("S3")
async def test_its_time_is_short(cvcs: Cvcs, after: int, code: Secret | None) -> None:
    row = cvcs.hold(1, "pm_1", CODE, NOW)
    assert await cvcs.open(1, row, NOW + after) == code


@pytest.mark.shows("S7")
async def test_it_opens_for_its_method_only(cvcs: Cvcs) -> None:
    row = cvcs.hold(1, "pm_1", CODE, NOW)
    for scope, other in ((2, row), (1, replace(row, id="pm_2")), (1, replace(row, sealed=row.sealed[:-1] + b"\0\0"))):
        with pytest.raises(Unopenable):
            await cvcs.open(scope, other, NOW)


async def test_the_sweep_takes_what_is_over(cvcs: Cvcs) -> None:
    """Codes whose time is over go, in every scope; the others stay, and so does the key of their hour."""
    for scope, at in ((1, NOW), (3, NOW), (1, NOW + 100)):
        row = cvcs.hold(scope, f"pm_{at}", CODE, at)
        assert await cvcs.database.write(Fact("method.create", scope, row.id, new=[row]))
    await cvcs.sweep(NOW + limits.CVC_SECONDS)
    assert await count(cvcs.database, "vault_cvcs") == 1
    assert await count(cvcs.database, "vault_hours") == 1


@pytest.mark.shows("S3")
async def test_an_hours_key_goes_when_no_code_can_wait_under_it(cvcs: Cvcs, provider: FileProvider) -> None:
    """After it even a code found on the disk does not open: its key is nowhere."""
    last = (NOW // HOUR + 1) * HOUR - 1
    row = cvcs.hold(1, "pm_1", CODE, last)
    await cvcs.load(last + limits.CVC_SECONDS - 1)
    await cvcs.sweep(last + limits.CVC_SECONDS - 1)
    assert await count(cvcs.database, "vault_hours") == 2
    assert await cvcs.open(1, row, last + limits.CVC_SECONDS - 1) == CODE
    assert await Cvcs(cvcs.database, provider).open(1, row, last + limits.CVC_SECONDS - 1) == CODE
    await cvcs.load(last + limits.CVC_SECONDS + 1)
    await cvcs.sweep(last + limits.CVC_SECONDS + 1)
    assert await count(cvcs.database, "vault_hours") == 1
    assert await cvcs.open(1, replace(row, expires=last * 2), last) is None


async def test_each_hour_has_its_own_key(cvcs: Cvcs) -> None:
    """The next one's is there before the hour turns; without a key for its hour nothing is sealed."""
    turn = (NOW // HOUR + 1) * HOUR
    with pytest.raises(Unavailable):
        cvcs.hold(1, "pm_2", CODE, turn)
    await cvcs.load(turn - int(STALE))
    first, second = cvcs.hold(1, "pm_1", CODE, turn - 1), cvcs.hold(1, "pm_2", CODE, turn)
    assert first.hour != second.hour
    assert await cvcs.open(1, first, turn) == await cvcs.open(1, second, turn) == CODE


async def test_a_crash_of_the_database_costs_the_code_and_no_more(cvcs: Cvcs, provider: FileProvider) -> None:
    """UNLOGGED tables are empty after a crash: the process that goes on stores its key again."""
    lost = cvcs.hold(1, "pm_1", CODE, NOW)
    await cvcs.database.execute("delete from vault_hours")
    other = Cvcs(cvcs.database, provider)
    assert await other.open(1, lost, NOW + 1) is None
    await cvcs.load(NOW + 1)
    row = cvcs.hold(1, "pm_2", CODE, NOW + 1)
    assert await other.open(1, row, NOW + 2) == CODE


@pytest.mark.shows("S3")
async def test_waiting_codes_are_not_in_wal(db: Database) -> None:
    """Law 8: the tables that hold waiting codes and their keys are UNLOGGED, the only ones that are."""
    unlogged = await db.fetch("select relname from pg_class where relpersistence = 'u' and relkind = 'r'")
    assert {row["relname"] for row in unlogged} == {"vault_hours", "vault_cvcs"}
