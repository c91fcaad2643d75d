"""A gateway to be watched, for the whole folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice.core.secrets import Secret
from tests.harness import Shop
from tests.harness.processes import until
from tests.watching.watched import ROLES, Watched


@pytest.fixture(scope="session")
def watched(postgres_server: Secret, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = Path(tmp_path_factory.mktemp("watched"))
    with Watched(postgres_server, folder, SLUICE_RAIL_SECONDS="1", SLUICE_WEBHOOK_PAUSES="0,0,0") as running:
        until(lambda: all(running.get(role, "/readyz")[0] == 200 for role in ROLES), running)
        yield running


@pytest.fixture
def shop(watched: Watched) -> Shop:
    return Shop(watched)
