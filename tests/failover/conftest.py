"""A pair of servers, and a gateway over them, for all the tests of a process."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sluice.core.secrets import Secret
from sluice.store.migrate import migrate
from tests.failover.pair import Pair
from tests.harness import Gateway, Shop

RAIL_SECONDS = "1"


class Paired(Gateway):
    """A gateway whose DSN names both servers."""

    def __init__(self, pair: Pair, folder: Path) -> None:
        super().__init__(Secret(pair.dsn), folder, SLUICE_RAIL_SECONDS=RAIL_SECONDS)

    def home(self, opened: ExitStack) -> Secret:
        return self.server

    def notice(self) -> None:
        """What ended while this process's loop stood still: the servers may have changed places."""
        self.run(asyncio.sleep(0.1))

    def shop(self) -> Shop:
        """A new one, with its key."""
        self.notice()
        shop = Shop(self)
        assert shop.secret
        return shop


@pytest.fixture(scope="package")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with Pair(Path(tmp_path_factory.mktemp("pair"))) as running:
        asyncio.run(migrate(running.dsn))
        yield running


@pytest.fixture(scope="package")
def gateway(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paired]:
    with Paired(pair, Path(tmp_path_factory.mktemp("paired"))) as running:
        yield running


@pytest.fixture
def tell() -> Callable[[str], object]:
    """Figures, shown with `-s` or when the test fails."""
    return lambda text: sys.stdout.write(text + "\n")
