"""The texts under test: README, docs/ for developers, and the pages that an install serves."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sluice.api.docs import page

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "sluice" / "docs"
SERVED_PAGES = sorted(FOLDER.glob("*.md"))
DEVELOPERS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(bash|python|js)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A code block that runs; `error`: the error code that it must end in, "" for none."""

    file: Path
    number: int
    language: str
    error: str
    code: str


def blocks() -> Iterator[Block]:
    for file in (*DEVELOPERS, *SERVED_PAGES):
        for n, found in enumerate(BLOCK.finditer(file.read_text("utf-8"))):
            language, words, code = found.groups()
            yield Block(file, n, language, words.partition("error=")[2].strip(), code)


def anchors(name: str) -> set[str]:
    """The places on a served page that an address can end at."""
    return set(re.findall(r' id="([^"]+)"', page(name, (FOLDER / f"{name}.md").read_text("utf-8"))))


def links(text: str) -> list[str]:
    """The targets of a Markdown text's links and pictures, code left out."""
    prose = re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    return re.findall(r"\]\(([^)\s]+)\)", prose)
