"""Delivers webhooks: claims what is due, sends it, writes down what came of it (B-5.83, B-5.84).

A receiver that hangs takes its own room and no more: an endpoint has at most DELIVERIES_PER_ENDPOINT in flight, and only one
once half of all slots are taken, so that the other half is for the first of each endpoint.
"""

import asyncio
import random
from collections import defaultdict

import structlog

from sluice.books.vault.cards import Vault
from sluice.books.webhooks.deliveries import MICRO, Delivery, Ended, Ill, claim, due, record
from sluice.books.webhooks.sender import Sender
from sluice.core import metrics
from sluice.core.clock import clock
from sluice.core.limits import DELIVERIES_AT_ONCE, DELIVERIES_PER_ENDPOINT
from sluice.core.log import about
from sluice.core.settings import Settings
from sluice.merchants.endpoints import Endpoint, failing, given_up, well
from sluice.payments.settling import completed
from sluice.rules.plans import Change
from sluice.store.database import Database

SLOTS = DELIVERIES_AT_ONCE * DELIVERIES_PER_ENDPOINT
POLL = 0.2  # seconds
TOLD_AFTER = 3  # failures in a row
DISABLED_AFTER = 5 * 86_400  # seconds of only failures
DRAIN = 5.0  # seconds for what is in flight at the end; what is cut off comes again when its lease ends

log = structlog.get_logger()


class Deliverer:
    """One for a worker; any number of workers share the work. `turn` is a loop's turn."""

    def __init__(self, database: Database, vault: Vault, settings: Settings) -> None:
        self.database, self.pauses = database, settings.webhook_pauses
        self.sender = Sender(vault, settings)
        self.sending: set[asyncio.Task[None]] = set()
        self.ended: dict[int, list[Ended]] = defaultdict(list)  # by scope

    async def turn(self) -> bool:
        """Writes down what has ended, claims what is due, and waits a moment; whether anything is under way."""
        written = await self.record()
        claimed = await self.claim()
        if self.sending and not (written or claimed):
            await asyncio.wait(self.sending, timeout=POLL, return_when=asyncio.FIRST_COMPLETED)
        return bool(self.sending or self.ended)

    async def claim(self) -> int:
        """Scopes in any order, so that none is always the last."""
        scopes, started = await due(self.database), 0
        random.shuffle(scopes)
        for scope, livemode in scopes:
            taken = len(self.sending)
            each, slots = (DELIVERIES_PER_ENDPOINT, SLOTS // 2) if taken < SLOTS // 2 else (1, SLOTS)
            if taken < slots:
                for delivery in await claim(self.database, scope, livemode, each, min(slots - taken, DELIVERIES_AT_ONCE)):
                    task = asyncio.create_task(self.send(delivery))
                    self.sending.add(task)
                    task.add_done_callback(self.sending.discard)
                    started += 1
        return started

    async def send(self, delivery: Delivery) -> None:
        about(loop="deliveries", scope=delivery.scope, endpoint=delivery.endpoint, number=delivery.number)
        try:
            ended = await self.sender.send(delivery)
        except Exception as error:  # a defect of ours costs this try only
            log.error("a delivery failed", exc_info=error)
            ended = Ended(delivery, clock.micros(), 0, None, "defect", "")
        metrics.child(metrics.DELIVERIES, ended.error or "delivered").inc()
        metrics.DELIVERY_SECONDS.observe(ended.ms / 1000)
        self.ended[delivery.scope].append(ended)

    async def record(self) -> bool:
        """Tries whose writing fails are kept, and written the next time."""
        scopes = list(self.ended)
        for scope in scopes:
            tries = self.ended.pop(scope)
            try:
                ills = await record(self.database, scope, tries, self.pauses)
            except BaseException:
                self.ended[scope] += tries
                raise
            await self.tell(scope, tries, ills)
        return bool(scopes)

    async def tell(self, scope: int, tries: list[Ended], ills: list[Ill]) -> None:
        """What the owner must hear: that an endpoint fails, that it was disabled. Looked at again with each failure."""
        livemode = tries[0].delivery.livemode
        for ill in ills:
            if ill.failures >= TOLD_AFTER:
                await self.troubled(scope, livemode, ill)
        for id in {end.delivery.endpoint for end in tries if end.error is None and end.delivery.failing}:
            endpoint = await self.database.one(Endpoint, scope, id)
            if endpoint and endpoint.failing is not None:
                await self.write(scope, livemode, well(endpoint))

    async def troubled(self, scope: int, livemode: bool, ill: Ill) -> None:
        endpoint = await self.database.one(Endpoint, scope, ill.endpoint)
        if endpoint is None or endpoint.status == "disabled":
            return
        since, now = max(ill.since // MICRO, endpoint.since), clock.seconds()
        if endpoint.failing is None:
            await self.write(scope, livemode, failing(endpoint, since))
        elif now - since >= DISABLED_AFTER:
            await self.write(scope, livemode, given_up(endpoint))

    async def write(self, scope: int, livemode: bool, change: Change) -> None:
        """An endpoint that was changed at this moment is looked at again after its next try."""
        await self.database.write(completed("webhook.health", scope, livemode, clock.seconds(), change, None, None, None))

    async def close(self) -> None:
        """Gives what is in flight a moment, writes down what ended, and lets go of the rest."""
        if self.sending:
            await asyncio.wait(self.sending, timeout=DRAIN)
        for task in self.sending:
            task.cancel()
        await asyncio.gather(*self.sending, return_exceptions=True)
        await self.record()
        await self.sender.close()


async def deliver(database: Database, vault: Vault, settings: Settings) -> None:
    """Until it is cancelled."""
    deliverer = Deliverer(database, vault, settings)
    try:
        while True:
            if not await deliverer.turn():
                await asyncio.sleep(POLL)
    finally:
        await deliverer.close()
