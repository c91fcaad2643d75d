"""A child of `up` is listened to, whatever becomes of its log."""

from pathlib import Path

import pytest

from sluice.cli import children
from sluice.cli.children import Child


def child(logs: Path) -> Child:
    return Child("api", [], env={}, logs=logs, say=lambda _: None, died=lambda *_: None)


@pytest.mark.shows("F35")
def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path):
    """On a full disk a child would hang if nobody read what it says."""
    child(tmp_path / "nowhere").keep_line(b"a line\n")


def test_a_log_begins_anew_when_it_is_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Law 10: also while the child lives; the one before is kept."""
    monkeypatch.setattr(children, "LOG_BYTES", 10)
    for line in (b"a long first line\n", b"the next\n"):
        child(tmp_path).keep_line(line)
    assert (tmp_path / "api.log").read_bytes() == b"the next\n"
    assert (tmp_path / "api.log.1").read_bytes() == b"a long first line\n"
