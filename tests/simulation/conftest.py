"""One PostgreSQL for all seeds of a process; each seed has a merchant of its own."""

from collections.abc import Iterator

import pytest

from simulation.ground import Ground, ground


@pytest.fixture(scope="session")
def stands() -> Iterator[Ground]:
    with ground() as made:
        yield made
