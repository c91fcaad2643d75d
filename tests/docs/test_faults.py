"""The page of numbers: what the marks of the tests say, and no number that there is not."""

import ast
import re

from sluice.cli.docs.faults import ROOT, marks, named, page, shown_by
from sluice.cli.docs.numbers import MEANINGS, WAITS

FILES = sorted((ROOT / "tests").rglob("*.py"))


def test_every_mark_names_a_known_number():
    assert set(shown_by()) <= set(MEANINGS)


def test_no_mark_is_overlooked():
    """Each stands on a test or over a file, where the page looks for it."""
    for file in FILES:
        tree = ast.parse(file.read_text("utf-8"))
        assert set(named(tree)) == {number for _, number in marks(tree)}, file


def test_the_numbers_are_whole():
    for letter, last in (("F", 59), ("S", 30), ("O", 20)):
        assert [number for number in MEANINGS if number[0] == letter] == [f"{letter}{n}" for n in range(1, last + 1)]


def test_what_waits_is_open():
    """Once a test shows it, it waits for nothing."""
    assert set(WAITS) <= set(MEANINGS)
    assert not set(WAITS) & set(shown_by())


def test_a_mark_is_read():
    source = """pytestmark = [pytest.mark.shows("O3")]
@pytest.mark.shows("F1", "S2")
@pytest.mark.slow
async def test_it():
    pass
TestMany = pytest.mark.shows("F3")(Many.TestCase)
"""
    assert list(marks(ast.parse(source))) == [("", "O3"), ("test_it", "F1"), ("test_it", "S2"), ("TestMany", "F3")]


def test_every_number_has_its_line():
    """With a test that shows it, or open."""
    lines = re.findall(r"^\| ([A-Z]\d+) \| .+ \| (?:`.+`|\*open\*.*) \|$", page(), re.MULTILINE)
    assert lines == list(MEANINGS)
