"""Request schemas for tests: as JSON Schema, for a second judge, and as Hypothesis strategies of what nearly fits."""

from typing import Any

from hypothesis import strategies as st

from sluice.core.money import CURRENCIES
from sluice.shapes.contract import Schema

TEXT = st.text("ab1é", min_size=1, max_size=5)
JUNK = st.sampled_from([True, 7, "zz", ["zz"], {"zz": "zz"}, {}, [], 1 << 63, "1e3", "１"])


def judged(given: Schema, name: str = "") -> Schema:
    """JSON Schema of a request schema: no unknown keys, int64, known currencies, the limits of metadata."""
    if "anyOf" in given:
        return {"anyOf": [judged(each, name) for each in given["anyOf"]]}
    if given["type"] == "array":
        return {"type": "array", "items": judged(given["items"], name)}
    if given["type"] == "integer":
        return {"type": "integer", "minimum": -(1 << 63), "maximum": (1 << 63) - 1}
    if given["type"] == "string" and given.get("format") == "currency":
        return {"enum": [*CURRENCIES, *map(str.upper, CURRENCIES)]}
    if given["type"] == "string" and given.get("format") == "decimal":
        return {"type": "string", "pattern": r"^-?[0-9]{1,19}(\.[0-9]{1,12})?$"}
    if given["type"] != "object":
        return {key: given[key] for key in ("type", "enum", "maxLength") if key in given}
    if name == "metadata":
        values = {"anyOf": [{"type": "string", "maxLength": 500}, {"type": ["integer", "boolean"]}]}
        keys = {"minLength": 1, "maxLength": 40, "pattern": r"^[^\[\]]*$"}
        return {"type": "object", "additionalProperties": values, "propertyNames": keys, "maxProperties": 50}
    if given.get("additionalProperties"):
        return {"type": "object", "additionalProperties": judged(given["additionalProperties"])}
    properties = {key: judged(each, key) for key, each in given["properties"].items()}
    required = given.get("required", [])
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def fitting(given: Schema, name: str = "") -> st.SearchStrategy[Any]:
    """JSON that fits a request schema, small; a form can say all of it."""
    if "anyOf" in given:
        return st.one_of([fitting(each, name) for each in given["anyOf"] if says_something(each)])
    if "enum" in given:
        return st.sampled_from(given["enum"])
    if given["type"] == "array":
        return st.lists(fitting({**given["items"]}, name).filter(lambda each: each != ""), min_size=1, max_size=3)
    if given["type"] == "integer":
        return st.integers(-(1 << 63), (1 << 63) - 1)
    if given["type"] == "boolean":
        return st.booleans()
    if given["type"] == "string":
        special = {"currency": st.sampled_from(["usd", "EUR"]), "decimal": st.sampled_from(["1", "-0.25"])}
        return special.get(given.get("format", ""), TEXT.map(lambda text: text[: given.get("maxLength", 5)]))
    if given.get("additionalProperties"):
        return st.dictionaries(TEXT, fitting(given["additionalProperties"]), min_size=1, max_size=3)
    return hashes(given)


@st.composite
def hashes(draw: st.DrawFn, given: Schema) -> dict[str, Any]:
    """All that is required, and up to four names more."""
    names = sorted(key for key, each in given["properties"].items() if says_something(each))
    chosen = draw(st.lists(st.sampled_from(names), max_size=4, unique=True)) if names else []
    wanted = [*given.get("required", []), *chosen] or names[:1]
    return {name: draw(fitting(given["properties"][name], name)) for name in dict.fromkeys(wanted)}


def says_something(given: Schema) -> bool:
    """A hash without names cannot be written in a form."""
    if "anyOf" in given:
        return any(map(says_something, given["anyOf"]))
    inside = given.get("properties", {}).values()
    return given["type"] != "object" or bool(given.get("additionalProperties")) or any(map(says_something, inside))


@st.composite
def bent(draw: st.DrawFn, given: Schema) -> Any:
    """What fits, with up to two of its nodes replaced, taken out or put in."""
    tree = draw(fitting(given))
    for _ in range(draw(st.integers(0, 2))):
        tree = draw(bend(tree))
    return tree


@st.composite
def bend(draw: st.DrawFn, tree: Any) -> Any:
    if not isinstance(tree, dict) or not tree:
        return draw(JUNK)
    key = draw(st.sampled_from(sorted(tree)))
    match draw(st.sampled_from(["deeper", "deeper", "replace", "lose", "add", "long"])):
        case "deeper":
            return {**tree, key: draw(bend(tree[key]))}
        case "replace":
            return {**tree, key: draw(JUNK)}
        case "lose":
            return {name: value for name, value in tree.items() if name != key}
        case "add":
            return {**tree, draw(st.sampled_from(["zz", "type", "card", "number"])): draw(JUNK)}
        case _:
            return {**tree, key: "a" * draw(st.sampled_from([22, 23, 501, 5001]))}
