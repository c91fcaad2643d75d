"""Keys in files that only we can read. For master keys one provider of several to come: whatever wraps and unwraps will do."""

import fcntl
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_bytes

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from sluice.books.vault.envelope import KeyBytes
from sluice.core.ids import new_id


class KeyFileTrouble(Exception):
    """A sentence for the operator: what is wrong with the master keys and what to do."""


class KeyFile:
    """A line each, `ID BASE64`: the last one is used, every one stays. Made 0600 when it is not there (S7, S30)."""

    prefix = "mk_"

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not self.path.exists():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.append(only_if_missing=True)
        self.masters = self.read()

    def add(self) -> None:
        """A new key; from now on it is the one that is used."""
        self.append(only_if_missing=False)
        self.masters = self.read()

    def read(self) -> dict[str, KeyBytes]:
        with open(self.path) as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            if mode & 0o077:
                raise KeyFileTrouble(f"{self.path} can be read by others (mode {mode:04o}). Run: chmod 600 {self.path}")
            pairs = [line.split() for line in file if line.strip()]
        try:
            masters = {id: KeyBytes(b64decode(text, validate=True)) for id, text in pairs}
        except ValueError:
            raise KeyFileTrouble(f"{self.path} is not a file of master keys: one line each, an id and base64.") from None
        if not masters or any(len(master) != 32 for master in masters.values()):
            raise KeyFileTrouble(f"{self.path} holds no whole master key: 32 bytes each are needed.")
        return masters

    def append(self, only_if_missing: bool) -> None:
        """Whole or not at all, and one process after the other: a lost master key is a lost vault."""
        with locked(self.path.parent) as folder:
            if self.path.exists() and only_if_missing:
                return
            before = self.path.read_bytes() if self.path.exists() else b""
            line = f"{new_id(self.prefix)} {b64encode(token_bytes(32)).decode()}\n".encode()
            fresh = self.path.with_name(self.path.name + ".new")
            fresh.unlink(missing_ok=True)
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(before + line)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
            os.fsync(folder)


class FileProvider(KeyFile):
    """The master keys: the last one wraps, every one unwraps; old lines stay, since old backups need them.

    A wrapped key begins with the id of its master, so that processes which read the file before a new master came find it
    when they meet it.
    """

    def wrap(self, key: bytes) -> bytes:
        id, master = list(self.masters.items())[-1]
        return id.encode() + b":" + aes_key_wrap(master, key)

    def unwrap(self, wrapped: bytes) -> KeyBytes:
        head, _, body = wrapped.partition(b":")
        id = head.decode(errors="replace")
        if id not in self.masters:
            self.masters = self.read()
        if id not in self.masters:
            raise KeyFileTrouble(f"The master key {id} is not in {self.path}. Put back the file that belongs to this database.")
        try:
            return KeyBytes(aes_key_unwrap(self.masters[id], body))
        except InvalidUnwrap:
            raise KeyFileTrouble(f"The master key {id} in {self.path} does not open a key that it wrapped.") from None


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
