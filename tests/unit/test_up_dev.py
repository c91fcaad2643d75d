"""The developers' door: `./dev` before anything is installed."""

import ast
import runpy
from pathlib import Path

import pytest

DEV = Path(__file__).parents[2] / "dev"


@pytest.fixture(scope="module")
def dev() -> dict:
    return runpy.run_path(str(DEV), run_name="dev")


def test_an_old_python_can_read_it_far_enough_to_say_so():
    """O3: an older Python gets a sentence, not a SyntaxError."""
    ast.parse(DEV.read_text(), feature_version=(3, 7))


@pytest.mark.shows("O3")
@pytest.mark.parametrize(
    ("pip_says", "we_say"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("PermissionError: [Errno 13] Permission denied: '/x/y'", "No right to write /x/y"),
        ("WARNING: Retrying ... NewConnectionError\nERROR: No matching distribution found for aiohttp==3", "cannot be reached"),
        (
            "ERROR: No matching distribution found for postgast==0.2 (from x)",
            "postgast==0.2 has no ready-made package",
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "differs from the lock"),
        ("something new", "something new"),
    ],
)
def test_what_pip_says_becomes_a_sentence(dev: dict, pip_says: str, we_say: str):
    """O3: the cause and the cure, in one."""
    with pytest.raises(SystemExit, match=we_say):
        dev["stop"](pip_says)


@pytest.mark.shows("S29")
@pytest.mark.parametrize("lock", ["runtime", "dev"])
def test_the_locks_name_no_host_and_hash_everything(dev: dict, lock: str):
    lines = dev["LOCKS"][lock].read_text().splitlines()
    packages = [n for n, line in enumerate(lines) if line[:1].isalnum()]
    assert packages
    assert all("--hash=sha256:" in lines[n + 1] for n in packages)
    assert not [line for line in lines if "//" in line or line.startswith("-")]


def test_the_dev_lock_holds_the_runtime_lock(dev: dict):
    """Tests run what is shipped."""
    pins = {name: {line for line in path.read_text().splitlines() if line[:1].isalnum()} for name, path in dev["LOCKS"].items()}
    assert pins["runtime"] <= pins["dev"]
