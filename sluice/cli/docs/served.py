"""What is served, from the table of operations; and what else the contract has."""

from collections import Counter
from collections.abc import Iterator

from sluice.api.operations import HINTS, SERVED, TABLE
from sluice.api.operations.coming import reason
from sluice.api.operations.op import Op
from sluice.cli.docs.tables import NOTICE, codes, table
from sluice.merchants.permissions import PUBLISHABLE
from sluice.shapes.contract import Operation, Schema, operation, places
from sluice.shapes.forms import split
from sluice.shapes.parameters import below

HEAD = """
# What is served

An operation or parameter of the wire that is not here is refused by name, never ignored. `expand` is taken
everywhere. `POST` takes an `Idempotency-Key`. A restricted key needs the permission of the resource: to read for
`GET`, to write for the rest; what a publishable key may call is marked **pk**.

The same list for machines is the install's `/openapi.json`.
"""


def page() -> str:
    parts = [NOTICE + HEAD]
    for resource in dict.fromkeys(op.resource for op in TABLE):
        parts.append(f"\n## {resource}\n")
        parts += [described(op) for op in TABLE if op.resource == resource]
    return "".join(parts) + hints() + others()


def described(op: Op) -> str:
    found = operation(op.id)
    mark = " **pk**" if op.id in PUBLISHABLE else ""
    taken, refused = sorted(op.serves), sorted(unserved(found, op.serves))
    text = f"\n### {found.method} {found.path}\n\nTakes{mark}: {codes(taken)}.\n"
    return text + (f"\nRefuses: {codes(refused)}.\n" if refused else "")


def unserved(found: Operation, serves: frozenset[str]) -> Iterator[str]:
    """What the contract has beside: whole parameters, and parts of those that are served in part."""
    served = below(serves | {"expand"})
    for name, shape in found.parameters["properties"].items():
        if name not in served:
            yield name
        elif (inside := served[name]) is not None:
            yield from (f"{name}[{part}]" for part in parts(shape) if part not in inside)


def parts(shape: Schema) -> Iterator[str]:
    for each in shape.get("anyOf", [shape]):
        yield from each.get("properties", {})


def hints() -> str:
    used = {split(name)[-1] for op in TABLE for name in unserved(operation(op.id), op.serves)}
    rows = [(f"`{name}`", HINTS[name]) for name in sorted(HINTS) if name in used]
    return "\n## Instead of what is refused\n\n" + table(("Parameter", "What to do"), rows)


def others() -> str:
    """The rest of the contract, by the first words of its paths."""
    rest = Counter((head(path), str(reason(path))) for id, (_, path) in places().items() if id not in SERVED)
    rows = [(f"`{start}`", str(count), why) for (start, why), count in sorted(rest.items())]
    text = f"The contract, with what is ours, has {len(places())} operations; {len(TABLE)} are served."
    text += " The others answer 404, and say so:"
    return f"\n## Not served\n\n{text}\n\n" + table(("Path", "Operations not served", "Why"), rows)


def head(path: str) -> str:
    """The first words of a path."""
    return "/".join(path.split("/")[:3])
