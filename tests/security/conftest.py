"""A gateway for strangers: real processes, a real PostgreSQL, loopback only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice.core.secrets import Secret
from tests.harness import Gateway, Shop


@pytest.fixture(scope="package")
def gateway(postgres_server: Secret, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(postgres_server, Path(tmp_path_factory.mktemp("security"))) as running:
        yield running


@pytest.fixture
def shop(gateway: Gateway) -> Shop:
    return Shop(gateway)
