"""Hostile bytes, thousands for each decoder that strangers reach, the same ones at every run. `./dev fuzz` goes on longer."""

from pathlib import Path

import pytest

from tests.fuzz.__main__ import run
from tests.fuzz.targets import TARGETS

RUNS = 20_000
PLANTED = """
import sys
from sluice.shapes import forms
forms.unescaped = lambda value, steps: value
{more}
from tests.fuzz.one import main
main()
"""


@pytest.mark.shows("S16", "F11")
@pytest.mark.parametrize("name", TARGETS)
def test_hostile_bytes_are_read_or_refused(tmp_path: Path, name: str) -> None:
    """Form, JSON, walk, head, signature and the bank's frames: a value that means one thing or a refusal, never an error."""
    done = run(name, tmp_path, runs=RUNS, seed=1)
    assert done.returncode == 0, done.stdout[-4_000:]


@pytest.mark.parametrize("more", ["", "sys.modules['atheris'] = None"], ids=["by coverage", "by chance"])
def test_a_planted_fault_is_found(tmp_path: Path, more: str) -> None:
    """A decoder that forgets to unescape is seen within the same runs, with atheris and without."""
    done = run("form", tmp_path, ("-c", PLANTED.format(more=more)), runs=RUNS, seed=1)
    assert done.returncode != 0
    assert "AssertionError" in done.stdout
    assert list(tmp_path.glob("found-*"))


def test_without_a_fuzzer_it_says_so(tmp_path: Path) -> None:
    """Where atheris has no wheel the same targets meet seeded random bytes, and a line tells it."""
    code = "import sys; sys.modules['atheris'] = None; from tests.fuzz.one import main; main()"
    done = run("json", tmp_path, ("-c", code), runs=500, seed=1)
    assert (done.returncode, "atheris has no wheel" in done.stdout) == (0, True)
