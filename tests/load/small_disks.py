"""Small file systems for PostgreSQL, filled and emptied on order. They need root and the right to mount, as CI has."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

LEFT = 2  # blocks that a full disk still has
TRIES = 20


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator["SmallDisk"]:
    """A file system in memory at `folder`, which must be there, of the server's account."""
    account = pwd.getpwnam("nobody")  # as whom root's PostgreSQL runs
    options = f"size={megabytes}m,mode=0700,uid={account.pw_uid},gid={account.pw_gid}"
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"a small disk needs root and the right to mount: {made.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


class SmallDisk:
    def __init__(self, folder: Path) -> None:
        self.folder, self.ballast = folder, folder / "ballast"

    def fill(self) -> None:
        """Nothing more can be written, though what is there can be written over."""
        with self.ballast.open("ab") as file:
            for left in range(LEFT, LEFT + TRIES):
                room = os.statvfs(self.folder)
                with suppress(OSError):  # the server took some of it meanwhile
                    return os.posix_fallocate(file.fileno(), 0, max(1, room.f_bavail - left) * room.f_frsize)
        raise AssertionError("the disk was never still enough to be filled")

    def make_room(self) -> None:
        self.ballast.unlink()
