"""One gateway to a worker of the run, started by the first test that needs it; a shop of its own for each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sluice.core.secrets import Secret
from tests.harness import Gateway, Shop

RUNNING = pytest.StashKey[Gateway]()


@pytest.fixture(scope="session")
def gateway(
    postgres_server: Secret, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Gateway]:
    with Gateway(postgres_server, Path(tmp_path_factory.mktemp("gateway"))) as running:
        pytestconfig.stash[RUNNING] = running
        yield running


@pytest.fixture
def shop(gateway: Gateway) -> Shop:
    return Shop(gateway)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
    """A failure shows what the processes had to say."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.failed and RUNNING in item.config.stash:
        report.sections.append(("the gateway's logs", item.config.stash[RUNNING].tails()))
