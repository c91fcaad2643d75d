"""Markdown as the pages need it."""

from collections.abc import Iterable, Sequence

NOTICE = "[//]: # (Drawn from the code by ./dev docs: do not edit.)\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(escaped(cell) for cell in line)} |\n" for line in lines)


def codes(names: Iterable[str]) -> str:
    """`a`, `b`; a dash for none."""
    return ", ".join(f"`{name}`" for name in names) or "–"


def escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")
