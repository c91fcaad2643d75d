"""A gateway as an operator runs it: bank, API and worker as processes over a database of its own. Stopped by pid."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Coroutine, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import urlopen

from sluice.core.secrets import Secret
from sluice.store.database import Database, connect
from sluice.store.migrate import migrate
from tests.harness.bank import Bank
from tests.postgres import new_database

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds for a process to come up on a busy machine
REFUND_SECONDS = 1.5  # until the bank's slow refunds arrive or come back
RAIL_SECONDS = 3.0
LATE_SECONDS = 3.5  # after which the bank's late answers come: past the rail's deadline
LOG_TAIL = 6_000


class Process:
    """One child with a log of its own."""

    def __init__(self, name: str, command: list[str], log: Path, env: Mapping[str, str], files: tuple[int, ...] = ()) -> None:
        self.name, self.command, self.log, self.env, self.files = name, command, log, env, files
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                [sys.executable, *self.command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **self.env}, pass_fds=self.files,
            )  # fmt: skip

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Asked, waited for, and ended if it does not listen."""
        self.child.send_signal(number)
        try:
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def tail(self) -> str:
        return f"--- {self.name}: {self.log}\n{self.log.read_text(errors='replace')[-LOG_TAIL:]}" if self.log.exists() else ""


class Gateway:
    """Bank, API and worker; `database` is a way past them, for what tests must arrange or see. A context manager."""

    refund_seconds = REFUND_SECONDS

    def __init__(self, server: Secret, folder: Path, **env: str) -> None:
        self.server, self.folder = server, folder
        self.env = {"SLUICE_STRICT": "1", "SLUICE_RAIL_SECONDS": str(RAIL_SECONDS), "SLUICE_DATA": str(folder)}
        self.env |= {"SLUICE_LIMITS": "off", "SLUICE_DEBUG_IN_LIVE": "accepted"} | env  # matrices ask often, and in live too
        self.runner = asyncio.Runner()
        self.processes: dict[str, Process] = {}

    def __enter__(self) -> "Gateway":
        with ExitStack() as opened:
            opened.callback(self.runner.close)
            self.dsn = self.home(opened)
            self.run(migrate(self.dsn))
            opened.callback(self.stop)
            self.begin()
            self.database: Database = self.run(connect(self.dsn, lanes=1, readers=2))
            opened.callback(lambda: self.run(self.database.close()))
            self.close = opened.pop_all().close
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def home(self, opened: ExitStack) -> Secret:
        """A database of its own on the server, dropped again."""
        holder = new_database(self.server)
        dsn = self.run(holder.__aenter__())
        opened.callback(lambda: self.run(holder.__aexit__(None, None, None)))
        return dsn

    def begin(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1_024)
        port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.bank = Bank(free_port())
        self.banks = [self.bank]
        self.env |= {"SLUICE_PORT": str(port), "DATABASE_URL": str(self.dsn), "SLUICE_BANK": f"127.0.0.1:{self.bank.port}"}
        self.start_bank()
        self.start_api()
        self.start_worker()
        self.wait()

    def start_bank(self) -> None:
        self.spawn_bank("bank", self.bank)

    def one_more_bank(self) -> Bank:
        """A second one, with a book of its own."""
        bank = Bank(free_port())
        self.spawn_bank(f"bank{len(self.banks) + 1}", bank)
        self.banks.append(bank)
        until(bank.there, self)
        return bank

    def spawn_bank(self, name: str, bank: Bank) -> None:
        command = ["-m", "sluice.simulators.bank", "--port", str(bank.port), "--book", str(self.folder / name)]
        command += ["--refund-seconds", str(self.refund_seconds), "--late-seconds", str(LATE_SECONDS)]
        self.spawn(name, command)

    def start_api(self) -> None:
        number = self.listener.fileno()
        self.spawn("api", ["-m", "sluice.cli.main", "api"], {"SLUICE_LISTENER": str(number)}, (number,))

    def start_worker(self, **env: str) -> None:
        self.spawn("worker", ["-m", "sluice.cli.main", "worker"], env)

    def spawn(self, name: str, command: list[str], env: Mapping[str, str] | None = None, files: tuple[int, ...] = ()) -> None:
        self.processes[name] = Process(name, command, self.folder / f"{name}.log", self.env | dict(env or {}), files)

    def wait(self) -> None:
        """Until the bank takes connections and the API answers: its socket listens already, so a question waits there."""
        until(self.bank.there, self)
        until(self.answers, self)

    def answers(self) -> bool:
        """Whether the API says anything; a process that died says in its log why."""
        if dead := [process.name for process in self.processes.values() if process.child.poll() is not None]:
            raise AssertionError(f"{dead} died\n{self.tails()}")
        try:
            urlopen(self.url, timeout=2).close()
        except HTTPError:
            return True
        except OSError:
            return False
        return True

    def stop(self) -> None:
        for name in sorted(self.processes, key=lambda name: name.startswith("bank")):  # who calls them goes first
            self.processes[name].stop()
        self.listener.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def fetch(self, sql: str, *args: Any) -> list[Any]:
        return self.run(self.database.fetch(sql, *args))

    def tails(self) -> str:
        return "\n".join(process.tail() for process in self.processes.values())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def until(true: Any, gateway: Gateway | None = None, seconds: float = PATIENCE) -> None:
    """Waits for something that must come; the gateway's logs say why it did not."""
    ends = time.monotonic() + seconds
    while not true():
        if time.monotonic() > ends:
            raise AssertionError(f"waited {seconds} s in vain\n{gateway.tails() if gateway else ''}")
        time.sleep(0.03)
