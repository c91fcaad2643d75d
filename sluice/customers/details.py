"""Hashes that several nouns carry: metadata, addresses, shipping (B-2.23, B-4.7, B-4.8)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sluice.core.errors import Refused
from sluice.core.limits import METADATA_KEYS
from sluice.shapes.objects import merge, whole

Hash = dict[str, Any]
Given = Mapping[str, Any]
EMAIL = re.compile(r"[^@\s<>\"(),:;\[\]\\]+@[^@\s<>\"(),:;\[\]\\.]+(\.[^@\s<>\"(),:;\[\]\\.]+)*")


def metadata(old: Hash, params: Given) -> Hash:
    """Given keys are set, an empty value deletes its key, an empty string deletes all, unnamed keys stay."""
    if "metadata" not in params:
        return old
    given = params["metadata"]
    if given is None:
        return {}
    merged = {key: value for key, value in (old | given).items() if value}
    if len(merged) > METADATA_KEYS:
        message = f"Metadata can have at most {METADATA_KEYS} keys; with these it would have {len(merged)}."
        raise Refused(message, param="metadata", judged=True)
    return merged


def address(given: Given | None, old: Hash | None = None) -> Hash | None:
    """All six keys, the country in upper case; leaf by leaf over what was there."""
    if given is None:
        return None
    made = whole("address", merge(old or {}, given))
    if made and made.get("country"):
        made["country"] = made["country"].upper()
    return made


def shipping(given: Given | None, old: Hash | None = None) -> Hash | None:
    if given is None:
        return None
    made = whole("shipping", merge(old or {}, given))
    if made is not None:
        made["address"] = address(made.get("address") or {})
    return made


def email(params: Given, name: str = "email") -> str | None:
    """B-2.24: checked for form only."""
    given: str | None = params[name]
    if given is not None and not EMAIL.fullmatch(given):
        raise Refused(f"Invalid email address: {given}", code="email_invalid", param=name)
    return given


def kept(old: Hash, params: Given, names: Iterable[str]) -> Hash:
    """`old` with those of `names` that were given; an unset one becomes null."""
    return old | {name: params[name] for name in names if name in params}
