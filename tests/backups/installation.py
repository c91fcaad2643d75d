"""An installation over a data folder of its own, as `sluice up` keeps one, whose bank outlives it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sluice.core.secrets import Secret
from sluice.store.database import connect
from sluice.store.migrate import migrate
from sluice.store.postgres import Postgres
from sluice.store.postgres_home import recorded
from tests.harness import Bank, Gateway, Shop
from tests.harness.processes import ROOT, Process, free_port, until
from tests.harness.wire import Checked


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """A temporary folder that the server's own account may pass through, too."""
    with tempfile.TemporaryDirectory(prefix="sluice-tests-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


class BankApart:
    """A bank with a book of its own; a context manager."""

    def __init__(self, folder: Path) -> None:
        self.bank = Bank(free_port())
        command = ["-m", "sluice.simulators.bank", "--port", str(self.bank.port), "--book", str(folder / "bank")]
        self.process = Process("bank", command, folder / "bank.log", {})

    def __enter__(self) -> Bank:
        until(self.bank.there)
        return self.bank

    def __exit__(self, *_: object) -> None:
        self.process.stop()


class Installation(Gateway):
    """API and worker as guests of the data folder's own PostgreSQL, which this test runs."""

    def __init__(self, data: Path, bank: Bank) -> None:
        logs = data.parent / f"{data.name}-logs"
        logs.mkdir(exist_ok=True)
        super().__init__(Secret(""), logs, SLUICE_RAIL_SECONDS="1")
        self.data, self.bank, self.banks = data, bank, [bank]
        self.env |= {"SLUICE_DATA": str(data), "SLUICE_VAULT_KEY_FILE": str(data.parent / "kept" / "vault.key")}
        self.env["SLUICE_BANK"] = f"127.0.0.1:{bank.port}"

    def __enter__(self) -> "Installation":
        with ExitStack() as opened:
            opened.callback(self.runner.close)
            self.postgres = Postgres(self.data)
            opened.callback(self.postgres.stop)
            self.dsn = self.postgres.start()
            self.bring()
            opened.callback(self.stop)
            self.listener = socket.create_server(("127.0.0.1", 0), backlog=1_024)
            port = self.listener.getsockname()[1]
            self.url, self.env["SLUICE_PORT"] = f"http://127.0.0.1:{port}", str(port)
            self.start_api()
            self.start_worker()
            self.wait()
            self.database = self.run(connect(self.dsn, lanes=1, readers=2))
            opened.callback(lambda: self.run(self.database.close()))
            self.close = opened.pop_all().close
        return self

    def bring(self) -> None:
        """To the state of the program that runs."""
        self.run(migrate(self.dsn))

    def sluice(self, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
        known = {**os.environ, "PYTHONPATH": str(ROOT)} | self.env | env
        command = [sys.executable, "-m", "sluice.cli.main", *words]
        return subprocess.run(command, env=known, capture_output=True, text=True, timeout=180, check=False)

    def dies(self) -> None:
        """Everything of it at once, and the disk with it; the bank and the vault's key file are elsewhere."""
        for process in self.processes.values():
            process.child.kill()
        server = self.postgres.postmaster()
        assert server
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: not self.postgres.lives(server))
        self.postgres.let_go()
        if home := recorded(self.data):
            shutil.rmtree(home)
        shutil.rmtree(self.data)


class Again(Shop):
    """The shop of before, at another life of its gateway."""

    def __init__(self, gateway: Installation, before: Shop) -> None:
        self.gateway, self.transport = gateway, Checked()
        self.account, self.scope, self.secret = before.account, before.scope, before.secret
