"""Two gateways: a shop of the one moves to the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice.core.secrets import Secret
from tests.harness import Gateway, Shop


@pytest.fixture(scope="module")
def gateways(postgres_server: Secret, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Gateway]]:
    with (
        Gateway(postgres_server, Path(tmp_path_factory.mktemp("old"))) as old,
        Gateway(postgres_server, Path(tmp_path_factory.mktemp("new"))) as new,
    ):
        yield old, new


@pytest.fixture
def old(gateways: tuple[Gateway, Gateway]) -> Shop:
    return Shop(gateways[0])


@pytest.fixture
def new(gateways: tuple[Gateway, Gateway]) -> Shop:
    return Shop(gateways[1])
