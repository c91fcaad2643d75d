"""The last release, unpacked once; and a database as it left it."""

from pathlib import Path

import pytest

from tests.upgrades.release import Release


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return Release.unpacked(Path(tmp_path_factory.mktemp("release")))
