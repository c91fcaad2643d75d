"""A gateway for those who race: real HTTP, a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice.core.secrets import Secret
from tests.harness import Gateway, Shop


@pytest.fixture(scope="package")
def gateway(postgres_server: Secret, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(postgres_server, Path(tmp_path_factory.mktemp("races"))) as running:
        yield running


@pytest.fixture
def rounds(whole: bool) -> int:
    return 100 if whole else 8


@pytest.fixture
def shop(gateway: Gateway) -> Shop:
    return Shop(gateway)
