"""Sends one event to one endpoint: signed now, once, without following anything (B-5.80 to B-5.82, F47)."""

import asyncio
import ssl
from typing import NamedTuple

import aiohttp

from sluice.books.vault.cards import Vault
from sluice.books.webhooks.addresses import AddressRefused, guard
from sluice.books.webhooks.deliveries import Delivery, Ended
from sluice.books.webhooks.names import Resolver
from sluice.books.webhooks.secrets import parse
from sluice.books.webhooks.signature import sign
from sluice.core import tracing
from sluice.core.clock import clock
from sluice.core.faults import AnswerLost, effect
from sluice.core.limits import DELIVERY_HEAD, DELIVERY_SECONDS
from sluice.core.outside import refuse_inside_transaction
from sluice.core.settings import Settings

HEAD_SECONDS = 0.5  # for the beginning of an answer whose status is known: nobody waits for a body that drips
KEPT_SECONDS = 1.0  # for a connection to be used again: less than any server keeps one


class Answer(NamedTuple):
    status: int
    head: str


class Sender:
    """Two sessions, since test mode may reach what live mode may not."""

    def __init__(self, vault: Vault, settings: Settings) -> None:
        self.vault, self.settings = vault, settings
        self.names = Resolver()
        self.sessions: dict[bool, aiohttp.ClientSession] = {}

    def session(self, livemode: bool) -> aiohttp.ClientSession:
        if livemode not in self.sessions:
            connector = aiohttp.TCPConnector(
                limit=0, keepalive_timeout=KEPT_SECONDS, resolver=self.names,
                socket_factory=guard(livemode, self.settings.allow_networks),
            )  # fmt: skip
            self.sessions[livemode] = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=DELIVERY_SECONDS),
            )  # fmt: skip
        return self.sessions[livemode]

    async def send(self, delivery: Delivery) -> Ended:
        """One try. Whatever goes wrong is what came of it; only a 2xx is success."""
        with tracing.span("webhook", endpoint=delivery.endpoint, number=delivery.number):
            return await self.tried(delivery)

    async def tried(self, delivery: Delivery) -> Ended:
        began = clock.now()
        status, error, head = None, None, ""
        try:
            secrets = parse(await self.vault.open_webhook(delivery.scope, delivery.endpoint, delivery.sealed))
            at = clock.seconds()
            signature = sign(secrets.valid(at), at, delivery.body)
            status, head = await effect("webhook.deliver", lambda: self.post(delivery, signature))
            error = None if 200 <= status < 300 else "status"
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as failure:
            error = named(failure)
        return Ended(delivery, clock.micros(), int((clock.now() - began) * 1000), status, error, head)

    async def post(self, delivery: Delivery, signature: str) -> Answer:
        refuse_inside_transaction("webhook.deliver")
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature,
            "User-Agent": f"Stripe/1.0 (+{self.settings.public_url})",
            "Sluice-Event-Number": str(delivery.number),
            "Sluice-Object-Version": str(delivery.object_version),
            **tracing.outgoing(),
        }
        session = self.session(delivery.livemode)
        async with session.post(delivery.url, data=delivery.body, headers=headers, allow_redirects=False) as response:
            return Answer(response.status, await beginning(response))

    async def close(self) -> None:
        await asyncio.gather(*(session.close() for session in self.sessions.values()))
        await self.names.close()


async def beginning(response: aiohttp.ClientResponse) -> str:
    """The answer's head, as text; what does not come at once, or breaks off, is left."""
    got = bytearray()
    try:
        async with asyncio.timeout(HEAD_SECONDS):
            while len(got) < DELIVERY_HEAD and (more := await response.content.read(DELIVERY_HEAD - len(got))):
                got += more
    except (TimeoutError, aiohttp.ClientError, OSError):
        pass
    return got.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def named(failure: BaseException) -> str:
    """The failure in one word, as the owner sees it."""
    match failure:
        case TimeoutError():
            return "timeout"
        case aiohttp.ClientConnectorDNSError():
            return "name_not_found"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return "tls"
        case aiohttp.ClientConnectorError(os_error=AddressRefused()):
            return "address_refused"
        case aiohttp.InvalidURL() | ValueError():
            return "url"
        case AnswerLost():
            return "answer_lost"
        case _:
            return "connection"
