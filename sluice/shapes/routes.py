"""Which operation a request line means (BEHAVIOUR 1.4)."""

from functools import cache
from urllib.parse import unquote

from sluice.core.errors import Refused
from sluice.shapes.contract import Operation, operation, places


class Branch:
    """One segment's place in the tree of routes."""

    __slots__ = ("literal", "operations", "parameter")

    def __init__(self) -> None:
        self.literal: dict[str, Branch] = {}
        self.parameter: Branch | None = None
        self.operations: dict[str, str] = {}  # method -> operation id


@cache
def tree() -> Branch:
    root = Branch()
    for id, (method, path) in places().items():
        branch = root
        for segment in path.split("/")[1:]:
            if segment.startswith("{"):
                branch.parameter = branch = branch.parameter or Branch()
            else:
                branch = branch.literal.setdefault(segment, Branch())
        branch.operations[method] = id
    return root


def route(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """The operation at `path`, as it stood on the request line, and the ids in it, percent-decoded; None: B-1.29.

    Refused (400): an id that is no text (B-1.28).
    """
    segments = path.split("/")[1:]
    branch = find(tree(), segments, method)
    if branch is None:
        return None
    found = operation(branch.operations[method])
    names = zip(found.path.split("/")[1:], segments, strict=True)
    return found, {name[1:-1]: text(value) for name, value in names if name.startswith("{")}


def find(branch: Branch, segments: list[str], method: str) -> Branch | None:
    """Depth first: a literal segment beats a template; an empty one is neither."""
    if not segments:
        return branch if method in branch.operations else None
    first, rest = segments[0], segments[1:]
    literal, parameter = branch.literal.get(first), branch.parameter
    return (literal and find(literal, rest, method)) or (parameter and first and find(parameter, rest, method)) or None


def text(segment: str) -> str:
    try:
        id = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise Refused("The path is not valid UTF-8.") from None
    if "\0" in id:
        raise Refused("The path holds a NUL character.")
    return id
