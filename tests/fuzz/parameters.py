"""Fuzzed: what callers send as parameters. Anything but a value or a `Refused` is a find."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote, quote_plus

import qs_codec

from sluice.api.operations import HINTS, TABLE
from sluice.core.errors import Refused
from sluice.core.limits import PARAMETER_DEPTH, PARAMETER_KEY_BYTES, PARAMETERS
from sluice.shapes.contract import operation
from sluice.shapes.forms import Repeated, decode, from_json
from sluice.shapes.parameters import walk

PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz_")
FORMS = [
    b"amount=2000&currency=usd&metadata[order]=1&expand[]=latest_charge",
    b"items[0][price]=a&items[1][price]=b&items[][q]=1&items[][q]=2",
    b"a%5Bb%5D=x%20y+z&a[c]&=&a[=1&[b]=2&a]=3",
    b"card[number]=4242424242424242&card[exp_month]=12&a=1&a=2",
]
JSONS = [
    b'{"amount": 2000, "currency": "usd", "metadata": {"a": null}, "expand": ["x"]}',
    b'{"a": [1.5, -0, 1e9, true, {"b": "\\u00e9"}], "": ""}',
    b'{"a": 1e99999999999999999999}',
]
# The first two bytes choose the operation and whether the rest is a form or JSON.
CALLS = [bytes([n, n % 2]) + (JSONS if n % 2 else FORMS)[n % 2] for n in range(len(TABLE))]


def form(raw: bytes) -> None:
    """A tree within the limits that means the same when written anew, to us and, where it is plain, to another decoder."""
    try:
        tree = decode(raw).root
    except Refused as refusal:
        return sound(refusal)
    pairs = list(flat(tree))
    assert len(pairs) <= PARAMETERS
    again = "&".join(f"{quote(name)}={quote_plus(value)}" for name, value in pairs)
    assert decode(again.encode()).root == tree, again
    if plain(tree):
        options = qs_codec.DecodeOptions(depth=PARAMETER_DEPTH, parameter_limit=PARAMETERS)
        assert qs_codec.decode(again, options) == tree, again
    return None


def flat(node: Any, name: str = "", depth: int = 0) -> Any:
    """A tree as pairs of a form, in the order in which it was read."""
    assert depth <= PARAMETER_DEPTH
    assert len(name.encode()) <= PARAMETER_KEY_BYTES
    if type(node) is str:
        assert "\0" not in node
        yield name, node
    elif type(node) is Repeated:
        yield from ((name, value) for value in node)
    else:
        inner = node.items() if type(node) is dict else (("", each) for each in node)
        for key, value in inner:
            yield from flat(value, f"{name}[{key}]" if depth else key, depth + 1)


def plain(node: Any) -> bool:
    """Hashes and texts under names of letters: what no two decoders read differently."""
    if type(node) is dict:
        return all(key and PLAIN.issuperset(key) and plain(value) for key, value in node.items())
    return type(node) is str


def body(raw: bytes) -> None:
    """What Python's own decoder reads, null as the empty string; or a refusal."""
    try:
        tree = from_json(raw).root
    except Refused as refusal:
        return sound(refusal)
    assert tree == emptied(json.loads(raw.decode() or "{}", parse_float=Decimal))
    return None


def emptied(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: emptied(value) for key, value in node.items()}
    if isinstance(node, list):
        return [emptied(value) for value in node]
    return "" if node is None else node


def call(raw: bytes) -> None:
    """Any operation's walk: values under the contract's names, or a refusal that names a parameter."""
    op = TABLE[(raw[:1] or b"\0")[0] % len(TABLE)]
    try:
        tree = from_json(raw[2:]) if raw[1:2] > b"\x7f" or raw[1:2] == b"\x01" else decode(raw[2:])
        values = walk(operation(op.id), tree, op.serves, HINTS)
    except Refused as refusal:
        return sound(refusal)
    assert set(values) <= {*operation(op.id).parameters["properties"], "expand"}
    assert set(values) == set(tree.root)
    return None


def sound(refusal: Refused) -> None:
    """What the door needs of one: 400, a sentence, a parameter that can be written in an answer."""
    assert refusal.status == 400
    assert refusal.message
    assert "4242424242424242" not in refusal.message
    (refusal.param or "").encode()
    refusal.message.encode()
