"""One machine's PostgreSQL, from the wheel, on a port of loopback: a primary or a standby. Killed and frozen by pid."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from sluice.store.postgres import SETTINGS
from sluice.store.postgres_home import Home, make_data_folder, make_home
from tests.harness.processes import free_port, until


class Server:
    """`folder` is its own. A context manager: what runs is stopped, what was written is removed."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.port, self.data = name, free_port(), folder / name
        make_data_folder(self.data)
        self.home: Home = make_home(self.data)
        self.log = self.data / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.home.folder, ignore_errors=True)

    @property
    def password(self) -> str:
        return (self.data / "password").read_text()

    def dsn(self, *others: "Server", database: str = "postgres") -> str:
        """Of this server, or of several in this order."""
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in (self, *others))
        return f"postgresql://postgres:{self.password}@{hosts}/{database}?sslmode=disable"

    def make(self) -> None:
        """A new, empty cluster."""
        self.home.make_cluster(self.data / "password")

    def copy(self, of: "Server", through: int) -> None:
        """Becomes a standby of a running primary, which it follows through that port; what it was before is gone."""
        shutil.rmtree(self.home.cluster, ignore_errors=True)
        shutil.copy(of.data / "password", self.data / "password")
        source = f"host=127.0.0.1 port={of.port} user=postgres password={of.password}"
        options = ["-D", self.home.cluster, "-d", source, "-X", "stream", "-c", "fast", "--no-sync"]
        subprocess.run([self.home.binaries / "pg_basebackup", *options], check=True, **self.home.as_account())
        self.follow(source.replace(f"port={of.port}", f"port={through}"))

    def follow(self, source: str) -> None:
        signal_file = self.home.cluster / "standby.signal"
        signal_file.touch()
        if self.home.account:
            os.chown(signal_file, self.home.account.pw_uid, self.home.account.pw_gid)
        self.source = f"{source} application_name={self.name}"

    def start(self, extra: Mapping[str, str] | None = None) -> None:
        """Until it takes connections. A killed one recovers first."""
        here = {"port": str(self.port), "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        here |= {"shared_buffers": "32MB", "wal_retrieve_retry_interval": "100ms", "max_connections": "60"}
        here["fsync"] = "off"  # what dies here are processes; the kernel keeps what they wrote
        if (self.home.cluster / "standby.signal").exists():
            here["primary_conninfo"] = self.source
        settings = SETTINGS | here | dict(extra or {})
        with self.log.open("ab") as log:
            self.said_before = log.tell()
            self.process = subprocess.Popen(
                [self.home.binaries / "postgres", "-D", self.home.cluster, *(f"--{k}={v}" for k, v in settings.items())],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **self.home.as_account(),
            )  # fmt: skip
        until(self.ready)

    def ready(self) -> bool:
        """Whether it takes connections since this start."""
        said = self.log.read_bytes()[self.said_before :].decode(errors="replace")
        assert self.process
        assert self.process.poll() is None, said
        return "ready to accept" in said

    def processes(self) -> list[psutil.Process]:
        """The postmaster first."""
        if self.process is None or self.process.poll() is not None:
            return []
        postmaster = psutil.Process(self.process.pid)
        return [postmaster, *postmaster.children(recursive=True)]

    def send(self, number: int) -> None:
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def kill(self) -> None:
        """As a machine that loses its power: every process at once, by pid."""
        every = self.processes()
        self.send(signal.SIGKILL)
        if self.process:
            self.process.wait()
        until(lambda: not any(map(lives, every)))
        self.process = None

    def freeze(self) -> None:
        """Alive, and silent: nobody hangs up."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        self.send(signal.SIGCONT)

    def promote(self) -> None:
        """Until it is the primary."""
        options = ["promote", "-D", self.home.cluster, "-w", "-s"]
        subprocess.run([self.home.binaries / "pg_ctl", *options], check=True, **self.home.as_account())


def lives(process: psutil.Process) -> bool:
    """Not when it waits to be buried: it holds nothing any more."""
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False
