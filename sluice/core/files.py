"""Files that are nobody else's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def private_file(path: Path, flags: int = os.O_TRUNC) -> Iterator[int]:
    """A descriptor that writes to a file of mode 0600, made where it is missing; `flags`: O_APPEND keeps what is there."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | flags, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def replace_privately(path: Path, content: bytes) -> None:
    """Writes a file of mode 0600 whole or not at all."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    with private_file(new) as file:
        os.write(file, content)
    new.replace(path)
