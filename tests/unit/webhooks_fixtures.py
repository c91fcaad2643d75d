"""Fixtures of webhooks over a real PostgreSQL and a receiver on loopback. A plugin: name it in `pytest_plugins`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from sluice.books.keyring import FileProvider, Keyring
from sluice.books.vault.cards import Vault
from sluice.books.vault.cvcs import Cvcs
from sluice.core.clock import clock
from sluice.core.settings import Settings, read_settings
from sluice.store.database import Database
from tests.unit.webhooks_bench import Bench, Receiver

pytest_plugins = ["tests.unit.vault_database"]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.05)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield receiver
    await runner.cleanup()


@pytest.fixture
async def vault(db: Database, tmp_path: Path) -> Vault:
    provider = FileProvider(tmp_path / "vault.key")
    vault = Vault(Keyring(db, provider), Cvcs(db, provider))
    await vault.load(clock.seconds())
    return vault


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(data=tmp_path)


@pytest.fixture
async def bench(db: Database, vault: Vault, settings: Settings) -> AsyncIterator[Bench]:
    bench = Bench(db, vault, settings)
    yield bench
    for task in bench.deliverer.sending:
        task.cancel()
    await bench.deliverer.close()
