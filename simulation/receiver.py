"""The shop's receiver of webhooks, with a book of its own: what it was told, believed only with a right signature."""

import asyncio
from collections import Counter
from typing import Any

import msgspec
from stripe import WebhookSignature

from simulation.stage import Stage
from sluice.books.webhooks import sender
from sluice.books.webhooks.deliveries import Delivery
from sluice.books.webhooks.sender import Answer
from sluice.core.limits import DELIVERY_SECONDS

FATES = ("500", "hangs", "answer lost", "refused", "slow", "lost")
TOLD = {
    "500": "the shop answers 500 to {what}",
    "hangs": "the shop hangs over {what}",
    "answer lost": "the shop hears {what}, and its answer is lost",
    "refused": "the shop refuses the connection for {what}",
    "slow": "the shop takes long over {what}",
    "lost": "{what} is lost on its way to the shop",
}
ERRS_MOST = 2  # times for one event: after three failures nobody sends it again in test mode (B-5.83)


class Receiver:
    """`told`: object -> its last event by version. `heard`: how often each event came."""

    def __init__(self, world: Stage) -> None:
        self.world = world
        self.events: dict[str, dict[str, Any]] = {}
        self.heard: Counter[str] = Counter()
        self.erred: Counter[str] = Counter()
        self.faults: list[str] = []

    async def post(self, delivery: Delivery, signature: str) -> Answer:
        event = msgspec.json.decode(delivery.body)
        id, what = event["id"], f"{event['type']} of …{event['data']['object'].get('id', 'balance')[-8:]}"
        fate, how = "", 0.0
        if self.erred[id] < ERRS_MOST:
            fate, how = self.world.tape.pick("hook", f"hook {event['type']}", FATES)
        if fate:
            self.erred[id] += 1
            self.world.story.odd(TOLD[fate].format(what=what))
            self.world.story.seen[f"webhook: {fate}"] += 1
        await asyncio.sleep(0.02 + (how * 8 if fate == "slow" else 0))
        if fate == "refused":
            raise ConnectionRefusedError
        if fate == "hangs" or fate == "lost":
            await asyncio.sleep(DELIVERY_SECONDS)
            raise TimeoutError
        if fate == "500":
            return Answer(500, "")
        self.hear(delivery, signature, event)
        self.world.story.say(f"the shop hears {what}")
        await asyncio.sleep(0.02)
        if fate == "answer lost":
            raise ConnectionResetError
        return Answer(200, "ok")

    def hear(self, delivery: Delivery, signature: str, event: dict[str, Any]) -> None:
        WebhookSignature.verify_header(delivery.body.decode(), signature, self.world.shop.secret, None)
        signed = int(signature.partition(",")[0].removeprefix("t="))
        if abs(signed - self.world.loop.time()) > 300:
            self.faults.append(f"the event {event['id']} was signed at {signed}")
        before = self.events.get(event["id"])
        if before is not None and before != event:
            self.faults.append(f"the event {event['id']} was told in two ways")
        if before is None and not self.world.committed(event["id"]):
            self.faults.append(f"the event {event['id']} was told before it was committed")
        self.events[event["id"]] = event
        self.heard[event["id"]] += 1


class Sender(sender.Sender):
    """The real one, but for the socket."""

    def __init__(self, world: Stage, vault: Any) -> None:
        super().__init__(vault, world.settings)
        self.world = world

    async def post(self, delivery: Delivery, signature: str) -> Answer:
        answer: Answer = await self.world.receiver.post(delivery, signature)
        return answer
