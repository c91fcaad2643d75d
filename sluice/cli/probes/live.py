"""What stands between this installation and live mode (S30): `sluice doctor --live` names it beside all other faults."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sluice.cli.probes import Fault
from sluice.core.debugging import switches
from sluice.core.settings import SECRETS, Settings

SHORTEST = 12  # characters of a password that nobody guesses at a prompt
DEFAULTS = ("postgres", "password", "sluice", "secret", "admin", "changeme", "example", "test")

TAKES_LIVE = """select count(*) from rail_accounts r join scopes s on s.scope = r.scope
    where s.livemode and r.status = 'open' and r.rail <> 'sandbox'"""
BEFORE_SCOPE = (TAKES_LIVE,)


def debug(_: Settings) -> Iterator[Fault]:
    for sentence in switches(os.environ):
        yield Fault("debug", sentence, f"Unset {sentence.split()[0]} and start again.")


def address(read: Settings) -> Iterator[Fault]:
    """Cards and keys travel over TLS, which a proxy before us ends; then its word on who calls must be believed (S13, S14)."""
    if not read.public_url.startswith("https://"):
        cause = f"The public address is {read.public_url}: cards and keys would travel in clear."
        yield Fault(
            "public address", cause, "Put a proxy with TLS before Sluice, and set SLUICE_PUBLIC_URL to its https:// address."
        )
    if not read.trusted_proxies:
        cause = "No proxy is named, so every buyer seems to call from the proxy's address, and limits hit all of them at once."
        yield Fault("proxies", cause, "Set SLUICE_TRUSTED_PROXIES to the network of the proxy that ends TLS.")


def limits(read: Settings) -> Iterator[Fault]:
    off = [name for name, on in (("SLUICE_GUESSES", read.limits.guesses), ("SLUICE_DECLINES", read.limits.declines)) if not on]
    if read.limits.where == "off":
        off = ["SLUICE_LIMITS"]
    for name in off:
        yield Fault("limits", f"{name} is off: guessing and card testing are not slowed.", f"Unset {name}.")


def password(read: Settings) -> Iterator[Fault]:
    """The database's, where it is not our own server, which draws one."""
    parts = urlsplit(read.database_url or "")
    word = unquote(parts.password or "")
    if word and (word in (*DEFAULTS, parts.username) or len(word) < SHORTEST):
        cause = "The database's password is a default one, or short."
        yield Fault("database password", cause, f"Draw one of {SHORTEST} characters or more: alter role … password …")


def secret_files(_: Settings) -> Iterator[Fault]:
    """Files that hold a secret of ours; of the file of master keys its own probe tells."""
    for name in SECRETS:
        file = Path(os.environ.get(f"{name}_FILE", ""))
        if file.is_file() and file.stat().st_mode & 0o077:
            yield Fault(
                "secret file", f"{file} can be read by others (mode {file.stat().st_mode & 0o777:04o}).", f"chmod 600 {file}"
            )


async def rail(connection: Any) -> AsyncIterator[Fault]:
    if not await connection.fetchval(TAKES_LIVE):
        cause = "No rail account takes live money: the sandbox is the only rail."
        yield Fault("rail", cause, "Bank acquirers come with a later version of Sluice; use test mode until then.")


PROBES = (debug, address, limits, password, secret_files)
