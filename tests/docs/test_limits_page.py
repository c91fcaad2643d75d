"""The page of the limits says what the program holds to."""

import re

import pytest

from sluice.core import limits
from tests.docs.sources import FOLDER

ROW = re.compile(r"^\| (.*?) \| (.*?) \| .* \| (`.*?`) \|$", re.MULTILINE)
ROWS = [
    (re.findall(r"\d+", f"{what} {limit}"), re.findall(r"`(\w+)`", names))
    for what, limit, names in ROW.findall((FOLDER / "limits.md").read_text())
]


@pytest.mark.parametrize(("figures", "names"), ROWS, ids=lambda part: ",".join(part))
def test_a_limit_is_told_as_it_is(figures: list[str], names: list[str]):
    """Law 10: each figure of the page is the constant's that stands beside it."""
    assert {f"{getattr(limits, name):.0f}" for name in names} <= set(figures)


def test_every_table_is_read():
    assert len(ROWS) > 15
