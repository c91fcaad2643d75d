"""What a soak asks of a gateway: a steady mix of everything, at a pace, in all weathers."""

import asyncio
import random
import time
from collections import Counter, deque
from typing import Any

from tests.load.swarm import Call, Client, Said

KEPT = 200  # payments that may still be refunded
SOME = 0.1  # of the payments meet weather
WEATHERS = ("silent", "late", "twice", "cut-after-booking", "cut-before-booking", "garbage")
CARD = {
    "currency": "usd", "payment_method": "pm_card_visa", "confirm": "true",
    "automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never",
}  # fmt: skip
LISTS = ("/v1/payment_intents", "/v1/charges", "/v1/events", "/v1/customers")


class Mix:
    """Some clients that call `pace` times a second, all together, until told to stop. `statuses` counts their answers."""

    def __init__(self, url: str, key: str, clients: int, pace: float) -> None:
        self.url, self.key, self.clients, self.pause = url, key, clients, clients / pace
        self.statuses: Counter[int] = Counter()
        self.slowest, self.stopped = 0.0, False
        self.paid: deque[str] = deque(maxlen=KEPT)

    async def run(self) -> None:
        await asyncio.gather(*(self.client() for _ in range(self.clients)))

    async def client(self) -> None:
        client = Client(self.url, self.key)
        kinds: list[Call] = [self.pay, self.hold, self.refund, self.create, self.customer, self.read]
        while not self.stopped:
            began = time.monotonic()
            said = await random.choices(kinds, (6, 2, 3, 4, 2, 3))[0](client)
            self.statuses[said.status] += 1
            self.slowest = max(self.slowest, said.seconds)
            await asyncio.sleep(max(0.0, random.uniform(0.5, 1.5) * self.pause - (time.monotonic() - began)))
        await client.close()

    async def pay(self, client: Client) -> Said:
        weather = {"metadata[sandbox]": random.choice(WEATHERS)} if random.random() < SOME else {}
        said = await client("POST", "/v1/payment_intents", CARD | weather | {"amount": random.randint(500, 50_000)})
        if said.status == 200 and said.json["status"] == "succeeded":
            self.paid.append(said.json["id"])
        return said

    async def hold(self, client: Client) -> Said:
        said = await client("POST", "/v1/payment_intents", CARD | {"amount": 5_000, "capture_method": "manual"})
        if said.status != 200:
            return said
        verb: tuple[str, dict[str, Any]] = random.choice((("capture", {"amount_to_capture": 4_000}), ("cancel", {})))
        return await client("POST", f"/v1/payment_intents/{said.json['id']}/{verb[0]}", verb[1])

    async def refund(self, client: Client) -> Said:
        if not self.paid:
            return await self.pay(client)
        return await client("POST", "/v1/refunds", {"payment_intent": random.choice(self.paid), "amount": 100})

    async def create(self, client: Client) -> Said:
        return await client("POST", "/v1/payment_intents", {"amount": 2_000, "currency": "usd"})

    async def customer(self, client: Client) -> Said:
        return await client("POST", "/v1/customers", {"name": "A buyer"})

    async def read(self, client: Client) -> Said:
        return await client("GET", random.choice(LISTS))

    def take(self) -> tuple[Counter[int], float]:
        """What was counted since it was asked last, and the slowest answer, in seconds."""
        taken = self.statuses, self.slowest
        self.statuses, self.slowest = Counter(), 0.0
        return taken
