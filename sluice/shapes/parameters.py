"""The walk over an operation's parameters: ONE pass that takes the values and names the fault (BEHAVIOUR 1.3).

Order of faults: unknown names first, at any depth; then names that we do not serve; then the first of the rest, in the order
of the request. In each hash its values come before what it lacks: a caller who sent `amount=abc` and no `currency` has
`amount` wrong before `currency` is missing.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sluice.shapes import watched
from sluice.shapes.compounds import array_of, map_of, metadata, union
from sluice.shapes.contract import Operation, Schema, has_schema, operation, resolved, schema
from sluice.shapes.findings import Findings
from sluice.shapes.forms import Node, Tree, split
from sluice.shapes.scalars import Reader, scalar
from sluice.shapes.watched import Watched

Served = dict[str, Any] | None  # names to what is served below them; None: everything
NO_HINTS: Mapping[str, str] = {}
UNSET = [""]


class How(NamedTuple):
    """What a compiled walk depends on beside its schema."""

    json: bool
    strict: bool


class Field(NamedTuple):
    """One parameter at its place: `unsets` says that the empty string is allowed and makes it None (B-1.19)."""

    read: Reader
    unsets: bool
    served: bool


def walk(
    operation: Operation, tree: Tree, served: frozenset[str] | None = None, hints: Mapping[str, str] = NO_HINTS
) -> dict[str, Any]:
    """The values of `tree` by the operation's contract: absent keys absent, None for what is unset.

    `served`: names in brackets (`amount`, `payment_method_data[card]`, `items[][price]`) that we serve with all that is below
    them; None: everything; `expand` always (B-3.19). `hints`: name → what to do instead. Refused (400) names the parameter.
    """
    findings = Findings()
    values: dict[str, Any] = compiled(operation.id, served, tree.json, watched.STRICT)(tree.root, "", findings)
    if refusal := findings.refusal(hints):
        raise refusal
    return values


@lru_cache(512)
def compiled(id: str, served: frozenset[str] | None, json: bool, strict: bool) -> Reader:
    found = operation(id)
    answer = None if found.method == "GET" or found.is_list else resolved(found.answer)
    return hash_of(found.parameters, None if served is None else below(served | {"expand"}), answer, How(json, strict))


def below(served: frozenset[str]) -> dict[str, Any]:
    """`{"a", "b[c]"}` -> `{"a": None, "b": {"c": None}}`; a parent served whole swallows its children."""
    root: dict[str, Any] = {}
    for name in sorted(served, key=len):
        *parents, last = split(name)
        place: Served = root
        for parent in parents:
            place = None if place is None else place.setdefault(parent, {})
        if place is not None:
            place[last] = None
    return root


def reader(given: Schema, name: str, served: Served, answer: Schema | None, how: How) -> Reader:
    """The reader of any schema; `answer` is the hash that the answer has in the same place, if it has one."""
    if "anyOf" in given:
        return choice([each for each in given["anyOf"] if each.get("enum") != UNSET], name, served, answer, how)
    if given["type"] == "array":
        inside = served if served is None else served.get("", {})
        return array_of(reader(given["items"], name, inside, answer, how), how.json)
    if given["type"] != "object":
        return scalar(given, how.json)
    if given.get("additionalProperties"):
        return metadata if name == "metadata" else map_of(reader(given["additionalProperties"], "", None, None, how))
    return hash_of(given, served, answer, how)


def choice(options: list[Schema], name: str, served: Served, answer: Schema | None, how: How) -> Reader:
    readers: dict[str, list[Reader]] = {"object": [], "array": [], "scalar": []}
    for each in options:
        kind = each["type"] if each["type"] in readers else "scalar"
        readers[kind].append(read := reader(each, name, served, answer, how))
    return union(*readers.values()) if len(options) > 1 else read


def hash_of(given: Schema, served: Served, answer: Schema | None, how: How) -> Reader:
    fields = {
        name: field(each, name, name in given.get("required", ()), served, answer, how)
        for name, each in given["properties"].items()
    }
    takers = {name: each.read for name, each in fields.items() if each.served}
    required, strict = tuple(given.get("required", ())), how.strict

    def read(given: Node, at: str, findings: Findings) -> Any:
        if type(given) is not dict:
            return findings.note("Invalid object", at)
        values = {}
        for key, value in given.items():
            name = f"{at}[{key}]" if at else key
            take = takers.get(key)
            if value and take is not None:
                values[key] = take(value, name, findings)
            else:
                values[key] = look(fields.get(key), value, name, findings)
        for key in required:
            if key not in given:
                findings.missing(f"{at}[{key}]" if at else key)
        return Watched(values, at) if strict else values

    return read


def look(field: Field | None, value: Node, name: str, findings: Findings) -> Any:
    """The slow way: a name that is unknown or not served, the empty string, and what JSON has that is false."""
    if field is None:
        findings.unknown.append(name)
        return None
    if not field.served:
        findings.unserved.append(name)
    if value != "":
        return field.read(value, name, findings)
    return None if field.unsets else findings.empty(name)


def field(given: Schema, name: str, required: bool, served: Served, answer: Schema | None, how: How) -> Field:
    empties = unsets(given, name, required, answer)
    is_served = served is None or name in served
    inside = served[name] if served is not None and is_served else None
    read = reader(given, name, inside, counterpart(answer, name), how)
    return Field(stripped(read, empties) if is_name(name, given) else read, empties, is_served)


def unsets(given: Schema, name: str, required: bool, answer: Schema | None) -> bool:
    """B-1.19: whether the empty string unsets a parameter: the contract lists it, or the object has a nullable text here."""
    listed = any("" in each.get("enum", ()) for each in given.get("anyOf", [given]))
    return listed or (not required and nullable_text(given, name, answer))


def is_name(name: str, given: Schema) -> bool:
    named = name in ("name", "description") or name.endswith("_name")
    return named and any(each["type"] == "string" and "enum" not in each for each in given.get("anyOf", [given]))


def stripped(read: Reader, unsets: bool) -> Reader:
    """B-1.28: white space around names and descriptions goes; where nothing is left, it is the empty string."""

    def strip(given: Node, name: str, findings: Findings) -> Any:
        text = given.strip() if type(given) is str else given
        if text != "":
            return read(text, name, findings)
        return None if unsets else findings.empty(name)

    return strip


def nullable_text(given: Schema, name: str, answer: Schema | None) -> bool:
    """A text that the object has under the same name, and that may be null there."""
    if given.get("type") != "string" or "enum" in given or "format" in given or answer is None:
        return False
    stands: Schema = answer.get("properties", {}).get(name, {})
    return bool(stands.get("type") == "string" and stands.get("nullable") and "enum" not in stands)


def counterpart(answer: Schema | None, name: str) -> Schema | None:
    """The hash that the answer has under `name`; else the contract's hash of that name, as for a new card's address."""
    stands = (answer or {}).get("properties", {}).get(name, {})
    for each in stands.get("anyOf", [stands]):
        if (found := resolved(each)).get("properties"):
            return found
    return schema(name) if has_schema(name) else None
