"""S30: what stands between an installation and live mode is named with its cure, and the cure clears it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sluice.cli import doctor
from sluice.cli.probes.live import password
from sluice.core.debugging import switches
from sluice.core.settings import read_settings
from tests.unit.test_doctor import Place
from tests.unit.test_doctor import place as place  # the fixture

pytest_plugins = ["tests.unit.vault_database"]
pytestmark = pytest.mark.shows("S30")

WELL = {
    "SLUICE_PUBLIC_URL": "https://pay.shop.example",
    "SLUICE_TRUSTED_PROXIES": "10.0.0.0/8",
    "SLUICE_SINGLE_NODE": "accepted",
}
TAKES_LIVE = "insert into rail_accounts values (2, 'ra_1', 1, 5, 'iso8583', 'A bank', 1, 'open', '{}')"


@pytest.fixture
async def ready(place: Place, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    """An installation that could take live money, if a bank were built in."""
    for name, value in WELL.items():
        monkeypatch.setenv(name, value)
    await place.run(TAKES_LIVE)
    return place


async def faults(place: Place, live: bool = True) -> list[tuple[str, str, str]]:
    return [tuple(fault) for fault in await doctor.examine(place.data, place.port, place.dsn, live)]


async def test_all_is_well(ready: Place) -> None:
    """Nothing stands in the way."""
    assert await faults(ready) == []


async def test_test_mode_needs_none_of_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --live the doctor is silent about all of it."""
    monkeypatch.setenv("SLUICE_STRICT", "1")
    assert await faults(place, live=False) == []
    assert {name for name, _, _ in await faults(place)} >= {"debug", "public address", "proxies", "rail"}


PLANTED = [
    ("SLUICE_FAULTS", "list:/dev/null", "debug"),
    ("SLUICE_STRICT", "1", "debug"),
    ("SLUICE_CLOCK_AHEAD", "60", "debug"),
    ("SLUICE_LOG", "debug", "debug"),
    ("SLUICE_LIMITS", "off", "limits"),
    ("SLUICE_GUESSES", "0", "limits"),
    ("SLUICE_DECLINES", "0", "limits"),
]


@pytest.mark.parametrize(("name", "value", "fault"), PLANTED)
async def test_a_setting_that_live_must_not_meet(
    ready: Place, monkeypatch: pytest.MonkeyPatch, name: str, value: str, fault: str
) -> None:
    """The doctor names the variable; unset, all is well."""
    monkeypatch.setenv(name, value)
    [(found, cause, cure)] = await faults(ready)
    assert (found, name in cause, f"Unset {name}" in cure) == (fault, True, True)
    monkeypatch.delenv(name)
    assert await faults(ready) == []


@pytest.mark.parametrize(("name", "fault"), [("SLUICE_PUBLIC_URL", "public address"), ("SLUICE_TRUSTED_PROXIES", "proxies")])
async def test_a_setting_that_live_needs(ready: Place, monkeypatch: pytest.MonkeyPatch, name: str, fault: str) -> None:
    """An address in clear, and a proxy without a name; the cure names the variable."""
    monkeypatch.delenv(name)
    [(found, _, cure)] = await faults(ready)
    assert (found, name in cure) == (fault, True)


@pytest.mark.parametrize("word", ["postgres", "shop", "hunter2"])
def test_a_password_that_anybody_would_try(tmp_path: Path, word: str) -> None:
    """A default password of the database, its user's name, or a short one; never shown."""
    [fault] = password(read_settings(data=tmp_path, database_url=f"postgresql://shop:{word}@db.example/sluice"))
    assert (fault.name, word in fault.cause + fault.cure) == ("database password", False)
    assert list(password(read_settings(data=tmp_path, database_url="postgresql://shop:fWm3kq9TzZ1c@db.example/sluice"))) == []
    assert list(password(read_settings(data=tmp_path))) == []


async def test_a_secret_file_that_others_can_read(ready: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that holds the database's address; its cure is the command, and it helps."""
    file = tmp_path / "url"
    file.write_text(ready.dsn)
    file.chmod(0o644)
    monkeypatch.setenv("DATABASE_URL_FILE", str(file))
    [(found, cause, cure)] = await faults(ready)
    assert (found, "mode 0644" in cause, cure) == ("secret file", True, f"chmod 600 {file}")
    file.chmod(0o600)
    assert await faults(ready) == []


async def test_the_sandbox_as_the_only_rail(ready: Place) -> None:
    """One that is closed, or of test mode, takes no live money either."""
    for change in ("status = 'closed'", "status = 'open', scope = 1", "scope = 2, rail = 'sandbox'"):
        await ready.run(f"update rail_accounts set {change}")
        assert [name for name, _, _ in await faults(ready)] == ["rail"]
    await ready.run("update rail_accounts set rail = 'iso8583'")
    assert await faults(ready) == []


def test_a_switch_that_is_off_is_none() -> None:
    """0 and nothing are off; what was accepted by name is passed over."""
    assert switches({"SLUICE_STRICT": "0", "SLUICE_CLOCK_AHEAD": "0", "SLUICE_FAULTS": "", "SLUICE_LOG": "info"}) == []
    assert len(switches({"SLUICE_STRICT": "1", "SLUICE_CLOCK_AHEAD": "5"})) == 2
    assert switches({"SLUICE_STRICT": "1", "SLUICE_DEBUG_IN_LIVE": "accepted"}) == []
