"""Which tests show which number, read from their marks: `@pytest.mark.shows("F12")`. No test is imported for it."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sluice.cli.docs.numbers import MEANINGS, MEASURED, WAITS
from sluice.cli.docs.tables import NOTICE, table

ROOT = Path(__file__).parents[3]
SHOWS = "pytest.mark.shows"
HEAD = """
# What is survived, and the test that shows it

Each number is a fault or a promise; beside it stand the tests that show it, each in part at least, and what each sees.
*Measured* is what a long run printed that no test repeats. *Open* is what no test shows yet, and what it waits for.
"""
PARTS = {
    "Faults on the money's way": "F",
    "Security": "S",
    "Developers and operators": "O",
    "Owners": "D",
}
RULES = re.compile(r"^((B-|[FSOCD]\d)[\w., -]*(, | to | and )?)+:\s*")  # a docstring may begin with the rule's number


class Shown(NamedTuple):
    """A test, as `file::name` below tests/, or the file all of whose tests bear the number; and what it sees."""

    test: str
    sees: str


def page() -> str:
    shown = shown_by()
    text = NOTICE + HEAD + f"\n{len(MEANINGS.keys() & shown.keys())} of {len(MEANINGS)} numbers are shown.\n"
    for title, letter in PARTS.items():
        numbers = [number for number in MEANINGS if number[0] == letter]
        rows = [row for number in numbers for row in lines(number, shown[number])]
        text += f"\n## {title}\n\n" + table(("Number", "What it is", "Test", "What it sees"), rows)
    return text


def lines(number: str, found: list[Shown]) -> Iterator[tuple[str, str, str, str]]:
    """A row for each test; the number and its meaning stand in the first."""
    rows = [(f"`{one.test}`", one.sees) for one in found] or [("*open*", waits(number))]
    if number in MEASURED:
        rows.append(("*measured*", MEASURED[number]))
    for n, (test, sees) in enumerate(rows):
        yield (number if not n else "", MEANINGS[number] if not n else "", test, sees)


def waits(number: str) -> str:
    return f"Waits for {WAITS[number]}." if number in WAITS else ""


def shown_by() -> defaultdict[str, list[Shown]]:
    """Number -> the tests that bear it."""
    found: defaultdict[str, list[Shown]] = defaultdict(list)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        name = file.relative_to(ROOT / "tests").as_posix()
        for test, sees, number in marks(ast.parse(file.read_text("utf-8"))):
            found[number].append(Shown(f"{name}::{test}" if test else name, sees))
    return found


def marks(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """What bears marks in a file, what it sees, and each number: a function or class, a name that is assigned, "" for all."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                name, sees, where = node.name, told(node), list[ast.AST](node.decorator_list)
            case ast.Assign(targets=[ast.Name(name)]):
                name, sees, where = name.removeprefix("pytestmark"), told(tree), [node.value]
            case _:
                continue
        for number in dict.fromkeys(found for each in where for found in named(each)):
            yield name, sees, number


def told(node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    """The docstring's first paragraph without the numbers before it; without one the name, which says it too."""
    text = " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())
    name = getattr(node, "name", "").removeprefix("test_").replace("_", " ")
    text = RULES.sub("", text) or name
    if re.fullmatch(r"[BFSOCD][-\d][-BFSOCD\d., toand]*", text):  # nothing but a rule's number
        text = f"{name} ({text.rstrip('.')})"
    return (text[:1].upper() + text[1:]).removesuffix(".") + "."


def named(tree: ast.AST) -> list[str]:
    """The numbers of every mark in there."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == SHOWS]
    return [ast.literal_eval(each) for call in calls for each in call.args]
