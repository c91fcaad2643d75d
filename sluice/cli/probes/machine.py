"""The machine: Python, folders, files, the disk, and who answers where."""

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from sluice.books.vault.key_file import FileProvider, KeyFileTrouble
from sluice.cli.probes import Fault
from sluice.core.listener import PortTaken, listen
from sluice.core.settings import Settings, reachable

OLDEST = (3, 11)
ROOM = 1 << 30  # bytes that should be free
PATIENCE = 2.0
RESTORE = "Put back the key file that belongs to this database."


def python(found: tuple[int, int] = sys.version_info[:2]) -> Iterator[Fault]:
    if found < OLDEST:
        have, need = ".".join(map(str, found)), ".".join(map(str, OLDEST))
        yield Fault(
            "python", f"This is Python {have}; Sluice needs {need} or newer.", f"Install Python {need} and Sluice into it."
        )


def folder(read: Settings) -> Iterator[Fault]:
    """As root others may pass through it, but not look: the database's user must reach its own part."""
    data, root = read.data, os.geteuid() == 0
    open_to_others, right = (0o066, "711") if root else (0o077, "700")
    if not data.is_dir():
        yield Fault("data folder", f"{data} is not there: nothing was started over it yet.", "sluice up")
    elif not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield Fault("data folder", f"{data} cannot be written to by this user.", f"chown -R $(id -u) {data}")
    elif data.stat().st_mode & open_to_others:
        mode = data.stat().st_mode & 0o777
        yield Fault("data folder", f"{data} can be looked into by others (mode {mode:04o}).", f"chmod {right} {data}")


def key_file(read: Settings) -> Iterator[Fault]:
    """One that is not there yet is made at the first start; whether the database misses it, its own probe says."""
    path = read.vault_key_file
    if not path.exists():
        return
    try:
        FileProvider(path)
    except KeyFileTrouble as trouble:
        cause, _, cure = str(trouble).partition(". ")
        yield Fault("key file", cause.rstrip(".") + ".", cure.removeprefix("Run: ") or RESTORE)
    except PermissionError:
        yield Fault("key file", f"{path} cannot be read by this user.", f"chown $(id -u) {path}")


def disk(read: Settings) -> Iterator[Fault]:
    free = shutil.disk_usage(nearest(read.data)).free
    if free < ROOM:
        cause = f"Only {free >> 20} MB are free where {read.data} lies."
        yield Fault("disk", cause, f"Make room: at least {ROOM >> 20} MB should be free.")


def nearest(path: Path) -> Path:
    return path if path.exists() else nearest(path.parent)


def bank(read: Settings) -> Iterator[Fault]:
    """The sandbox's bank: test payments need it."""
    if read.bank is None:
        yield Fault("bank", "The sandbox's bank was never started over this data folder.", "sluice up, or sluice sandbox")
        return
    if why := silent(read.bank):
        yield Fault("bank", f"The sandbox's bank does not answer at {read.bank} ({why}).", "sluice up, or sluice sandbox")


def silent(address: str) -> str:
    """Why nobody answers at HOST:PORT; "": somebody does."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except OSError as error:
        return error.strerror or "no answer"
    return ""


def port(read: Settings) -> Iterator[Fault]:
    """Nobody listens on the API's port, or the API itself does."""
    try:
        listen(read.host, read.port).close()
    except PortTaken as taken:
        if not ours(read):
            cause, _, cure = str(taken).partition(": ")
            yield Fault("port", cause[0].upper() + cause[1:] + ".", cure[0].upper() + cure[1:] + ".")


def ours(read: Settings) -> bool:
    """Whether an API of Sluice answers there: its first page says its name, and needs no database."""
    try:
        with socket.create_connection((reachable(read.host).strip("[]"), read.port), PATIENCE) as line:
            line.settimeout(PATIENCE)
            line.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return any(b'"Sluice"' in part for part in iter(lambda: line.recv(4_096), b""))
    except OSError:
        return False
