"""Public programs that never heard of us, at locked versions, each installed into a folder of its own and run unchanged."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PATIENCE = 300  # seconds for a first installation


def installed(program: str) -> Path:
    """Where the packages of `program`.txt lie: in a cache that the lock names; made once, whoever is first."""
    lock = HERE / f"{program}.txt"
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "sluice-tests")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    folder = cache / f"{program}-{version}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=cache))
        said("-m", "pip", "install", "-q", "--require-hashes", "--no-deps", "--target", str(fresh), "-r", str(lock))
        try:
            fresh.rename(folder)
        except OSError:  # another worker was quicker
            shutil.rmtree(fresh)
    return folder


def said(*words: str, paths: tuple[Path, ...] = (), **env: str) -> str:
    """What a Python program printed; it must have ended well."""
    known = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONSAFEPATH": "1"} | env
    done = subprocess.run(
        [sys.executable, *words], env=known, capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=HERE
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    return done.stdout
