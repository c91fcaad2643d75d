"""The embedded PostgreSQL: started over a data folder, found again after any death, stopped in order (F52, S24).

Only the wheel's binaries are used. Its own `get_server()` trusts every local user and gives a crash recovery 10 seconds.
"""

import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, NamedTuple
from urllib.parse import quote

from sluice.core.secrets import Secret
from sluice.core.settings import Settings
from sluice.store.postgres_home import PORT, Home, make_data_folder, make_home, recorded, server_binaries

SETTINGS = {
    "listen_addresses": "",  # the socket is all there is
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "cluster_name": "sluice",
    # no row's value, parameter or statement in its log (S5)
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
LOG_BYTES = 10_000_000
PATIENCE = 30.0  # seconds for what a killed server's processes still hold
STOP_SECONDS = 20.0
SAY_AFTER = 3.0


class PostgresFailed(Exception):
    """The server does not start or stop; the message holds its own last words."""


class Postmaster(NamedTuple):
    """What `postmaster.pid` says."""

    pid: int
    sockets: str
    status: str


class Postgres:
    """One server over one data folder. Its owner, who starts and stops it, is whoever holds the folder's lock; others are guests.

    A server whose owner was killed goes on; the next owner finds it and takes it over. `say` hears what takes long.
    """

    def __init__(
        self, data: Path, *, extra: Mapping[str, str] | None = None, say: Callable[[str], object] = lambda _: None
    ) -> None:
        self.data, self.extra, self.say = data.resolve(), dict(extra or {}), say
        self.log = self.data / "logs" / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.lock: int | None = None

    @property
    def owner(self) -> bool:
        return self.lock is not None

    def start(self) -> Secret:
        """Returns the superuser's DSN once the server answers. Raises `PostgresFailed`, `HomeUnfit`, `OSError`."""
        make_data_folder(self.data)
        since = time.monotonic()
        while not self.take_lock():  # somebody starts or runs it
            if self.answers(self.postmaster()):
                return self.dsn()
            since = self.still_waiting(since, "another process is starting the database")
        try:
            self.home = make_home(self.data)
            self.binaries = server_binaries(self.home)
            self.make_cluster()
            self.bring_up()
        except BaseException:
            self.let_go()
            raise
        return self.dsn()

    def stop(self) -> None:
        """Fast shutdown, if this is the owner: sessions are ended, everything committed is kept."""
        if not self.owner:
            return
        if (server := self.postmaster()) and self.lives(server):
            os.kill(server.pid, signal.SIGINT)
            deadline = time.monotonic() + STOP_SECONDS
            while self.lives(server):
                if time.monotonic() > deadline:
                    os.kill(server.pid, signal.SIGQUIT)  # at once; the next start recovers
                    deadline = time.monotonic() + STOP_SECONDS
                time.sleep(0.01)
        self.let_go()

    def bring_up(self) -> None:
        """Looks what is there and does the one next thing, until the server answers. As long as it lives, it is given time."""
        since, patience = time.monotonic(), time.monotonic() + PATIENCE
        while not self.answers(server := self.postmaster()):
            if self.process:
                if self.process.poll() is not None:
                    self.process = None
                    if time.monotonic() > patience or "still in use" not in self.last_words():
                        raise PostgresFailed(f"PostgreSQL does not start: {self.last_words()} (log: {self.log})")
                    time.sleep(0.2)  # a killed server's last process is still leaving
            elif server is None:
                self.process = self.launch()
            elif not self.lives(server):
                self.clear(server)
            since = self.still_waiting(since, f"the database is not ready yet: {self.last_words()}")

    def clear(self, server: Postmaster) -> None:
        """Removes what a dead server left. Its number may be a zombie's or another program's: PostgreSQL would wait for it forever.

        That a living backend of it still works on the data cannot be: PostgreSQL itself refuses to start while the cluster's
        shared memory is attached.
        """
        for file in (
            self.home.cluster / "postmaster.pid",
            *Path(server.sockets or self.home.sockets).glob(f".s.PGSQL.{PORT}*"),
        ):
            file.unlink(missing_ok=True)

    def launch(self) -> subprocess.Popen[bytes]:
        settings = SETTINGS | {"unix_socket_directories": str(self.home.sockets)} | self.extra
        self.log.parent.mkdir(exist_ok=True, mode=0o700)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        command = [self.binaries / "postgres", "-D", self.home.cluster]
        with private_file(self.log, os.O_APPEND) as log:
            return subprocess.Popen(
                [*command, *(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # the terminal's Ctrl-C is for `up`, which stops the database last
                **self.as_account(),
            )

    def make_cluster(self) -> None:
        """initdb into a folder beside, then one rename: a killed one is simply done again."""
        if self.home.cluster.exists():
            return
        new, word = self.home.folder / "cluster.new", self.home.folder / "word"
        subprocess.run(["rm", "-rf", new, word], check=True)
        if not self.password_file.exists():
            with private_file(self.password_file) as file:
                os.write(file, token_urlsafe(24).encode())
        with private_file(word) as file:  # initdb, as the server's account, reads it once
            os.write(file, self.password_file.read_bytes())
            if self.home.account:
                os.fchown(file, self.home.account.pw_uid, self.home.account.pw_gid)
        done = subprocess.run(
            [self.binaries / "initdb", "-D", new, "--username=postgres", f"--pwfile={word}", "--auth=scram-sha-256"]
            + ["--encoding=UTF8", "--locale=C", "--no-instructions"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            **self.as_account(),
        )
        word.unlink()
        if done.returncode:
            raise PostgresFailed(f"initdb: {last_line(done.stderr.decode(errors='replace'))}")
        new.rename(self.home.cluster)

    def as_account(self) -> dict[str, Any]:
        account = self.home.account
        who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        return {"cwd": self.home.folder, "umask": 0o077, "env": {"LC_ALL": "C", "PATH": os.defpath}, **who}

    @property
    def password_file(self) -> Path:
        return self.data / "postgres.password"

    def dsn(self) -> Secret:
        server = self.postmaster()
        if server is None:
            raise PostgresFailed("PostgreSQL stopped again as soon as it had started")
        password = self.password_file.read_text()
        return Secret(f"postgresql://postgres:{quote(password)}@/postgres?host={quote(server.sockets, safe='')}&port={PORT}")

    def postmaster(self) -> Postmaster | None:
        """What the cluster's pid file says; None if there is none. What is not written yet is empty."""
        folder = recorded(self.data)
        if folder is None:
            return None
        try:
            lines = (folder / "cluster" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        pid, _, _, _, sockets, _, _, status, *_ = [*lines, *[""] * 8]
        return Postmaster(abs(int(pid or 0)), sockets, status.strip())

    def lives(self, server: Postmaster) -> bool:
        """True if that process is a PostgreSQL over our cluster: no zombie, no stranger who got its number."""
        import psutil

        if self.process and self.process.pid == server.pid:
            return self.process.poll() is None
        try:
            return server.pid > 0 and str(self.home.cluster) in psutil.Process(server.pid).cmdline()
        except psutil.NoSuchProcess:  # a zombie is one, too
            return False

    def answers(self, server: Postmaster | None) -> bool:
        """True once it says that it is ready, and a socket proves it: asked for TLS, it says no."""
        if server is None or server.status != "ready":
            return False
        try:
            with socket.socket(socket.AF_UNIX) as door:
                door.settimeout(1)
                door.connect(f"{server.sockets}/.s.PGSQL.{PORT}")
                door.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
                return door.recv(1) in (b"N", b"S")
        except OSError:
            return False

    def take_lock(self) -> bool:
        file = os.open(self.data / "postgres.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self.lock = file
        return True

    def let_go(self) -> None:
        if self.lock is not None:
            os.close(self.lock)
        self.lock = self.process = None

    def still_waiting(self, since: float, what: str) -> float:
        """Waits a little; says `what` every few seconds. Returns when it last spoke."""
        time.sleep(0.01)
        if time.monotonic() - since < SAY_AFTER:
            return since
        self.say(what)
        return time.monotonic()

    def last_words(self) -> str:
        return last_line(self.log.read_bytes()[-4_096:].decode(errors="replace")) if self.log.exists() else ""


def last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


@contextmanager
def private_file(path: Path, flags: int = os.O_TRUNC) -> Iterator[int]:
    """A descriptor that writes to a file of mode 0600, made where it is missing."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600)
    try:
        yield file
    finally:
        os.close(file)


@contextmanager
def database(settings: Settings, say: Callable[[str], object] = lambda _: None) -> Iterator[Secret]:
    """The DSN of the database that the settings name, or of the data folder's own server, which runs while this block does."""
    if settings.database_url:
        yield settings.database_url
        return
    server = Postgres(settings.data, say=say)
    try:
        yield server.start()
    finally:
        server.stop()
