"""A gateway to be overloaded: its bank is ordered to misbehave, its processes are measured."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice.core.secrets import Secret
from tests.harness import Gateway

RAIL_SECONDS = "6"  # a bulkhead can be filled in that time, on a slow machine too


@pytest.fixture(scope="session")
def loaded(postgres_server: Secret, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = Path(tmp_path_factory.mktemp("load"))
    with Gateway(postgres_server, folder, SLUICE_WEBHOOK_PAUSES="1,2,4,8", SLUICE_RAIL_SECONDS=RAIL_SECONDS) as running:
        yield running
