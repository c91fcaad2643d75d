"""Requests by chance, from the contract: right in most, wrong in some way, in every way that we know (S16). Seeded."""

import json
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote

from sluice.api.operations import TABLE
from sluice.rails.sandbox.cards import NAMES
from sluice.shapes.contract import event_types, operation
from tests.security.leaves import Leaf, leaves

GOOD: dict[str, list[str]] = {
    "amount": ["2000", "100", "99999999"], "currency": ["usd", "JPY", "kwd", "eur"], "number": ["4242424242424242"],
    "exp_month": ["12"], "exp_year": ["2040"], "cvc": ["123"], "email": ["a@b.example"], "url": ["https://shop.example/x"],
    "return_url": ["https://shop.example/back"], "payment_method": ["pm_card_visa", "pm_card_amex"], "type": ["card"],
    "token": ["tok_visa"], "source": ["tok_visa"], "enabled_events": ["*", *sorted(event_types())[:5]],
}  # fmt: skip
ODD = [
    "", " ", "0", "-1", "1", "1e3", "9223372036854775807", "9223372036854775808", "true", "false", "null", "None", "[]", "{}",
    "\0", "\x1b[31m", "\u202e", "\u2028", "\ufeff", "\ud83d\ude00", "é" * 300, "a" * 5_001, "../..", "' or 1=1--", "%00", "%",
    "${7*7}", "<script>", "cus_1", "pi_1", "4242424242424242", "٣", "１", "a=b&c=d", "]", "[", "a[b]", "\r\nX: y", "NaN", "-",
    *list(NAMES)[:3],
]  # fmt: skip
NOISE = [
    b"%",
    b"%f",
    b"%ff",
    b"&",
    b"=",
    b"[",
    b"]",
    b"[]",
    b"+",
    b"\xff",
    b"\0",
    b";",
    b"\r\n",
    b"%5B",
    b"\xe2\x80\xae",
    b"a" * 600,
]
KINDS = [
    b"application/x-www-form-urlencoded",
    b"application/json",
    b"application/json; charset=utf-8",
    b"text/xml",
    b"",
    b"\xff",
]
HEADERS = [b"stripe-version", b"idempotency-key", b"stripe-account", b"content-encoding", b"x-forwarded-for", b"stripe-context"]
UNKNOWN = [
    "status",
    "livemode",
    "fee",
    "id",
    "__proto__",
    "constructor",
    "self",
    "scope",
    "amount[0]",
    "a[b][c]",
    "[]",
    "x" * 70,
]


class Request(NamedTuple):
    """As the door gets it."""

    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes


def request(chance: Random) -> Request:
    op = chance.choice(TABLE)
    found = operation(op.id)
    parts = [ident(chance) if part.startswith("{") else part for part in found.path.split("/")]
    path = "/".join(parts) if chance.random() < 0.97 else quote(chance.choice(ODD).encode("utf-8", "replace")) or "/"
    method = found.method if chance.random() < 0.97 else chance.choice(["GET", "POST", "DELETE", "HEAD", "PUT", "PATCH"])
    pairs = parameters(chance, list(leaves(op)), found.parameters.get("required", ()))
    as_json = method == "POST" and chance.random() < 0.4
    raw = spoilt(chance, tree(chance, pairs) if as_json else form(chance, pairs))
    headers = [(b"content-type", KINDS[1] if as_json else KINDS[0])] if chance.random() < 0.97 else []
    if not headers:
        headers.append((b"content-type", chance.choice(KINDS)))
    if chance.random() < 0.1:
        headers.append((chance.choice(HEADERS), chance.choice(ODD).encode("utf-8", "replace")))
    if method == "POST":
        return Request(method, f"/{path.lstrip('/')}", b"", headers, raw)
    return Request(method, f"/{path.lstrip('/')}", raw, headers, b"")


def ident(chance: Random) -> str:
    return "cus_1" if chance.random() < 0.9 else quote(chance.choice(ODD).encode("utf-8", "replace")) or "x"


def parameters(chance: Random, offered: list[Leaf], required: Any) -> list[tuple[str, str]]:
    """Most of what is required, some of what is offered, now and then what is unknown or doubled."""
    must = [leaf for leaf in offered if leaf.name.partition("[")[0] in required and chance.random() < 0.95]
    some = chance.sample(offered, min(len(offered), chance.randrange(4)))
    pairs = [(leaf.name, value(chance, leaf)) for leaf in {leaf.name: leaf for leaf in must + some}.values()]
    if chance.random() < 0.1:
        pairs.append((chance.choice(UNKNOWN), chance.choice(ODD)))
    if pairs and chance.random() < 0.05:
        pairs.append(chance.choice(pairs))
    if chance.random() < 0.002:
        pairs += [(f"metadata[k{n}]", "v") for n in range(chance.choice([49, 51, 1_001, 5_000]))]
    chance.shuffle(pairs)
    return pairs


def value(chance: Random, leaf: Leaf) -> str:
    if chance.random() < 0.15:
        return chance.choice(ODD)
    if leaf.schema.get("enum"):
        return str(chance.choice(leaf.schema["enum"]))
    if leaf.schema["type"] == "boolean":
        return chance.choice(["true", "false"])
    text = GOOD.get(leaf.last) or (["7", "100"] if leaf.schema["type"] == "integer" else ["text", "pm_card_visa", "x"])
    return chance.choice(text)


def form(chance: Random, pairs: list[tuple[str, str]]) -> bytes:
    names = (name.replace("[0]", "[]") if chance.random() < 0.5 else name for name, _ in pairs)
    parts = [f"{name}={quote(text.encode('utf-8', 'replace'))}" for name, (_, text) in zip(names, pairs, strict=True)]
    return "&".join(parts).encode()


def tree(chance: Random, pairs: list[tuple[str, str]]) -> bytes:
    """As JSON, each value of its own kind or of another."""
    root: dict[str, Any] = {}
    for name, text in pairs:
        node, *steps = root, *name.replace("]", "").split("[")
        for step in steps[:-1]:
            node = node.setdefault(step, {}) if isinstance(node, dict) else {}
        if isinstance(node, dict):
            node[steps[-1]] = kind(chance, text)
    return json.dumps(root).encode()


def kind(chance: Random, text: str) -> Any:
    if chance.random() < 0.1:
        return chance.choice([None, [], {}, [text], {"0": text}, 1.5, -0.0, 1 << 70, True, [[[text]]], {"a": {"b": text}}])
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.lstrip("-").isdecimal() and text.isascii() else text


def spoilt(chance: Random, raw: bytes) -> bytes:
    """Now and then some bytes are put in, left out, doubled or cut off."""
    while chance.random() < 0.12:
        at = chance.randrange(len(raw) + 1)
        match chance.randrange(4):
            case 0:
                raw = raw[:at] + chance.choice(NOISE) + raw[at:]
            case 1:
                raw = raw[:at] + raw[at + chance.randrange(4) :]
            case 2:
                raw = raw[:at]
            case _:
                raw = raw + b"&" + raw[at:]
    return raw
