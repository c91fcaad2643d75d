"""The sandbox's bank as its own process, one for a module; a rail for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.rails.bench import BankProcess, SandboxBench


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankProcess]:
    process = BankProcess(Path(tmp_path_factory.mktemp("bank")))
    yield process
    process.kill()


@pytest.fixture
async def sandbox(bank: BankProcess) -> AsyncIterator[SandboxBench]:
    bench = SandboxBench(bank)
    yield bench
    await bench.close()
