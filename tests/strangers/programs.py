"""Public programs that never heard of us, at locked versions, each installed into a folder of its own and run unchanged."""

import os
import subprocess
import sys
from pathlib import Path

from tests.harness.cache import made_once

HERE = Path(__file__).parent
PATIENCE = 300  # seconds for a first installation


def installed(program: str) -> Path:
    """Where the packages of `program`.txt lie, for this Python."""
    lock = HERE / f"{program}.txt"
    words = ("-m", "pip", "install", "-q", "--require-hashes", "--no-deps", "-r", str(lock), "--target")
    name = f"{program}-{sys.version_info[0]}.{sys.version_info[1]}"
    return made_once(name, lock.read_bytes(), lambda folder: said(*words, str(folder)))


def said(*words: str, paths: tuple[Path, ...] = (), **env: str) -> str:
    """What a Python program printed; it must have ended well."""
    known = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONSAFEPATH": "1"} | env
    done = subprocess.run(
        [sys.executable, *words], env=known, capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=HERE
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    return done.stdout
