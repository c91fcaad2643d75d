"""API versions (B-1.11, B-1.12). The code knows one shape, the newest; a table of changes makes the older ones of it.

What is sent in an older version is brought forward, change by change, before it is read; what is answered is taken back, change
by change, before it is sent. Nothing else knows that there are versions.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from typing import NamedTuple

from sluice.core.errors import Refused
from sluice.shapes.versions import (
    automatic_payment_methods,
    capture_by_default,
    charges_of_intent,
    invoice_of_payment,
    lists_of_customer,
    refunds_of_charge,
    released_is_refunded,
    three_d_secure_of_charge,
    total_count,
)
from sluice.shapes.versions.change import Change, Object, Rewrite

# Newest to oldest.
CHANGES: tuple[Change, ...] = (
    invoice_of_payment.CHANGE,
    released_is_refunded.CHANGE,
    total_count.CHANGE,
    capture_by_default.CHANGE,
    automatic_payment_methods.CHANGE,
    charges_of_intent.CHANGE,
    refunds_of_charge.CHANGE,
    lists_of_customer.CHANGE,
    three_d_secure_of_charge.CHANGE,
)
# Every version that the public API has had in this time, newest to oldest.
NAMES = (
    "2026-05-27.dahlia", "2026-04-22.dahlia", "2026-03-25.dahlia",
    "2026-02-25.clover", "2026-01-28.clover", "2025-12-15.clover", "2025-11-17.clover", "2025-10-29.clover",
    "2025-09-30.clover",
    "2025-08-27.basil", "2025-07-30.basil", "2025-06-30.basil", "2025-05-28.basil", "2025-04-30.basil", "2025-03-31.basil",
    "2025-02-24.acacia", "2025-01-27.acacia", "2024-12-18.acacia", "2024-11-20.acacia", "2024-10-28.acacia",
    "2024-09-30.acacia",
    "2024-06-20", "2024-04-10", "2023-10-16", "2023-08-16", "2022-11-15", "2022-08-01", "2020-08-27", "2020-03-02",
)  # fmt: skip
NEWEST, OLDEST = NAMES[0], NAMES[-1]
FORM = re.compile(r"(\d{4}-\d{2}-\d{2})(\.[a-z_]+)?(\s*;\s*[a-z_]+=v\d+)*", re.ASCII)


class Version(NamedTuple):
    """A version, and what lies between it and ours: nothing for the newest, which is answered as it is."""

    name: str
    changes: tuple[Change, ...] = ()
    objects: Mapping[str, tuple[Rewrite, ...]] = {}  # newest change first
    lists: Mapping[str, Mapping[str, str]] = {}
    parameters: Mapping[str, tuple[Rewrite, ...]] = {}  # oldest change first


CURRENT = Version(NEWEST)


@cache
def version(name: str) -> Version:
    """The version of that name, one of NAMES."""
    changes = tuple(change for change in CHANGES if day(name) < day(change.until))
    if not changes:
        return CURRENT._replace(name=name)
    lists: dict[str, dict[str, str]] = {}
    for change in changes:
        for object, fields in change.lists.items():
            lists[object] = {**lists.get(object, {}), **fields}
    objects = gathered([change.objects for change in changes])
    return Version(name, changes, objects, lists, gathered([change.parameters for change in changes[::-1]]))


def gathered(each: list[Mapping[str, Rewrite]]) -> dict[str, tuple[Rewrite, ...]]:
    names = dict.fromkeys(name for rewrites in each for name in rewrites)
    return {name: tuple(rewrites[name] for rewrites in each if name in rewrites) for name in names}


def day(name: str) -> str:
    return name[:10]


@lru_cache(1024)
def read(given: str, param: str | None = None) -> Version:
    """The version that a caller names: by its date the newest one that was there on that day. Refused (400) otherwise."""
    shape = FORM.fullmatch(given.strip())
    try:
        dated = date.fromisoformat(shape[1]).isoformat() if shape else None
    except ValueError:
        dated = None
    if dated is None:
        raise Refused(f"Invalid Stripe API version: {given[:100]}", param=param)
    if dated < OLDEST:
        message = f"Sluice serves API versions from {OLDEST} on, not {given[:100]}: use a newer SDK or pin a newer version."
        raise Refused(message, param=param)
    return version(next(name for name in NAMES if day(name) <= dated))


def forward(given: Object, operation: str, sent: Version) -> Object:
    """A call's parameters, as their tree, in today's words."""
    for rewrite in sent.parameters.get(operation, ()):
        given = rewrite(given)
    return given
