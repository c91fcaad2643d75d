#!/usr/bin/env python3
"""Checks the ledger's digests in this folder. Needs Python 3.9 or newer and nothing else: no server, no network, no packages.

    python3 verify.py [--key PUBLIC_KEY]... [FOLDER]

PUBLIC_KEY is the installation's, in hex, as you noted it down when you first got it; without it the keys in keys.json are
taken on trust. Exit code 0: everything holds; 1: the first thing that does not is named.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

Point = tuple[int, int, int, int]  # in extended coordinates (RFC 8032, 5.1.4)

# Ed25519, RFC 8032: the curve -x^2 + y^2 = 1 + d x^2 y^2 over the integers modulo P, its base point of order L.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)  # a square root of -1


def recover(y: int, sign: int) -> int | None:
    """The x that belongs to y, None if there is none (RFC 8032, 5.1.3)."""
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def add(a: Point, b: Point) -> Point:
    one, two = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    three, four = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = two - one, four - three, four + three, two + one
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def decode(data: bytes) -> Point | None:
    number = int.from_bytes(data, "little")
    y = number & ((1 << 255) - 1)
    x = recover(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover(BASE_Y, 0) or 0
BASE: Point = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) is one of `message` by the key `public` (32 bytes)."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, point, s = decode(public), decode(signature[:32]), int.from_bytes(signature[32:], "little")
    if key is None or point is None or s >= L:
        return False
    hashed = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, BASE), add(point, times(hashed, key))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def check(folder: Path, trusted: set[str]) -> tuple[str | None, int]:
    """A sentence for the first thing that does not hold, or None; and how many days were looked at."""
    keys = json.loads((folder / "keys.json").read_text())
    before: tuple[bytes, Any] | None = None
    days = sorted(folder.glob("????-??-??.json"))
    for file in days:
        raw, day = file.read_bytes(), file.stem
        said = json.loads(raw)
        key = keys.get(said["key"])
        if key is None or (trusted and key not in trusted):
            return f"{day}: signed by a key that is not yours: {key or said['key']}", len(days)
        if not signed(bytes.fromhex(key), raw, bytes.fromhex(file.with_suffix(".sig").read_text())):
            return f"{day}: the signature is not of this digest", len(days)
        wrong = follows(said, before, day) or sums(said, file.with_suffix(".jsonl"))
        if wrong:
            return f"{day}: {wrong}", len(days)
        before = (raw, said)
    return None, len(days)


def follows(said: Any, before: tuple[bytes, Any] | None, day: str) -> str | None:
    """The day is its own, and continues the one before it in this folder."""
    if said["day"] != day:
        return f"the digest is of {said['day']}"
    if before is None:
        return None
    raw, last = before
    if said["previous"] != hashlib.sha256(raw).hexdigest():
        return "the digest before it is another one: a day is missing or was exchanged"
    if said["events"]["after"] != last["events"]["last"] or said["audit"]["number"] < last["audit"]["number"]:
        return "its numbers do not follow the day before"
    closed = {(one["account"], one["currency"]): one["closing"] for one in last["accounts"]}
    for one in said["accounts"]:
        if one["opening"] != closed.get((one["account"], one["currency"]), 0):
            return f"{one['account']} in {one['currency']} does not open as the day before closed"
    return None


def sums(said: Any, file: Path) -> str | None:
    """The day's postings are those that were hashed, and come to the sums."""
    raw = file.read_bytes()
    if hashlib.sha256(raw).hexdigest() != said["postings"]["sha256"]:
        return "the postings are not those that were signed"
    debits: dict[tuple[str, str], int] = defaultdict(int)
    credits: dict[tuple[str, str], int] = defaultdict(int)
    lines = [json.loads(line) for line in raw.splitlines()]
    for line in lines:
        debits[line["debit"], line["currency"]] += line["amount"]
        credits[line["credit"], line["currency"]] += line["amount"]
    if (len(lines), len({line["fact"] for line in lines})) != (said["postings"]["count"], said["postings"]["facts"]):
        return "the postings are not as many as was said"
    accounts = {(one["account"], one["currency"]): one for one in said["accounts"]}
    for name in set(debits) | set(credits) | set(accounts):
        one = accounts.get(name)
        if one is None or (one["debits"], one["credits"]) != (debits[name], credits[name]):
            return f"{name[0]} in {name[1]} does not come to its sums"
        if one["closing"] != one["opening"] + one["credits"] - one["debits"]:
            return f"{name[0]} in {name[1]} does not close as it opened and moved"
    return None


def main(arguments: list[str]) -> int:
    trusted: set[str] = set()
    while arguments[:1] == ["--key"]:
        trusted, arguments = {*trusted, *arguments[1:2]}, arguments[2:]
    top = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    folders = sorted({file.parent for file in top.rglob("keys.json")})
    for folder in folders:
        fault, days = check(folder, trusted)
        if fault:
            print(f"{folder.name}: {fault}")
            return 1
        print(f"{folder.name}: {days} days hold")
    if not folders:
        print(f"there is no digest in {top}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
