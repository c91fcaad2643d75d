"""A backup back into a data folder: unpacked beside it, recovered to its last moment, and moved there when all is done."""

import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sluice.core.files import private_file
from sluice.core.secrets import Secret
from sluice.store import backup
from sluice.store.backup import Manifest, UnfitBackup
from sluice.store.postgres import Postgres, Say, quiet
from sluice.store.postgres_home import Account, PostgresFailed, make_data_folder, make_home, recorded

STAGED = "wal.restored"
TOO_LATE = "recovery ended before configured recovery target was reached"
TOO_EARLY = "requested recovery stop point is before consistent recovery point"


@contextmanager
def restored(base: Path, data: Path, until: str | None = None, say: Say = quiet) -> Iterator[tuple[Secret, Manifest]]:
    """The server over what was restored into `data`, which must be new, and the backup's manifest.

    All of the log that lies beside the base is applied, or, with `until` (a moment as PostgreSQL reads it), as far as that.
    """
    manifest = fit(base)
    say("unpacking")
    account = unpack(base, data, manifest)
    home = make_home(data)
    extra = {"restore_command": f"cp '{home.folder / STAGED}/%f' '%p'", "recovery_target_action": "promote"}
    extra["hot_standby"] = "off"  # it calls itself ready only when it is recovered
    if until:
        extra["recovery_target_time"] = until
    stage(base.parent / backup.WAL, home.folder / STAGED, account)
    server = Postgres(data, extra=extra, say=say)
    try:
        try:
            dsn = server.start()
        except PostgresFailed as failed:
            raise out_of_reach(base, until, server.log.read_text(errors="replace")) or failed from None
        yield dsn, manifest
    finally:
        server.stop()
        shutil.rmtree(home.folder / STAGED, ignore_errors=True)


def out_of_reach(base: Path, until: str | None, log: str) -> UnfitBackup | None:
    """The moment lies before this base or after its log: said so, since PostgreSQL's own words go with the folder."""
    if TOO_LATE in log:
        return UnfitBackup(f"the log beside {base} ends before {until}: name an earlier moment, or none to have all of it")
    if TOO_EARLY in log:
        return UnfitBackup(f"{base} was taken after {until}: name a later moment, or an older base")
    return None


def fit(base: Path) -> Manifest:
    """Raises `UnfitBackup` for one that this program's own server cannot read."""
    manifest = backup.read(base)
    if not manifest.embedded:
        raise UnfitBackup(
            f"{base} is of a server of yours: restore its files with PostgreSQL's own tools, then run `sluice restore --mark`"
        )
    return manifest


def unpack(base: Path, data: Path, manifest: Manifest) -> Account | None:
    make_data_folder(data)
    with private_file(data / backup.PASSWORD) as file:
        os.write(file, (base / backup.PASSWORD).read_bytes())
    home = make_home(data)
    for archive, folder in (("base.tar.gz", home.cluster), ("pg_wal.tar.gz", home.cluster / "pg_wal")):
        folder.mkdir(exist_ok=True, mode=0o700)
        with tarfile.open(base / archive) as files:
            files.extractall(folder, filter="data")
    (home.cluster / "recovery.signal").touch(mode=0o600)
    home.cluster.chmod(0o700)
    give(home.cluster, home.account)
    return home.account


def stage(wal: Path, folder: Path, account: Account | None) -> None:
    """The log where the server may read it; the segment that was being written counts, as far as it goes."""
    folder.mkdir(mode=0o700)
    for segment in sorted(wal.iterdir()) if wal.is_dir() else []:
        shutil.copyfile(segment, folder / segment.name.removesuffix(".partial"))
    give(folder, account)


def give(folder: Path, account: Account | None) -> None:
    if account:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def forget(data: Path) -> None:
    """Removes a data folder and its cluster, wherever that was put."""
    if home := recorded(data):
        shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(data, ignore_errors=True)
