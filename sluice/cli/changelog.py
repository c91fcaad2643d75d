"""The changelog as the program reads it: what lies between two versions, and which lines break something.

A line that breaks something says by which check a rehearsal tells whether it breaks this installation:
`- **breaking** (pooler): …`.
"""

import re
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from sluice.store.migrate import numbers

NAME = "CHANGELOG.md"
SECTION = re.compile(r"^## (?:(\d+\.\d+\.\d+)[^\n]*|Unreleased)\n", re.MULTILINE)
BREAKING = re.compile(r"^- \*\*breaking\*\* \(([a-z-]+)\): (.+)$", re.MULTILINE)
MARKED = re.compile(r"\*\*breaking\*\*", re.IGNORECASE)


class Section(NamedTuple):
    """`version`: None for what is not released yet."""

    version: str | None
    text: str


class Broken(NamedTuple):
    """A line that breaks something, and the name of its check."""

    check: str
    line: str


def whole() -> str:
    """As the package brings it along, or as a clone has it."""
    inside = files("sluice") / NAME
    return inside.read_text("utf-8") if inside.is_file() else (Path(__file__).parents[2] / NAME).read_text("utf-8")


def sections(text: str) -> list[Section]:
    """The newest first."""
    heads = list(SECTION.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return [Section(head[1], text[head.start() : end].strip()) for head, end in zip(heads, ends, strict=True)]


def since(version: str) -> list[Section]:
    """What came after that version; what is not released came after every one."""
    return [one for one in sections(whole()) if one.version is None or numbers(one.version) > numbers(version)]


def breaking(found: list[Section]) -> list[Broken]:
    return [Broken(*line) for section in found for line in BREAKING.findall(section.text)]
