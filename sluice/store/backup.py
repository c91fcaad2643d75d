"""A backup of the whole server: a base backup, and beside it the write-ahead log as it comes. PostgreSQL's own formats.

    DIR/base-1795574400/    base.tar.gz, pg_wal.tar.gz, backup_manifest: pg_basebackup's; manifest.json: ours, written last
    DIR/wal/                pg_receivewal's segments, while `sluice backup --follow` runs

The master keys of the vault are not in it: without their file it opens no card. UNLOGGED tables are not in it either (S3).
"""

import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import msgspec
from msgspec import Struct

from sluice import __version__
from sluice.core.files import private_file
from sluice.core.log import clean
from sluice.store import primary, tools
from sluice.store.database import DATABASE_TIME
from sluice.store.postgres_home import PostgresFailed

FORMAT = 1
MANIFEST, PASSWORD, WAL, PART = "manifest.json", "postgres.password", "wal", ".part"
SLOT = "sluice_backup"
PATIENCE = 30.0  # seconds for the log's first bytes
EPOCH = "select epoch from installation"  # of a database that may be older than this program
SERVER = """select current_setting('server_version_num')::int / 10000 postgres,
    (select system_identifier::text from pg_control_system()) system"""


class Manifest(Struct, frozen=True):
    """`taken`: the second, by the database's clock, at which the backup began. `files`: their SHA-256."""

    format: int
    sluice: str
    postgres: int
    system: str
    epoch: int
    taken: int
    embedded: bool
    files: dict[str, str]


class UnfitBackup(PostgresFailed):
    """It cannot be restored, or not by this program; the message says why."""


async def take(dsn: str, folder: Path, password: Path | None) -> Path:
    """A base backup into a folder of its own; `password`: the file of an embedded server's. Answers where it lies."""
    connection = await primary.connect(dsn)
    try:
        server, taken = await connection.fetchrow(SERVER), int(await connection.fetchval(DATABASE_TIME))
        epoch = await connection.fetchval(EPOCH)
    except asyncpg.UndefinedTableError:
        raise UnfitBackup("this database was never migrated: there is nothing to back up") from None
    finally:
        await connection.close()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = folder / f"base-{taken}{PART}"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    options = ("--format=tar", "--gzip", "--checkpoint=fast", "--wal-method=stream", "--manifest-checksums=SHA256")
    try:
        tools.run("pg_basebackup", dsn, f"--pgdata={part}", *options)
        if password:
            with private_file(part / PASSWORD) as file:
                os.write(file, password.read_bytes())
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    files = {path.name: digest(path) for path in sorted(part.iterdir())}
    manifest = Manifest(FORMAT, __version__, server["postgres"], server["system"], epoch, taken, password is not None, files)
    with private_file(part / MANIFEST) as file:
        os.write(file, msgspec.json.format(msgspec.json.encode(manifest)))
        os.fsync(file)
    return part.rename(folder / f"base-{taken}")


@contextmanager
def following(dsn: str, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Receives the log into the folder while this block runs; the server keeps what was not received yet."""
    wal = folder / WAL
    wal.mkdir(parents=True, exist_ok=True, mode=0o700)
    where = (f"--directory={wal}", f"--slot={SLOT}")
    tools.run("pg_receivewal", dsn, *where, "--create-slot", "--if-not-exists")
    process = tools.start("pg_receivewal", dsn, *where, "--synchronous")
    try:
        ends = time.monotonic() + PATIENCE
        while not any(wal.iterdir()) and process.poll() is None and time.monotonic() < ends:
            time.sleep(0.05)  # a base backup that begins now is covered from its first byte
        yield process
    finally:
        process.send_signal(signal.SIGINT)  # ends with what it has, cleanly
        process.wait()


def complaint_of(process: "subprocess.Popen[bytes]") -> str:
    """Why it ended by itself."""
    _, words = process.communicate()
    return clean(tools.last_words(words))


def bases(folder: Path) -> list[Path]:
    """The whole ones, the newest last. The folder may be one itself."""
    if (folder / MANIFEST).exists():
        return [folder]
    return sorted(path.parent for path in folder.glob(f"base-*/{MANIFEST}") if path.parent.suffix != PART)


def manifest_of(base: Path) -> Manifest:
    """What it says of itself, unproved. Raises `UnfitBackup`."""
    try:
        return msgspec.json.decode((base / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise UnfitBackup(f"{base} is no whole backup: {error}") from None


def read(base: Path) -> Manifest:
    """What it says of itself, and that its files are what they were. Raises `UnfitBackup`."""
    manifest = manifest_of(base)
    if manifest.format > FORMAT:
        raise UnfitBackup(f"{base} was made by Sluice {manifest.sluice}, in a newer format: restore it with that version")
    for name, expected in manifest.files.items():
        if not (base / name).exists() or digest(base / name) != expected:
            raise UnfitBackup(f"{base / name} is not what was backed up: take another backup")
    return manifest


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
