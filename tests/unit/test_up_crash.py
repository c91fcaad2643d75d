"""What a person reads when a command fails."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sluice.cli import crash, options
from sluice.core.listener import PortTaken
from sluice.core.settings import SettingsFault
from sluice.store.migrate import Mismatch

CARD = "4242424242424242"


@pytest.fixture
def logs(tmp_path: Path):
    options.place[:] = [tmp_path / "logs"]
    yield tmp_path / "logs"
    options.place.clear()


def fails() -> None:
    card = CARD
    raise LookupError(f"nothing for {card}")


@pytest.mark.shows("O5", "S5")
@pytest.mark.parametrize("debug", [False, True])
def test_a_defect_is_one_sentence_an_id_and_a_place(logs: Path, capsys: pytest.CaptureFixture[str], debug: bool):
    """O5: the whole is in the log; --debug shows it; a card number is in neither."""
    try:
        fails()
    except LookupError as error:
        crash.tell(error, debug=debug)
    said, log = capsys.readouterr().err, (logs / crash.LOG).read_text()
    first = said.splitlines()[0]
    assert str(logs / crash.LOG) in first
    assert next(word for word in log.split() if word.startswith("crash_")) in first
    assert "Traceback" in log
    assert ("Traceback" in said) == debug
    assert CARD not in said + log
    assert stat.S_IMODE((logs / crash.LOG).stat().st_mode) == 0o600


@pytest.mark.shows("O4")
@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (SettingsFault(["SLUICE_PORT is 'x'", "SLUICE_LOG is 'y'"]), 2),
        (PortTaken("port 1"), 1),
        (crash.CannotGoOn("no"), 1),
        (Mismatch("newer"), 1),
        (PermissionError(13, "Permission denied", "/x"), 1),
        (OSError(28, "No space left on device"), 1),
        (ConnectionRefusedError(111, "Connection refused"), 1),
    ],
)
def test_what_a_person_can_cure_is_no_defect(logs: Path, capsys: pytest.CaptureFixture[str], error: Exception, lines: int):
    """O4: faults of the environment come all at once."""
    crash.tell(error, debug=False)
    assert len(capsys.readouterr().err.splitlines()) == lines
    assert not logs.exists()


def sluice(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "sluice.cli.main", *words], capture_output=True, text=True, check=False)


@pytest.mark.shows("O4")
def test_an_unknown_command_names_the_nearest():
    """O4: on stderr."""
    done = sluice("migrat")
    assert done.returncode == 2
    assert "migrate" in done.stderr
    assert done.stdout == ""


def test_an_unknown_option_names_the_nearest():
    done = sluice("up", "--dat", "x")
    assert done.returncode == 2
    assert "--data" in done.stderr


def test_help_starts_no_heavy_library():
    """A start is felt: `sluice --help` loads neither the web server nor the cryptography."""
    code = "import sys; sys.argv = ['sluice', '--help']\nfrom sluice.cli.main import app\napp(standalone_mode=False)\n"
    code += "print([name for name in ('uvicorn', 'aiohttp', 'starlette', 'cryptography', 'uvloop') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
