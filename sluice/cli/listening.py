"""Follows events by their number, prints them, and forwards each once, signed (O6).

The number of the last event forwarded lies in the data folder, written after the receiver answered: whoever comes back after
two minutes or a crash goes on from there. Only death between an answer and that line makes one come twice, under the same id.
"""

import asyncio
import hashlib
from collections.abc import Coroutine
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any, NamedTuple

import aiohttp

from sluice.books.event_reads import Types, after, before, last_number
from sluice.books.sequencer import catch_up
from sluice.books.webhooks.deliveries import body
from sluice.books.webhooks.secrets import new_secret
from sluice.books.webhooks.signature import sign
from sluice.cli.bookmark import Bookmark
from sluice.cli.crash import CannotGoOn, say
from sluice.cli.merchants import scope_of
from sluice.core.clock import clock
from sluice.core.files import replace_privately
from sluice.core.limits import DELIVERY_SECONDS
from sluice.core.secrets import Secret
from sluice.core.settings import Settings
from sluice.merchants import shop
from sluice.store.database import LOST, Database, connect
from sluice.store.postgres import Postgres

POLL = 0.2  # seconds between two looks
AGAIN = 1.0  # seconds before the database, or a receiver that did not answer, is tried again
KEPT_IN = "listen.secret"


class Wanted(NamedTuple):
    """What was asked for: where to, which types, from which second on, whose events."""

    forward: str | None
    only: Types
    since: int | None
    merchant: str | None
    live: bool


def secret(settings: Settings, live: bool) -> Secret:
    """The test shop's; in live mode, or without a test shop, one of this data folder. The same at every start."""
    known = None if live else shop.read(settings)
    if known:
        return Secret(known.webhook_secret)
    file = settings.data / KEPT_IN
    if not file.exists():
        replace_privately(file, new_secret().encode())
    return Secret(file.read_text())


def found(settings: Settings) -> Secret | None:
    """The database as it runs now; one of the data folder's own is not started for this."""
    if settings.database_url:
        return settings.database_url
    postgres = Postgres(settings.data)
    server = postgres.postmaster()
    return postgres.dsn(server) if server and server.answers() else None


async def listen(settings: Settings, wanted: Wanted) -> None:
    """Until it is cancelled. A database that is away is waited for. Without `merchant`: the test shop, or the only one."""
    known = shop.read(settings)
    wanted = wanted._replace(merchant=wanted.merchant or (known.account if known else None))
    listener = Listener(wanted, secret(settings, wanted.live), bookmark(settings, wanted))
    with listener.bookmark.alone() if wanted.forward else nullcontext():
        await listener.keep(settings)


def bookmark(settings: Settings, wanted: Wanted) -> Bookmark:
    place = hashlib.sha256(f"{wanted.forward} {wanted.live} {wanted.merchant}".encode()).hexdigest()[:16]
    return Bookmark(settings.data / f"listen-{place}")


class Listener:
    """`number` is where we are; None until the first look."""

    def __init__(self, wanted: Wanted, key: Secret, bookmark: Bookmark) -> None:
        self.wanted, self.secret, self.bookmark = wanted, key, bookmark
        self.number: int | None = None

    async def keep(self, settings: Settings) -> None:
        said = False
        if self.wanted.forward:
            say(f"forwarding to {self.wanted.forward}, signed with {self.secret}")
        while True:
            try:
                dsn = found(settings)
                if dsn:
                    said = False
                    await self.follow(dsn)
            except LOST:
                pass
            if not said:
                say("waiting for Sluice: its database is not there")
            said = True
            await asyncio.sleep(AGAIN)

    async def follow(self, dsn: Secret) -> None:
        database = await connect(dsn, lanes=1, readers=1)
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=DELIVERY_SECONDS)) as session:
                scope = await self.scope(database)
                await self.start(database, scope)
                while True:
                    await self.turn(database, session, scope)
        finally:
            await database.close()

    async def scope(self, database: Database) -> int:
        try:
            return await scope_of(database, self.wanted.merchant, self.wanted.live)
        except LookupError as error:
            raise CannotGoOn(str(error)) from None

    async def start(self, database: Database, scope: int) -> None:
        """Where to begin: where we were, at `--since`, where the last one stopped, or now."""
        if self.number is not None:
            return
        if self.wanted.since is not None:
            self.number = await before(database, scope, self.wanted.since)
        else:
            kept = self.bookmark.read() if self.wanted.forward else None
            self.number = await last_number(database, scope) if kept is None else kept
        if self.wanted.forward:
            self.bookmark.write(self.number)

    async def turn(self, database: Database, session: aiohttp.ClientSession, scope: int) -> None:
        assert self.number is not None
        await catch_up(database, scope, self.wanted.live)
        events = await after(database, scope, self.number)
        for event in events:
            await whole(self.pass_on(session, event))
            self.number = event["number"]
        if not events:
            await asyncio.sleep(POLL)

    async def pass_on(self, session: aiohttp.ClientSession, event: Any) -> None:
        """One event: shown and forwarded if its type is wanted, and then behind us."""
        if self.wanted.only.take(event["type"]):
            answer = f"  {await self.forward(session, event)}" if self.wanted.forward else ""
            at = datetime.fromtimestamp(event["created"], UTC)
            print(f"{at:%Y-%m-%d %H:%M:%S}  {event['type']}  {event['id']}{answer}", flush=True)
        if self.wanted.forward:
            self.bookmark.write(event["number"])

    async def forward(self, session: aiohttp.ClientSession, event: Any) -> int:
        """Any answer is an answer; without one the event is sent again, so that none is missing."""
        sent = body(event, self.wanted.live, None)
        while True:
            headers = {
                "Content-Type": "application/json; charset=utf-8",
                "Stripe-Signature": sign([self.secret], clock.seconds(), sent),
                "Sluice-Event-Number": str(event["number"]),
                "Sluice-Object-Version": str(event["object_version"]),
            }
            try:
                async with session.post(
                    self.wanted.forward or "", data=sent, headers=headers, allow_redirects=False
                ) as response:
                    return response.status
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                say(f"{event['id']}: {type(error).__name__}; trying again")
                await asyncio.sleep(AGAIN)


async def whole(work: Coroutine[Any, Any, None]) -> None:
    """To its end though Ctrl-C comes between: what was answered is written down."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=AGAIN)
        task.cancel()
        raise
