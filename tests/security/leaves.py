"""Every parameter that is served, down to its values, from the contract: for tables and generators over all operations."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sluice.api.operations import TABLE
from sluice.api.operations.op import Op
from sluice.shapes.contract import Schema, operation, resolved
from sluice.shapes.parameters import below

UNSET = [""]


class Leaf(NamedTuple):
    """One value of a request: its name in brackets, and what the contract says of it."""

    name: str
    schema: Schema

    @property
    def last(self) -> str:
        """`card[number]` -> `number`; of a list's element the list's name."""
        return [each for each in self.name.replace("]", "").split("[") if each and not each.isdigit()][-1]


def leaves(op: Op) -> tuple[Leaf, ...]:
    return tuple(inside(operation(op.id).parameters, "", below(op.serves | {"expand"})))


def inside(given: Schema, name: str, served: Any) -> Iterator[Leaf]:
    """`served` as `parameters.below` gives it: None is everything below."""
    given = resolved(given)
    if "anyOf" in given:
        for option in given["anyOf"]:
            if option.get("enum") != UNSET:
                yield from inside(option, name, served)
    elif given.get("type") == "array":
        yield from inside(given["items"], f"{name}[0]", None if served is None else served.get("", {}))
    elif given.get("properties"):
        for key, each in given["properties"].items():
            if served is None or key in served:
                yield from inside(each, f"{name}[{key}]" if name else key, None if served is None else served[key])
    elif given.get("additionalProperties"):
        yield from inside(given["additionalProperties"], f"{name}[key]", None)
    elif given.get("type") != "object":
        yield Leaf(name, given)


def every() -> list[tuple[Op, Leaf]]:
    return [(op, leaf) for op in TABLE for leaf in leaves(op)]
