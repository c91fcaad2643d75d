"""The program's files as the laws read them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SLUICE = ROOT / "sluice"
GENERATED = ("shapes/types/",)


class Source:
    """One file: its name below sluice/, its text and its tree."""

    def __init__(self, path: Path, text: str) -> None:
        self.name = path.relative_to(SLUICE).as_posix() if path.is_relative_to(SLUICE) else path.as_posix()
        self.text, self.tree = text, ast.parse(text)
        owners = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        self.docstrings = {
            id(node.body[0].value)
            for node in owners
            if node.body and isinstance(node.body[0], ast.Expr) and ast.get_docstring(node)
        }

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    def uses(self) -> Iterator[str]:
        """Dotted names as they are written: `time.time`, `datetime.now`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                yield f"{node.value.id}.{node.attr}"
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{each.name}" for each in node.names)


def sources() -> list[Source]:
    """All but what is generated."""
    files = sorted(path for path in SLUICE.rglob("*.py") if not path.relative_to(SLUICE).as_posix().startswith(GENERATED))
    return [Source(path, path.read_text("utf-8")) for path in files]
