"""What tests install once on a machine, under a name that its locks give it."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def made_once(name: str, locks: bytes, make: Callable[[Path], object]) -> Path:
    """The folder that `make` has filled; whole or not there. Made by whoever is first."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "sluice-tests")
    folder = cache / f"{name}-{hashlib.sha256(locks).hexdigest()[:16]}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=cache))
        make(fresh)
        try:
            fresh.rename(folder)
        except OSError:  # another worker was quicker
            shutil.rmtree(fresh)
    return folder
