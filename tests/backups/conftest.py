"""Where installations of these tests lie."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backups.installation import folder_for_all


@pytest.fixture
def place() -> Iterator[Path]:
    with folder_for_all() as folder:
        yield folder
