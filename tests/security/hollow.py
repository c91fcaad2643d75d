"""The door in this process, over a desk whose database holds nothing and whose bank declines: a million requests in minutes."""

import asyncio
from collections.abc import Sequence
from typing import Any

from sluice.api.door import Door, Line
from sluice.api.guard import Guard
from sluice.books.event_reads import LAST
from sluice.books.keyring import DataKey, Keyring
from sluice.books.sequencer import SPAN
from sluice.books.vault.cards import Vault
from sluice.books.vault.cvcs import HOUR, Cvcs
from sluice.books.vault.envelope import KeyBytes
from sluice.core.clock import clock
from sluice.core.settings import Limits
from sluice.merchants.accounts import MERCHANT, OTHER
from sluice.merchants.permissions import Identity
from sluice.payments.desk import Desk
from sluice.rails.outcomes import Declined, Outcome
from sluice.rails.sandbox.rail import Sandbox
from sluice.rails.types import Card, Deadline, Envelope
from sluice.rules.plans import Terms
from sluice.store.reads import Rows

SCOPE = 1
KEY = KeyBytes(bytes(32))
WHO = Identity(SCOPE, "acct_1", False, "sk", "key_1", {})
KNOWN = {  # what every installation has
    OTHER: {"scope": SCOPE + 1},
    MERCHANT: {"id": "acct_1", "created": 1, "name": "A shop", "country": "US", "currency": "usd"},
    SPAN: {"first": None, "last": None},
    LAST: {"number": 0},
}
MINE = (b"authorization", b"Bearer sk_test_x")


class Empty:
    """A database in which nothing is found and everything can be written."""

    def __init__(self) -> None:
        self.ending = self

    async def load(self, scope: int, key: str | None, loads: Sequence[Any], *names: Any) -> tuple[None, Rows]:
        return None, Rows({load.name: None for load in loads})

    async def one(self, *_: Any) -> None:
        return None

    async def many(self, *_: Any) -> list[Any]:
        return []

    async def fetch(self, *_: Any) -> list[Any]:
        return []

    async def fetchrow(self, sql: str, *_: Any) -> dict[str, Any] | None:
        return KNOWN.get(sql)

    async def write(self, fact: Any, **_: Any) -> bool:
        return True


class Declines(Sandbox):
    async def send(self, envelope: Envelope, card: Card | None, deadline: Deadline) -> Outcome:
        return Declined("generic_decline")


class Wraps:
    """Keeps no master key: what is sealed here is never opened."""

    def wrap(self, key: bytes) -> bytes:
        return key

    def unwrap(self, wrapped: bytes) -> KeyBytes:
        return KeyBytes(wrapped)


class Anybody:
    """Whoever comes has a key."""

    def worked(self, key: Any) -> bool:
        return True

    async def identify(self, *_: Any) -> Identity:
        return WHO


def desk() -> Desk:
    database: Any = Empty()
    ring, cvcs = Keyring(database, Wraps()), Cvcs(database, Wraps())
    ring.newest = {purpose: DataKey("vk_1", purpose, 1, KEY) for purpose in ("card", "webhook", "fingerprint", "request")}
    ring.keys, ring.loaded = {"vk_1": ring.newest["card"]}, float("inf")
    now = clock.seconds() // HOUR
    cvcs.hours = {now: cvcs.made(), now + 1: cvcs.made()}
    return Desk(database, {"sandbox": Declines("127.0.0.1", 9)}, Vault(ring, cvcs), 1, "http://localhost")


class Hollow:
    """`ask` answers as the API does: a status and the body."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        anybody: Any = Anybody()
        self.door = Door(desk(), anybody, Terms(), trusted=(), guard=Guard(Limits()), tell=self.lines.append)
        self.loop = asyncio.new_event_loop()

    def ask(self, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> tuple[int, bytes]:
        return self.loop.run_until_complete(self.asked(method, path, query, headers, body))

    async def asked(
        self, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> tuple[int, bytes]:
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query,
            "headers": [MINE, *headers], "client": ("127.0.0.1", 1),
        }  # fmt: skip
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.door(scope, receive, send)
        self.lines.clear()
        return sent[0]["status"], sent[1]["body"]
