"""Objects on the contract's skeleton: every nullable key is there (B-4.6). Copying a kept dict is all it costs."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sluice.shapes.contract import ABSENT, UNTIL_SET, Schema, resolved, schema
from sluice.shapes.watched import STRICT

Object = dict[str, Any]


@cache
def skeleton(name: str) -> Object:
    """The one kept dict of a schema: nullable keys null, `object` filled in, all else left out. Copy it; never change it."""
    left_out = ABSENT.get(name, frozenset()) | UNTIL_SET.get(name, frozenset())
    keys = schema(name)["properties"].items()
    nulls = {key: None for key, shape in keys if shape.get("nullable") and key not in left_out}
    return nulls | {key: shape["enum"][0] for key, shape in keys if key == "object" and len(shape.get("enum", ())) == 1}


def blank(name: str) -> Object:
    """A new object of the schema `name` with no values. KeyError if there is no such schema."""
    return skeleton(name).copy()


def build(name: str, /, **values: Any) -> Object:
    """A new object with `values`; in strict mode a key that the schema lacks raises KeyError."""
    if STRICT and (strange := values.keys() - schema(name)["properties"].keys()):
        raise KeyError(f"{name} has no {', '.join(sorted(strange))}")
    return {**frame(name), **values}


@cache
def frame(name: str) -> Object:
    """The skeleton with the id first, then `object`: what a reader looks for."""
    first = ("id",) if "id" in schema(name).get("required", ()) else ()
    return dict.fromkeys((*first, "object")) | skeleton(name) if "object" in skeleton(name) else skeleton(name)


def whole(name: str, given: Object | None) -> Object | None:
    """B-4.7: a sub-hash as it was given, answered whole, hashes in it too; None stays None."""
    if given is None:
        return None
    inside = parts(name)
    return skeleton(name) | {key: whole(inside[key], value) if key in inside else value for key, value in given.items()}


@cache
def parts(name: str) -> dict[str, str]:
    """The sub-hashes of a schema: key -> name of its schema. What can be an id too is none."""
    found = {}
    for key, shape in schema(name)["properties"].items():
        options = shape.get("anyOf", [shape])
        if len(options) == 1 and "$ref" in options[0] and has_keys(options[0]):
            found[key] = options[0]["$ref"].rpartition("/")[2]
    return found


def has_keys(ref: Schema) -> bool:
    return bool(resolved(ref).get("properties"))


def merge(old: Object | None, given: Mapping[str, Any] | None) -> Object | None:
    """B-4.7: an update of a nested hash, leaf by leaf; a None in `given` unsets its leaf, None itself the whole hash."""
    if given is None or old is None:
        return None if given is None else {**given}
    return {**old, **{key: merged(old.get(key), value) for key, value in given.items()}}


def merged(old: Any, given: Any) -> Any:
    return merge(old, given) if isinstance(given, dict) and isinstance(old, dict) else given
