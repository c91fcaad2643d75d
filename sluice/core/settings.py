"""What the environment says, read once, all faults named at once (O4). A flag goes before it, a file behind it."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import cast

from environs import Env, EnvValidationError
from marshmallow import ValidationError
from platformdirs import user_data_path

from sluice.core.limits import SETTLES_AFTER
from sluice.core.secrets import Secret

Network = IPv4Network | IPv6Network

PORT = 8420
LIVE_RATE = 100.0  # requests a second of an account in live mode (B-1.44); 0: no limit
GUESSES, DECLINES = 20, 10  # of one address in LIMIT_SECONDS (S14); 0: no limit
WHERE = ("live", "always", "off")  # limits hold
WEBHOOK_PAUSES = "60,300,1800,7200,18000,36000"
CARD_NUMBERS = ("report", "refuse")  # what becomes of one in free text (S6)
LEVELS = ("debug", "info", "warning", "error")
SECRETS = ("DATABASE_URL",)  # each also as NAME_FILE, and as a systemd credential
NAMES = (
    "SLUICE_ALLOW_NETWORKS",
    "SLUICE_BANK",
    "SLUICE_CARD_NUMBERS",
    "SLUICE_CLOCK_AHEAD",
    "SLUICE_DATA",
    "SLUICE_DEBUG_IN_LIVE",
    "SLUICE_DECLINES",
    "SLUICE_DRAIN_SECONDS",
    "SLUICE_FAULTS",
    "SLUICE_GUESSES",
    "SLUICE_HOST",
    "SLUICE_INNER_HOST",
    "SLUICE_INNER_LISTENER",
    "SLUICE_INNER_PORT",
    "SLUICE_LIMITS",
    "SLUICE_LISTENER",
    "SLUICE_LIVE_RATE",
    "SLUICE_LOG",
    "SLUICE_PARENT",
    "SLUICE_PORT",
    "SLUICE_PUBLIC_URL",
    "SLUICE_RAIL_SECONDS",
    "SLUICE_SETTLES_AFTER",
    "SLUICE_SINGLE_NODE",
    "SLUICE_STRICT",
    "SLUICE_TRUSTED_PROXIES",
    "SLUICE_VAULT_KEY_FILE",
    "SLUICE_WEBHOOK_PAUSES",
)


class SettingsFault(Exception):
    """The environment is not as it must be: `sentences`, one for each fault."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


@dataclass(frozen=True, slots=True)
class Limits:
    """How often what may happen, and in which mode that counts: calls a second, guesses and declines in LIMIT_SECONDS."""

    where: str = "off"
    rate: float = 0
    guesses: int = 0
    declines: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """All of them. Times are in seconds; `listener` is the descriptor of the bound socket that `sluice up` hands to the API."""

    data: Path
    database_url: Secret | None
    host: str
    port: int
    listener: int | None
    bank: str | None
    vault_key_file: Path
    trusted_proxies: tuple[Network, ...]
    allow_networks: tuple[Network, ...]
    webhook_pauses: tuple[float, ...]
    settles_after: int  # seconds
    limits: Limits
    public_url: str
    card_numbers: str
    log: str
    inner_host: str
    inner_port: int | None
    inner_listener: int | None
    drain_seconds: float

    @property
    def logs(self) -> Path:
        return self.data / "logs"


def read_settings(*, data: Path | None = None, database_url: str | None = None, port: int | None = None) -> Settings:
    """From the flags that were given, then the environment, then what the data folder holds. Raises `SettingsFault`."""
    env = Env(eager=False)
    secrets, faults = read_secrets()
    folder = (data or Path(env.str("SLUICE_DATA", "") or user_data_path("sluice"))).absolute()
    host = env.str("SLUICE_HOST", "127.0.0.1")
    door = env.int("SLUICE_PORT", env.int("PORT", PORT, validate=a_port), validate=a_port) if port is None else port
    listener = env.int("SLUICE_LISTENER", None)
    bank = env.str("SLUICE_BANK", "", validate=an_address) or recorded_bank(folder)
    key_file = env.str("SLUICE_VAULT_KEY_FILE", "")
    proxies = env.str("SLUICE_TRUSTED_PROXIES", "", validate=each(ip_network, "a network such as 10.0.0.0/8"))
    networks = env.str("SLUICE_ALLOW_NETWORKS", "", validate=each(ip_network, "a network such as 10.0.0.0/8"))
    pauses = env.str("SLUICE_WEBHOOK_PAUSES", WEBHOOK_PAUSES, validate=each(seconds, "seconds such as 60,300,1800"))
    settles_after = env.int("SLUICE_SETTLES_AFTER", SETTLES_AFTER, validate=not_negative)
    where = env.str("SLUICE_LIMITS", WHERE[0], validate=one_of(WHERE))
    rate = env.float("SLUICE_LIVE_RATE", LIVE_RATE, validate=not_negative)
    guesses = env.int("SLUICE_GUESSES", GUESSES, validate=not_negative)
    declines = env.int("SLUICE_DECLINES", DECLINES, validate=not_negative)
    public_url = env.str("SLUICE_PUBLIC_URL", "", validate=a_url)
    card_numbers = env.str("SLUICE_CARD_NUMBERS", CARD_NUMBERS[0], validate=one_of(CARD_NUMBERS))
    log = env.str("SLUICE_LOG", "info", validate=one_of(LEVELS))
    inner_host = env.str("SLUICE_INNER_HOST", "127.0.0.1")
    inner_port = env.int("SLUICE_INNER_PORT", None, validate=a_port)
    inner_listener = env.int("SLUICE_INNER_LISTENER", None)
    drain_seconds = env.float("SLUICE_DRAIN_SECONDS", 0.0, validate=not_negative)
    faults += sealed(env)
    if faults:
        raise SettingsFault(faults)
    url = database_url or secrets["DATABASE_URL"]
    return Settings(
        data=folder,
        database_url=Secret(url) if url else None,
        host=host,
        port=door or 0,
        listener=listener,
        bank=bank,
        vault_key_file=Path(key_file) if key_file else folder / "vault.key",
        trusted_proxies=tuple(map(ip_network, words(proxies))),
        allow_networks=tuple(map(ip_network, words(networks))),
        webhook_pauses=tuple(map(float, words(pauses))),
        settles_after=settles_after,
        limits=Limits(where, rate or 0, guesses or 0, declines or 0),
        public_url=public_url.rstrip("/") or f"http://{reachable(host)}:{door}",
        card_numbers=card_numbers,
        log=log,
        inner_host=inner_host,
        inner_port=inner_port,
        inner_listener=inner_listener,
        drain_seconds=drain_seconds or 0.0,
    )


def reachable(host: str) -> str:
    """A host that a client on this machine can name."""
    everywhere = ip_address(host).is_unspecified if host.replace(".", "").isdigit() or ":" in host else not host
    return "127.0.0.1" if everywhere else f"[{host}]" if ":" in host else host


def strangers() -> list[str]:
    """A sentence for each SLUICE_… variable that we do not know: a misspelt setting is a setting not made (O19)."""
    known = {*NAMES, *(f"{name}_FILE" for name in SECRETS)}
    return [
        f"{name} is not a setting of Sluice" + "".join(f"; did you mean {near}?" for near in get_close_matches(name, known, 1))
        for name in sorted(os.environ)
        if name.startswith("SLUICE_") and name not in known
    ]


def read_secrets() -> tuple[dict[str, str], list[str]]:
    """Each secret from its variable, else from the file that NAME_FILE names, else from systemd's credentials; the faults."""
    found, faults = {}, []
    for name in SECRETS:
        file = os.environ.get(f"{name}_FILE")
        credential = Path(os.environ.get("CREDENTIALS_DIRECTORY", os.devnull), name)
        found[name] = os.environ.get(name, "")
        if found[name] and file:
            faults.append(f"{name} and {name}_FILE are both set: keep one")
        elif file or (not found[name] and credential.is_file()):
            try:
                found[name] = Path(file or credential).read_text().strip()
            except OSError as error:
                faults.append(f"{name}_FILE: {file} cannot be read ({error.strerror})")
    return found, faults


def recorded_bank(data: Path) -> str | None:
    """Where the sandbox's bank of this data folder listens, as `sluice up` or `sluice sandbox` wrote it down."""
    file = data / "bank.json"
    return str(json.loads(file.read_bytes())["address"]) if file.exists() else None


def sealed(env: Env) -> list[str]:
    try:
        env.seal()
    except EnvValidationError as error:
        texts = cast("Mapping[str, list[str]]", error.error_messages)  # a mapping whenever variables are named
        return [f"{name} is {os.environ.get(name, '')!r}: {' '.join(texts[name])}" for name in sorted(texts)]
    return []


def words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def each(parse: Callable[[str], object], what: str) -> Callable[[str], None]:
    def check(text: str) -> None:
        for word in words(text):
            try:
                parse(word)
            except ValueError:
                raise ValidationError(f"{word!r} is not {what}.") from None

    return check


def one_of(allowed: tuple[str, ...]) -> Callable[[str], None]:
    def check(text: str) -> None:
        if text not in allowed:
            raise ValidationError(f"Must be one of {', '.join(allowed)}.")

    return check


def seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value


def a_port(number: int | None) -> None:
    if number is not None and not 0 <= number <= 65_535:
        raise ValidationError("A port is a number from 0 to 65535.")


def not_negative(number: float | None) -> None:
    if number is not None and number < 0:
        raise ValidationError("Must not be negative.")


def an_address(text: str) -> None:
    host, _, port = text.rpartition(":")
    if text and not (host and port.isdigit() and int(port) <= 65_535):
        raise ValidationError("Must be host:port.")


def a_url(text: str) -> None:
    if text and not text.startswith(("http://", "https://")):
        raise ValidationError("Must begin with https:// or http://.")
