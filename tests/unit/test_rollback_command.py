"""`sluice rollback`: what it is told."""

import pytest
from typer.testing import CliRunner

from sluice.cli.crash import CannotGoOn
from sluice.cli.main import app


@pytest.mark.parametrize("version", ["../x", "", "one", "1.", "9" * 5_000])
def test_what_is_no_version(version: str, tmp_path: object) -> None:
    """A sentence, before anything is touched."""
    done = CliRunner().invoke(app, ["rollback", "--to", version, "--data", str(tmp_path)])
    assert isinstance(done.exception, CannotGoOn)
    assert "0.1.0" in str(done.exception)


def test_a_newer_version(tmp_path: object) -> None:
    """Nobody goes back to what is to come."""
    done = CliRunner().invoke(app, ["rollback", "--to", "999.0.0", "--data", str(tmp_path)])
    assert "newer than this program" in str(done.exception)
