"""The page of numbers: what the marks of the tests say, and no number that there is not."""

import ast
import re

import pytest

from sluice.cli.docs.faults import ROOT, marks, named, page, shown_by, told
from sluice.cli.docs.numbers import MEANINGS, MEASURED, WAITS

FILES = sorted((ROOT / "tests").rglob("*.py"))


def test_every_mark_names_a_known_number():
    assert set(shown_by()) <= set(MEANINGS)


def test_no_mark_is_overlooked():
    """Each stands on a test or over a file, where the page looks for it."""
    for file in FILES:
        tree = ast.parse(file.read_text("utf-8"))
        assert set(named(tree)) == {number for *_, number in marks(tree)}, file


def test_the_numbers_are_whole():
    for letter, last in (("F", 59), ("S", 30), ("O", 20)):
        assert [number for number in MEANINGS if number[0] == letter] == [f"{letter}{n}" for n in range(1, last + 1)]


def test_what_waits_is_open():
    """Once a test shows it, it waits for nothing; and what was measured is a number's."""
    assert set(MEASURED) <= set(MEANINGS)
    assert set(WAITS) <= set(MEANINGS)
    assert not set(WAITS) & set(shown_by())


def test_a_mark_is_read():
    source = """'''All of it.'''
pytestmark = [pytest.mark.shows("O3")]
@pytest.mark.shows("F1", "S2")
@pytest.mark.slow
async def test_it():
    '''It works'''
TestMany = pytest.mark.shows("F3")(Many.TestCase)
"""
    assert list(marks(ast.parse(source))) == [
        ("", "All of it.", "O3"),
        ("test_it", "It works.", "F1"),
        ("test_it", "It works.", "S2"),
        ("TestMany", "All of it.", "F3"),
    ]


@pytest.mark.parametrize(
    ("docstring", "sees"),
    [
        ("B-5.14: capture releases the rest.", "Capture releases the rest."),
        ("B-1.35, B-1.41: once", "Once."),
        ("F12: two lines\n    of one paragraph.\n\n    And more.", "Two lines of one paragraph."),
        ("B-5.7, B-5.18.", "A race (B-5.7, B-5.18)."),
        ("", "A race."),
    ],
)
def test_what_a_test_sees(docstring: str, sees: str):
    """Its docstring's first paragraph without the rules' numbers; else its name."""
    node = ast.parse(f'def test_a_race():\n    """{docstring}"""').body[0]
    assert isinstance(node, ast.FunctionDef)
    assert told(node) == sees


def test_every_number_has_its_line():
    """With a test that shows it, or open."""
    lines = re.findall(r"^\| ([A-Z]\d+) \| .+ \| (?:`.+`|\*open\*) \| .+ \|$", page(), re.MULTILINE)
    assert lines == list(MEANINGS)


def test_what_is_open_waits_for_an_issue():
    """A number without a test says which issue brings its noun: the only excuse."""
    assert set(MEANINGS) - set(shown_by()) == set(WAITS)
    assert [number for number, why in WAITS.items() if "issue" not in why] == []
