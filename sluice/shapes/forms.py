"""Forms with nested brackets, and JSON, into one tree of text (B-1.16, B-1.17, B-1.25). What it means is the walk's to say.

A node is a text, a hash (`a[b]`, and `a[0]`: an index is a key until the contract says that a list is due), a list (`a[]`),
or a `Repeated`: one key given more than once.
"""

import json
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn
from urllib.parse import unquote_to_bytes

from sluice.core.errors import Refused
from sluice.core.limits import PARAMETER_DEPTH, PARAMETER_KEY_BYTES, PARAMETERS

Node = Any  # str | dict[str, Node] | list[Node]; from JSON also bool, int and Decimal


class Repeated(list[str]):
    """The values of one key given more than once: a list where a list is due, else refused. Never "the last one wins"."""


class Tree(NamedTuple):
    """Parameters as they were given. `json`: types are the caller's word, so they must be right (B-1.25)."""

    root: dict[str, Node]
    json: bool = False


NOTHING = Tree({})


def decode(raw: bytes) -> Tree:
    """A form's body, or a query string. Refused (400): what is no text, too much, or has two meanings."""
    if not raw:
        return NOTHING
    text = utf8(raw, "")
    pairs = text.split("&")
    if len(pairs) > PARAMETERS:
        raise Refused(f"A request can have at most {PARAMETERS} parameters; this one has {len(pairs)}.")
    escaped = "%" in text or "+" in text
    root: dict[str, Node] = {}
    for pair in pairs:
        if pair:
            key, _, value = pair.partition("=")
            steps = path(key)
            if escaped:
                value = unescaped(value, steps)
            if "\0" in value:
                raise Refused(f"A value holds a NUL character: {bracketed(steps)}", param=bracketed(steps))
            if len(steps) == 1 and steps[0] not in root:
                root[steps[0]] = value
            else:
                root[steps[0]] = placed(root.get(steps[0]), steps, 1, value)
    return Tree(root)


@lru_cache(4096)
def path(key: str) -> tuple[str, ...]:
    """`a[b][]` -> ("a", "b", ""); brackets may be percent-encoded. What does not nest well is one long name: an unknown one."""
    raw = unquote_to_bytes(key.replace("+", " "))
    if len(raw) > PARAMETER_KEY_BYTES:
        raise Refused(f"A parameter's name can have at most {PARAMETER_KEY_BYTES} bytes.", param=shortened(key))
    name = utf8(raw, shortened(key))
    if "\0" in name:
        raise Refused("A parameter's name holds a NUL character.", param=shortened(key))
    steps = split(name)
    if len(steps) > PARAMETER_DEPTH:
        raise too_deep(name)
    return steps


def split(name: str) -> tuple[str, ...]:
    first, opened, rest = name.partition("[")
    if not opened or not first or not rest.endswith("]"):
        return (name,)
    inner = tuple(rest[:-1].split("]["))
    return (name,) if any("[" in step or "]" in step for step in inner) else (first, *inner)


def placed(node: Node | None, steps: tuple[str, ...], at: int, value: str) -> Node:
    """`node` with `value` put where `steps` lead, from the step number `at` on."""
    if at == len(steps):
        return again(node, steps, value)
    step = steps[at]
    if step:
        branch = {} if node is None else node
        if type(branch) is not dict:
            contradict(steps)
        branch[step] = placed(branch.get(step), steps, at + 1, value)
        return branch
    items = [] if node is None else node
    if type(items) is not list:
        contradict(steps)
    if items and at + 1 < len(steps) and not repeats(items[-1], steps, at + 1):
        placed(items[-1], steps, at + 1, value)
    else:
        items.append(placed(None, steps, at + 1, value))
    return items


def repeats(item: Node, steps: tuple[str, ...], at: int) -> bool:
    """Whether an element of `items[][…]` has the key already: then a new element begins."""
    for step in steps[at:]:
        if not step or type(item) is not dict or step not in item:
            return False
        item = item[step]
    return type(item) is str


def again(node: Node | None, steps: tuple[str, ...], value: str) -> Node:
    if node is None:
        return value
    if type(node) is str:
        return Repeated([node, value])
    if type(node) is not Repeated:
        contradict(steps)
    node.append(value)
    return node


def unescaped(value: str, steps: tuple[str, ...]) -> str:
    if "+" in value:
        value = value.replace("+", " ")
    return utf8(unquote_to_bytes(value), bracketed(steps)) if "%" in value else value


def utf8(raw: bytes, param: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        where = f": {param}" if param else "."
        raise Refused(f"Parameters must be valid UTF-8{where}", param=param or None) from None


def bracketed(steps: tuple[str, ...]) -> str:
    return steps[0] + "".join(f"[{step}]" for step in steps[1:])


def shortened(text: str, most: int = 64) -> str:
    return text if len(text) <= most else text[:most] + "…"


def contradict(steps: tuple[str, ...]) -> NoReturn:
    name = bracketed(steps)
    raise Refused(f"The parameter {name} is given in two ways that exclude each other.", param=name)


def too_deep(name: str) -> Refused:
    return Refused(f"Parameters can be nested {PARAMETER_DEPTH} levels deep at most.", param=shortened(name) or None)


def from_json(raw: bytes) -> Tree:
    """B-1.25: a JSON object; `null` equals the empty string. Refused (400) as `decode` does, and for a key given twice."""
    try:
        root = json.loads(raw.decode() or "{}", object_pairs_hook=once, parse_float=Decimal, parse_constant=not_json)
    except RecursionError:
        raise too_deep("") from None
    except (ValueError, InvalidOperation):  # the second: a number with an exponent beyond all numbers
        raise Refused("The body is not valid JSON.") from None
    if type(root) is not dict:
        raise Refused("The body must be a JSON object.")
    return Tree(sound(root, "", 0, Counted()), json=True)


def once(pairs: list[tuple[str, Node]]) -> dict[str, Node]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        name = next(name for name in names if names.count(name) > 1)
        raise Refused(f"A key is given twice: {shortened(name)}", param=shortened(name))
    return found


def not_json(constant: str) -> NoReturn:
    raise ValueError(constant)


class Counted:
    """How many values a body has shown so far."""

    def __init__(self) -> None:
        self.values = 0

    def one_more(self) -> None:
        self.values += 1
        if self.values > PARAMETERS:
            raise Refused(f"A request can have at most {PARAMETERS} parameters.")


def sound(node: Node, name: str, depth: int, counted: Counted) -> Node:
    """`node` within the limits, all text encodable, null as the empty string."""
    counted.one_more()
    if depth > PARAMETER_DEPTH:
        raise too_deep(name)
    if type(node) is dict:
        return {key_of(key, name): sound(value, inner(name, key), depth + 1, counted) for key, value in node.items()}
    if type(node) is list:
        return [sound(value, inner(name, str(n)), depth + 1, counted) for n, value in enumerate(node)]
    if type(node) is str:
        proper(node, name)
    return "" if node is None else node


def inner(name: str, key: str) -> str:
    return f"{name}[{key}]" if name else key


def key_of(key: str, name: str) -> str:
    proper(key, name)
    if len(key.encode()) > PARAMETER_KEY_BYTES:
        raise Refused(f"A parameter's name can have at most {PARAMETER_KEY_BYTES} bytes.", param=shortened(inner(name, key)))
    return key


def proper(text: str, name: str) -> None:
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        where = shortened(name)
        raise Refused(f"Text must be valid UTF-8 without NUL: {where}", param=where or None)
