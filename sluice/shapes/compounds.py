"""Readers of lists, maps, metadata and choices, made of the readers of what is in them (see `scalars`)."""

from functools import cache
from typing import Any

from sluice.core.limits import METADATA_KEY, METADATA_KEYS, METADATA_VALUE
from sluice.shapes.findings import Findings
from sluice.shapes.forms import Node
from sluice.shapes.scalars import Reader, not_text


def array_of(item: Reader, json: bool) -> Reader:
    """B-1.17: by `[]`, by repeating the key, by index; gaps of indexes are closed."""

    def read(given: Node, name: str, findings: Findings) -> Any:
        if isinstance(given, list):
            items = list(enumerate(given))
        elif type(given) is dict and not json and all(map(is_index, given)):
            items = sorted((int(key), value) for key, value in given.items())
        else:
            return findings.note("Invalid array", name)
        return [element(value, f"{name}[{n}]", findings) for n, value in items]

    def element(value: Node, name: str, findings: Findings) -> Any:
        return findings.empty(name) if value == "" else item(value, name, findings)

    return read


@cache
def is_index(key: str) -> bool:
    return key.isascii() and key.isdigit() and str(int(key)) == key


def map_of(item: Reader) -> Reader:
    """A hash of any keys, its values all of one kind; an empty value unsets its key."""

    def read(given: Node, at: str, findings: Findings) -> Any:
        if type(given) is not dict:
            return findings.note("Invalid object", at)
        return {key: None if value == "" else item(value, f"{at}[{key}]", findings) for key, value in given.items()}

    return read


def metadata(given: Node, at: str, findings: Findings) -> Any:
    """B-2.23: texts under any key, within limits; None deletes the key."""
    if type(given) is not dict:
        return findings.note("Invalid object", at)
    if len(given) > METADATA_KEYS:
        return findings.note(f"Metadata can have at most {METADATA_KEYS} keys; this one has {len(given)}.", at)
    values = {}
    for key, value in given.items():
        fits = type(value) is str and len(value) <= METADATA_VALUE and 0 < len(key) <= METADATA_KEY
        if fits and "[" not in key and "]" not in key:
            values[key] = value or None
        else:
            values[key] = metadatum(key, value, f"{at}[{key}]", findings)
    return values


def metadatum(key: str, value: Node, name: str, findings: Findings) -> Any:
    """The slow way: what is no text, or too long, or has brackets in its key, as only JSON can say it."""
    text = plain(value)
    if text is None:
        return not_text(value, name, findings)
    if not 0 < len(key) <= METADATA_KEY or "[" in key or "]" in key:
        findings.note(f"A metadata key has 1 to {METADATA_KEY} characters, without brackets; this one has {len(key)}.", name)
    if len(text) > METADATA_VALUE:
        findings.note(f"A metadata value can have at most {METADATA_VALUE} characters; this one has {len(text)}.", name)
    return text or None


def plain(value: Node) -> str | None:
    """Text, a JSON number or boolean, as text; None for a hash or a list."""
    if type(value) is bool:
        return "true" if value else "false"
    return None if isinstance(value, dict | list) else str(value)


def union(hashes: list[Reader], lists: list[Reader], scalars: list[Reader]) -> Reader:
    """The kind of node picks among the options; of several of that kind the first that finds no fault is taken."""

    def read(given: Node, name: str, findings: Findings) -> Any:
        if type(given) is dict:
            return first_clean(hashes or lists or scalars, given, name, findings)
        if isinstance(given, list):
            return first_clean(lists or scalars or hashes, given, name, findings)
        return first_clean(scalars or lists or hashes, given, name, findings)

    return read


def first_clean(readers: list[Reader], given: Node, name: str, findings: Findings) -> Any:
    """Without a clean one, the findings of the reader that knows most of the names."""
    tries = []
    for read in readers:
        tried = Findings()
        value = read(given, name, tried)
        if tried.clean:
            findings.add(tried)
            return value
        tries.append(tried)
    findings.add(min(tries, key=lambda tried: len(tried.unknown)))
    return None
