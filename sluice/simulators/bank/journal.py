"""The journal on disk. Lines are written in groups, before their answers leave, so a killed bank forgets nothing it said."""

import os
from collections.abc import Iterator
from pathlib import Path
from secrets import token_bytes

import msgspec

from sluice.simulators.bank.entries import Line

NAME, KEY = "journal", "key"
decode = msgspec.json.Decoder(Line).decode
encode = msgspec.json.Encoder().encode


class Journal:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / NAME
        self.key = key(folder / KEY)
        self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self.waiting: list[bytes] = []

    def replay(self) -> Iterator[Line]:
        """Every line there is, oldest first. A last line that was not written whole was never answered: it is cut off."""
        whole = self.path.read_bytes()
        end = whole.rfind(b"\n") + 1
        os.ftruncate(self.file, end)
        yield from map(decode, whole[:end].splitlines())

    def add(self, line: Line) -> None:
        self.waiting.append(encode(line) + b"\n")

    def flush(self) -> None:
        """Hands what waits to the system. Raises OSError; then nothing of the group may be answered."""
        if self.waiting:
            group = b"".join(self.waiting)
            self.waiting.clear()
            while group:
                group = group[os.write(self.file, group) :]

    def close(self) -> None:
        self.flush()
        os.close(self.file)


def key(path: Path) -> bytes:
    """The key of this book's fingerprints, drawn once."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    drawn = token_bytes(32)
    os.write(file, drawn)
    os.close(file)
    return drawn
