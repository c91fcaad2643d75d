"""The fixture `world`, and its bank. A plugin: name it in `pytest_plugins`, beside `tests.unit.vault_database`."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sluice.books.keyring import FileProvider, Keyring
from sluice.books.vault.cards import Vault
from sluice.books.vault.cvcs import Cvcs
from sluice.core.clock import clock
from sluice.payments.desk import Desk
from sluice.rails.sandbox.rail import Sandbox
from sluice.store.database import Database
from tests.rails.bench import BankProcess
from tests.unit.desk_world import World


@pytest.fixture(scope="module")
def bank_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankProcess]:
    process = BankProcess(Path(tmp_path_factory.mktemp("bank")))
    yield process
    process.kill()


@pytest.fixture
async def world(db: Database, bank_process: BankProcess, tmp_path: Path) -> AsyncIterator[World]:
    provider = FileProvider(tmp_path / "vault.key")
    vault = Vault(Keyring(db, provider), Cvcs(db, provider))
    await vault.load(clock.seconds())
    rail = Sandbox("127.0.0.1", bank_process.port, late_horizon=1.0)
    desk = Desk(db, {"sandbox": rail}, vault, 1, "http://localhost")
    yield World(desk)
    await desk.drain()
    await rail.close()
