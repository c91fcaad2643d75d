"""Which tests show which number, read from their marks: `@pytest.mark.shows("F12")`. No test is imported for it."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from sluice.cli.docs.numbers import MEANINGS, WAITS
from sluice.cli.docs.tables import NOTICE, table

ROOT = Path(__file__).parents[3]
SHOWS = "pytest.mark.shows"
HEAD = """
# What is survived, and the test that shows it

Each number is a fault or a promise, and each test beside it shows it, in part at least. *Open* is what no test shows
yet: a gap, or a thing that waits for what is not built.
"""
PARTS = {
    "Faults on the money's way": "F",
    "Security": "S",
    "Developers and operators": "O",
    "Owners": "D",
}


def page() -> str:
    shown = shown_by()
    text = NOTICE + HEAD + f"\n{len(MEANINGS.keys() & shown.keys())} of {len(MEANINGS)} numbers are shown.\n"
    for title, letter in PARTS.items():
        numbers = [number for number in MEANINGS if number[0] == letter]
        rows = [(number, MEANINGS[number], where(number, shown[number])) for number in numbers]
        text += f"\n## {title}\n\n" + table(("Number", "What it is", "Shown by"), rows)
    return text


def where(number: str, found: list[str]) -> str:
    if found:
        return ", ".join(f"`{test}`" for test in found)
    return f"*open*: waits for {WAITS[number]}" if number in WAITS else "*open*"


def shown_by() -> defaultdict[str, list[str]]:
    """Number -> the tests that bear it, as `file::name` below tests/, or the file all of whose tests do."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        name = file.relative_to(ROOT / "tests").as_posix()
        for test, number in marks(ast.parse(file.read_text("utf-8"))):
            found[number].append(f"{name}::{test}" if test else name)
    return found


def marks(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What bears marks in a file, with each number: a function or class, a name that is assigned, "" for the whole file."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                name, where = node.name, list[ast.AST](node.decorator_list)
            case ast.Assign(targets=[ast.Name(name)]):
                name, where = name.removeprefix("pytestmark"), [node.value]
            case _:
                continue
        yield from ((name, number) for number in dict.fromkeys(found for each in where for found in named(each)))


def named(tree: ast.AST) -> list[str]:
    """The numbers of every mark in there."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == SHOWS]
    return [ast.literal_eval(each) for call in calls for each in call.args]
