"""A gateway and a shop for each program."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice.core.secrets import Secret
from tests.harness import Gateway, Shop


@pytest.fixture(scope="module")
def shop(postgres_server: Secret, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with Gateway(postgres_server, Path(tmp_path_factory.mktemp("strangers"))) as running:
        yield Shop(running)
