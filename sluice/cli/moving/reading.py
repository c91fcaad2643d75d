"""Reading another account of the same API by its key: every list to its end, resumed where it was cut off."""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec

from sluice.cli.crash import CannotGoOn
from sluice.core.secrets import Secret
from sluice.merchants.mirror import IDS, Line, Reading, keep, readings
from sluice.store.database import Database

VERSION = "2026-05-27.dahlia"
# Lists that an account has by itself. What one does not serve is passed over.
LISTS = (
    "customers", "products", "prices", "payment_intents", "setup_intents", "charges", "refunds", "disputes",
    "balance_transactions", "payouts", "events",
)  # fmt: skip
METHODS = "payment_methods"  # a list to each customer; no number comes with them, so none can be charged
PAGE, BATCH = 100, 500
PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds before another try
AGAIN = (409, 429, 500, 502, 503, 504)
Say = Callable[[str], None]


class NotServed(Exception):
    """The other account has no such list."""


class Foreign:
    """The other account. A context manager."""

    def __init__(self, url: str, key: Secret) -> None:
        self.url, self.key = url.rstrip("/"), key

    async def __aenter__(self) -> "Foreign":
        headers = {"Authorization": f"Bearer {self.key}", "Stripe-Version": VERSION}
        self.session = aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=80))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        await self.session.close()

    async def get(self, path: str, **params: str | int) -> Any:
        """The answer, after a few tries. Raises `NotServed`, and `CannotGoOn` when it is refused or never comes."""
        pauses = [*PAUSES]
        while True:
            try:
                async with self.session.get(f"{self.url}{path}", params=params, allow_redirects=False) as answer:
                    status, body = answer.status, await answer.read()
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                status, body = 503, str(error or type(error).__name__).encode()
            if status == 200:
                return parsed(body, path)
            if status not in AGAIN or not pauses:
                raise self.refusal(status, path, body)
            await asyncio.sleep(pauses.pop(0))

    def refusal(self, status: int, path: str, body: bytes) -> Exception:
        if status == 404:
            return NotServed(path)
        if status in (401, 403):
            return CannotGoOn(f"{self.url} refused the key for {path}: give a secret key, or one that may read everything")
        text = body.decode(errors="replace")[:200]
        return CannotGoOn(f"{self.url}{path} answers {status} ({text}). Run it again: it goes on where it was")

    async def pages(self, path: str, after: str | None) -> AsyncIterator[list[Line]]:
        """A list from behind that object to its end."""
        while True:
            page = await self.get(path, limit=PAGE, **({"starting_after": after} if after else {}))
            lines = [line(one, path) for one in page["data"]]
            yield lines
            if not lines or not page["has_more"]:
                return
            after = lines[-1].id


def parsed(body: bytes, path: str) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise CannotGoOn(f"{path} was answered with what is no JSON: is this an account of the same API?") from None


def line(one: Any, path: str) -> Line:
    try:
        return Line.of(msgspec.json.encode(one))
    except ValueError as fault:
        raise CannotGoOn(f"{path} holds what is no object of the API: {fault}") from None


async def read_all(database: Database, scope: int, foreign: Foreign, say: Say) -> dict[str, int]:
    """Mirrors every list; answers how many objects of each it has seen. A reading that was complete is begun anew."""
    source = str((await foreign.get("/v1/account"))["id"])
    known = await readings(database, scope, source)
    if known and all(reading.done for reading in known.values()):
        known = {}
    seen = {}
    for resource in (*LISTS, METHODS):
        reading = known.get(resource, Reading())
        if not reading.done:
            read = read_methods if resource == METHODS else read_list
            reading = (await read(database, scope, foreign, source, resource, reading, say))._replace(done=True)
            await keep(database, scope, source, [], (resource, reading))
        seen[resource] = reading.seen
    return seen


async def read_list(
    database: Database, scope: int, foreign: Foreign, source: str, resource: str, reading: Reading, say: Say
) -> Reading:
    try:
        async for lines in foreign.pages(f"/v1/{resource}", reading.cursor):
            if lines:
                reading = Reading(lines[-1].id, reading.seen + len(lines))
            await keep(database, scope, source, lines, (resource, reading))
            say(f"{resource}: {reading.seen}")
    except NotServed:
        say(f"{resource}: not served there")
    return reading


async def read_methods(
    database: Database, scope: int, foreign: Foreign, source: str, resource: str, reading: Reading, say: Say
) -> Reading:
    """Customer by customer; the cursor is the last one whose methods are all there."""
    while customers := await database.fetch(IDS, scope, "customer", source, reading.cursor or "", BATCH):
        for row in customers:
            lines: list[Line] = []
            try:
                async for page in foreign.pages(f"/v1/customers/{quote(row['id'], safe='')}/{METHODS}", None):
                    lines += page
            except NotServed:  # deleted
                pass
            reading = Reading(row["id"], reading.seen + len(lines))
            await keep(database, scope, source, lines, (resource, reading))
        say(f"{resource}: {reading.seen}")
    return reading
