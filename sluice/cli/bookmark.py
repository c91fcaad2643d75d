"""How far a listener has come: a number in the data folder, and who may move it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sluice.cli.crash import CannotGoOn
from sluice.core.files import replace_privately


class Bookmark:
    """The last event's number that a receiver has answered, on disk."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> int | None:
        return int(self.file.read_text()) if self.file.exists() else None

    def write(self, number: int) -> None:
        replace_privately(self.file, f"{number}\n".encode())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Two that forward to the same place would send everything twice."""
        lock = os.open(self.file.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotGoOn("another `sluice events listen` forwards to the same URL: stop it first") from None
        try:
            yield
        finally:
            os.close(lock)
