"""API keys: shown once, kept as a hash, rolled with an overlap; and whose key a call bears (B-1.1 to B-1.3, S8)."""

import hashlib
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple

from msgspec.structs import replace

from sluice.books.audit import entries
from sluice.books.audit.entries import Who
from sluice.core.errors import Refused
from sluice.core.ids import chance, new_id
from sluice.core.networks import Network, networks, within
from sluice.core.secrets import Secret
from sluice.merchants.permissions import Identity, Level
from sluice.store.database import Database
from sluice.store.facts import Fact
from sluice.store.rows import Row

Kind = Literal["sk", "rk", "pk", "ek"]
CHARACTERS = 32  # of [A-Za-z0-9], 190 bits
OVERLAP_MOST = 7 * 86_400
KNOWN_SECONDS, KNOWN_MOST = 5.0, 10_000  # how long, and how many, accepted keys are remembered
USE_SECONDS = 60.0  # a key's last use is written no more often

BY_HASH = """select k.scope, s.merchant, s.livemode, k.kind, k.id, k.permissions, k.networks, k.expires, k.revoked,
        m.currency, k.customer from api_keys k join scopes s on s.scope = k.scope join merchants m on m.id = s.merchant
    where k.hash = $1"""
USED = "update api_keys set last_used = $3 where scope = $1 and id = $2 and coalesce(last_used, 0) < $3"
EVERY_KEY_OF = """select id, kind, name, last4, permissions, networks, created, expires, revoked, rolled_to, last_used
    from api_keys where scope = $1 and kind <> 'ek' order by id"""
BEFORE_SCOPE = (BY_HASH,)


class ApiKey(Row, frozen=True):
    """A key without itself. Times in seconds; `last_used` is a column that no fact writes."""

    table: ClassVar[str] = "api_keys"
    hash: bytes
    kind: Kind
    name: str
    last4: str
    permissions: dict[str, Level]
    networks: list[str]
    created: int
    expires: int | None = None
    revoked: int | None = None
    rolled_to: str | None = None
    customer: str | None = None  # whose objects alone an ephemeral key reaches


def make(
    kind: Kind,
    livemode: bool,
    now: int,
    *,
    name: str = "",
    permissions: Mapping[str, Level] | None = None,
    allowed: Iterable[str] = (),
    expires: int | None = None,
) -> tuple[Secret, ApiKey]:
    """The key's text, to be shown once, and its row, to be written. `allowed`: the IP networks it is good for, none: all."""
    if expires is not None and expires <= now:
        raise Refused("A key cannot have expired before it is made.", param="expires")
    text = Secret(f"{kind}_{'live' if livemode else 'test'}_{chance(CHARACTERS)}")
    nets = [str(network) for network in networks(allowed)]
    return text, ApiKey(new_id("key_"), 0, digest(text), kind, name, text[-4:], dict(permissions or {}), nets, now, expires)


def roll(who: Who, scope: int, key: ApiKey, livemode: bool, overlap: int, now: int) -> tuple[Secret, Fact]:
    """A new key that may do the same; the old one expires in `overlap` seconds, 0 at once."""
    if not 0 <= overlap <= OVERLAP_MOST:
        raise Refused(f"The overlap is between 0 and {OVERLAP_MOST} seconds.", param="overlap")
    if key.revoked is not None or key.rolled_to or (key.expires is not None and key.expires <= now):
        raise Refused(f"The key {key.id} has been rolled, revoked or has expired.", param="key", judged=True)
    text, fresh = make(key.kind, livemode, now, name=key.name, permissions=key.permissions, allowed=key.networks)
    ends = now + overlap if key.expires is None else min(now + overlap, key.expires)
    old, new = replace(key, expires=ends, rolled_to=fresh.id), replace(fresh, expires=key.expires)
    detail = {"before": said(key), "after": said(old), "successor": fresh.id}
    entry = entries.rows(who, "keys.roll", key.id, at=now, detail=detail)
    return text, Fact("key.roll", scope, fresh.id, saved=[old], new=[new, *entry])


def revoke(who: Who, scope: int, key: ApiKey, now: int) -> Fact:
    """Unknown from now on, everywhere within KNOWN_SECONDS. A second time changes nothing."""
    if key.revoked is not None:
        return Fact("key.revoke", scope, key.id)
    after = replace(key, revoked=now)
    entry = entries.rows(who, "keys.revoke", key.id, at=now, detail={"before": said(key), "after": said(after)})
    return Fact("key.revoke", scope, key.id, saved=[after], new=entry)


def created(who: Who, scope: int, key: ApiKey) -> Fact:
    """A new key, with the entry of the audit log that says who made it and what it may do."""
    new = entries.rows(who, "keys.create", key.id, at=key.created, detail=said(key))
    return Fact("key.create", scope, key.id, new=[key, *new])


def said(key: ApiKey) -> dict[str, Any]:
    """What the audit log keeps of a key: never its hash."""
    kept = {"kind": key.kind, "name": key.name, "permissions": key.permissions, "networks": key.networks}
    return kept | {"expires": key.expires, "revoked": key.revoked}


def digest(text: str) -> bytes:
    """What is stored for a key: SHA-256 is enough, since it has 190 random bits."""
    return hashlib.sha256(text.encode()).digest()


def parse(header: str | None) -> Secret | None:
    """B-1.1: the key in an Authorization header, Bearer or Basic (the user; a password is ignored); None: none is given."""
    scheme, _, rest = (header or "").strip().partition(" ")
    match scheme.lower():
        case "bearer":
            given = rest.strip()
        case "basic":
            given = user(rest.strip())
        case _:
            given = ""
    return Secret(given) if given else None


def user(credentials: str) -> str:
    try:
        return b64decode(credentials, validate=True).decode().partition(":")[0].strip()
    except ValueError:
        return ""


def masked(text: str) -> str:
    """B-1.3: `sk_test_****1234`. Of what does not look like a key, no more than the last four of a long one."""
    prefix = "".join(re.findall(r"^[a-z]{2,5}_(?:test|live)_", text))
    body = text[len(prefix) :]
    return f"{prefix}****{body[-4:] if re.fullmatch(r'[A-Za-z0-9_]{12,}', body) else ''}"


class Known(NamedTuple):
    """A key that was found, and until when we believe it."""

    identity: Identity
    networks: tuple[Network, ...]
    expires: int | None
    until: float


class Authenticator:
    """Tells whose key a call bears. A key that is not remembered costs one hash and one statement, whether or not it exists."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.known: dict[bytes, Known] = {}
        self.used: dict[tuple[int, str], int] = {}
        self.written: dict[tuple[int, str], float] = {}

    async def identify(self, text: Secret | None, peer: str, now: float) -> Identity:
        """Who calls from `peer`; 401 or 403 otherwise, never remembered. `peer` as `core.networks.client_address` tells."""
        if text is None:
            message = (
                "You did not provide an API key. Send it in the Authorization header ('Authorization: Bearer YOUR_SECRET_KEY')"
                " or as the user name of HTTP Basic authentication with an empty password."
            )
            raise Refused(message, status=401)
        hashed = digest(text)
        known = self.known.get(hashed)
        if known is None or known.until <= now:
            known = await self.look(hashed, now)
        if known is None:
            self.known.pop(hashed, None)
            raise Refused(f"Invalid API Key provided: {masked(text)}", status=401)
        if known.expires is not None and known.expires <= now:
            raise Refused(f"Expired API Key provided: {masked(text)}", status=401, code="api_key_expired")
        if known.networks and not within(peer, known.networks):
            raise Refused("This API key may not be used from your IP address.", status=403)
        self.remember(hashed, known, now)
        return known.identity

    def worked(self, text: Secret) -> bool:
        """Whether this key was good here before, however long ago; asks nobody."""
        return digest(text) in self.known

    async def look(self, hashed: bytes, now: float) -> Known | None:
        row = await self.database.fetchrow(BY_HASH, hashed)
        if row is None or row["revoked"] is not None:
            return None
        identity = Identity(
            row["scope"], row["merchant"], row["livemode"], row["kind"], row["id"], row["permissions"], row["currency"],
            row["customer"],
        )  # fmt: skip
        return Known(identity, networks(row["networks"]), row["expires"], now + KNOWN_SECONDS)

    def remember(self, hashed: bytes, known: Known, now: float) -> None:
        if len(self.known) >= KNOWN_MOST:
            self.known.clear()
        self.known[hashed] = known
        self.used[known.identity.scope, known.identity.key] = int(now)

    async def flush(self, now: float) -> None:
        """Writes when keys were last used. The server calls it every few seconds, beside the requests."""
        self.written = {key: at for key, at in self.written.items() if now - at < USE_SECONDS}
        for key in self.used.keys() - self.written.keys():
            await self.database.execute(USED, *key, self.used.pop(key))
            self.written[key] = now
