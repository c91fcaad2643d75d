"""Every setting with its value and where that came from; a secret is never shown whole (O19)."""

import os
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from sluice.core import limits
from sluice.core.settings import NAMES, SECRETS, Settings

PASSWORD = re.compile(r"(?<=:)[^:/@]+(?=@)")


class Shown(NamedTuple):
    """`source`: flag, environment, file, data folder or default. `value` is None where nothing is set."""

    name: str
    value: str | None
    source: str


# What is read where it is used, with what holds unless it is set.
ELSEWHERE: Mapping[str, str | None] = {
    "SLUICE_CLOCK_AHEAD": None, "SLUICE_FAULTS": None, "SLUICE_STRICT": None, "SLUICE_PARENT": None,
    "SLUICE_RAIL_SECONDS": f"{limits.RAIL_SECONDS:g}", "SLUICE_DEBUG_IN_LIVE": None, "SLUICE_SINGLE_NODE": None,
}  # fmt: skip
VALUES: Mapping[str, Callable[[Settings], object]] = {
    "DATABASE_URL": lambda s: s.database_url and PASSWORD.sub("…", str(s.database_url)),
    "SLUICE_ALLOW_NETWORKS": lambda s: joined(s.allow_networks),
    "SLUICE_BANK": lambda s: s.bank,
    "SLUICE_CARD_NUMBERS": lambda s: s.card_numbers,
    "SLUICE_DATA": lambda s: s.data,
    "SLUICE_DECLINES": lambda s: s.limits.declines,
    "SLUICE_DRAIN_SECONDS": lambda s: s.drain_seconds,
    "SLUICE_GUESSES": lambda s: s.limits.guesses,
    "SLUICE_HOST": lambda s: s.host,
    "SLUICE_INNER_HOST": lambda s: s.inner_host,
    "SLUICE_INNER_LISTENER": lambda s: s.inner_listener,
    "SLUICE_INNER_PORT": lambda s: s.inner_port,
    "SLUICE_LIMITS": lambda s: s.limits.where,
    "SLUICE_LISTENER": lambda s: s.listener,
    "SLUICE_LIVE_RATE": lambda s: s.limits.rate,
    "SLUICE_LOG": lambda s: s.log,
    "SLUICE_PORT": lambda s: s.port,
    "SLUICE_PUBLIC_URL": lambda s: s.public_url,
    "SLUICE_SETTLES_AFTER": lambda s: s.settles_after,
    "SLUICE_TRUSTED_PROXIES": lambda s: joined(s.trusted_proxies),
    "SLUICE_VAULT_KEY_FILE": lambda s: s.vault_key_file,
    "SLUICE_WEBHOOK_PAUSES": lambda s: joined(s.webhook_pauses),
}
FALLBACKS = {"SLUICE_PORT": "PORT"}  # another variable that is read in its place


def shown(read: Settings, flags: Mapping[str, bool]) -> list[Shown]:
    """`flags`: which variables a flag of this call went before."""
    return [Shown(name, value(name, read), source(name, read, flags.get(name, False))) for name in (*SECRETS, *NAMES)]


def value(name: str, read: Settings) -> str | None:
    if name not in VALUES:
        return os.environ.get(name) or ELSEWHERE[name]
    found = VALUES[name](read)
    return None if found is None or found == "" else f"{found:g}" if isinstance(found, float) else str(found)


def source(name: str, read: Settings, flagged: bool) -> str:
    if flagged:
        return "flag"
    if os.environ.get(name) or os.environ.get(FALLBACKS.get(name, name)):
        return "environment"
    if name in SECRETS and value(name, read):
        return "file"
    if name == "SLUICE_BANK" and read.bank:
        return "data folder"
    return "default"


def joined(values: tuple[object, ...]) -> str:
    return ",".join(f"{one:g}" if isinstance(one, float) else str(one) for one in values)
