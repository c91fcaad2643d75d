"""A gateway of one's own, whose processes are killed; its rail's deadline is short, so that leases end in seconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice.core.secrets import Secret
from tests.kills.breakable import Breakable

RAIL_SECONDS = "1"


@pytest.fixture(scope="module")
def breakable(postgres_server: Secret, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Breakable]:
    folder = Path(tmp_path_factory.mktemp("kills"))
    running = Breakable(postgres_server, folder, SLUICE_RAIL_SECONDS=RAIL_SECONDS)
    with running:
        yield running
