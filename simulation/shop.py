"""The shop: buyers pay, the shop captures, cancels and refunds; what goes unanswered is asked again under the same key.

It keeps a book of its own: each call with the answers that it got. What it wants is drawn from the seed, payment by payment, so
a payment can be left out and the others stay as they are.
"""

import asyncio
from random import Random
from typing import Any

from msgspec import Struct

from simulation.stage import Stage
from simulation.wire import Answer
from sluice.core.money import Money

CARDS = {
    "pm_card_visa": 60, "pm_card_mastercard": 10, "pm_card_chargeDeclined": 6, "pm_card_chargeDeclinedInsufficientFunds": 4,
    "pm_card_pendingRefund": 10, "pm_card_refundFail": 10,
}  # fmt: skip
ANY = {"automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never"}
AGAIN = (409, 429, 503)
TRIES = 4
PATIENCE = 60  # tries when faults have stopped: recovery may still have to find out what became of it
BUYERS = 4


class Call(Struct, eq=False):
    """One thing that the shop wanted done, under one key."""

    name: str
    path: str
    params: dict[str, Any]
    key: str
    answers: list[Answer] = []

    @property
    def final(self) -> Answer | None:
        return next((answer for answer in self.answers if final(answer)), None)


def final(answer: Answer) -> bool:
    """Whether it is the key's answer, not a word on trying again."""
    return answer.status not in AGAIN and answer.status < 500


class Shop:
    def __init__(self, world: Stage, seed: int, payments: list[int]) -> None:
        self.world, self.seed, self.payments = world, seed, payments
        self.calls: list[Call] = []
        self.key = self.secret = ""  # its API key, and its endpoint's secret

    async def trade(self) -> None:
        """All payments, a few buyers at a time."""
        await asyncio.gather(*(self.buyer(self.payments[n::BUYERS]) for n in range(BUYERS)))

    async def buyer(self, payments: list[int]) -> None:
        for number in payments:
            await Payment(self, number, Random(f"{self.seed} payment {number}")).made()

    async def ask(self, name: str, path: str, params: dict[str, Any] | None = None) -> Answer | None:
        """Asks until there is an answer, a few times; None: it will be asked again when all is quiet."""
        call = Call(name, path, params or {}, f"key-{self.seed}-{name}", [])
        self.calls.append(call)
        self.world.story.say(f"the shop: {name}")
        for turn in range(TRIES):
            await self.once(call)
            if answer := call.final:
                return answer
            await asyncio.sleep(0.5 * 2**turn)
        return None

    async def once(self, call: Call) -> None:
        try:
            answers = await self.post(call)
        except (ConnectionError, TimeoutError) as error:
            self.world.story.say(f"{call.name}: no answer ({type(error).__name__})")
            return
        call.answers += answers
        for answer in answers:
            self.world.story.say(f"{call.name}: {answer.status} {word(answer)}")
            self.world.story.seen[f"answer: {answer.status} {word(answer)}" if answer.status >= 400 else "answer: 200"] += 1

    async def post(self, call: Call) -> list[Answer]:
        headers = {
            "Authorization": f"Bearer {self.key}", "Idempotency-Key": call.key,
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        answers: list[Answer] = await self.world.wire.call("POST", call.path, call.params, headers, call.name)
        return answers

    async def get(self, path: str, params: dict[str, Any]) -> Any:
        """Read until it is there."""
        while True:
            try:
                [answer] = await self.world.wire.call(
                    "GET", path, params, {"Authorization": f"Bearer {self.key}"}, f"get {path}"
                )
            except (ConnectionError, TimeoutError):
                await asyncio.sleep(1.0)
                continue
            if answer.status == 200:
                return answer.json

    async def open(self) -> None:
        """Its endpoint, made as any shop makes one."""
        asked = {"url": "http://127.0.0.1/hooks", "enabled_events[]": "*"}
        answer = await self.ask("open", "/v1/webhook_endpoints", asked)
        assert answer, "the API does not work: see the troubles of its processes"
        self.secret = answer.json["secret"]

    def about(self, id: str) -> set[int]:
        """The payments whose answers speak of it; or it is a reference to the bank, or a call's name."""
        names = [call.name for call in self.calls if any(id.encode() in answer.body for answer in call.answers)]
        names += [id, self.world.lines.named(id)]
        numbers = [name.partition(":")[0].removeprefix("payment ") for name in names]
        return {int(number) for number in numbers if number.isdigit()}

    async def settle_up(self) -> None:
        """When faults have stopped: every call that has no answer yet gets one, with the same key."""
        for call in self.calls:
            for _ in range(PATIENCE):
                if call.final:
                    break
                await self.once(call)
                await asyncio.sleep(1.0)


class Payment:
    """One purchase and what becomes of it."""

    def __init__(self, shop: Shop, number: int, wish: Random) -> None:
        self.shop, self.number, self.wish = shop, number, wish
        self.amount = wish.randrange(100, 20_000)
        self.card = wish.choices(list(CARDS), list(CARDS.values()))[0]
        self.intent = ""

    async def made(self) -> None:
        await asyncio.sleep(self.wish.random() * 0.4)
        how = self.wish.choice((self.at_once, self.at_once, self.in_two_steps, self.held, self.held, self.charged))
        paid = await how()
        if paid:
            await asyncio.sleep(self.wish.random() * 0.3)
            await self.refunded(paid)

    async def ask(self, what: str, path: str, **params: Any) -> Answer | None:
        sum = f" {Money(int(params['amount']), 'usd')}" if "amount" in params else ""
        return await self.shop.ask(f"payment {self.number}: {what}{sum}", path, params)

    async def create(self, **more: Any) -> dict[str, Any] | None:
        params = {"amount": self.amount, "currency": "usd"} | ANY | more
        answer = await self.ask("create", "/v1/payment_intents", **params)
        if answer is None:
            return None
        made = answer.json
        made = made.get("error", {}).get("payment_intent", made)
        self.intent = made.get("id", "")
        return made if self.intent else None

    async def at_once(self) -> dict[str, Any] | None:
        made = await self.create(confirm="true", payment_method=self.card)
        return self.by_intent() if made and made["status"] == "succeeded" else None

    async def in_two_steps(self) -> dict[str, Any] | None:
        """Created, then confirmed; now and then by two at once, or canceled at the same moment."""
        if not await self.create():
            return None
        path = f"/v1/payment_intents/{self.intent}"
        asks = [self.ask("confirm", f"{path}/confirm", payment_method=self.card)]
        if self.wish.random() < 0.4:
            asks.append(self.ask("confirm by another", f"{path}/confirm", payment_method=self.card))
        if self.wish.random() < 0.2:
            asks.append(self.ask("cancel beside it", f"{path}/cancel"))
        answers = await asyncio.gather(*asks)
        if all(answer and answer.status == 402 for answer in answers):
            answers = [await self.ask("confirm with another card", f"{path}/confirm", payment_method="pm_card_visa")]
        paid = any(answer and answer.status == 200 and answer.json["status"] == "succeeded" for answer in answers)
        return self.by_intent() if paid else None

    async def held(self) -> dict[str, Any] | None:
        made = await self.create(confirm="true", payment_method=self.card, capture_method="manual")
        if not made or made["status"] != "requires_capture":
            return None
        path = f"/v1/payment_intents/{self.intent}"
        part = {"amount_to_capture": self.wish.randrange(50, self.amount)} if self.wish.random() < 0.5 else {}
        asks = [self.ask("cancel", f"{path}/cancel")]
        if self.wish.random() < 0.8:
            asks.insert(0, self.ask("capture", f"{path}/capture", **part))
            if self.wish.random() < 0.7:
                asks.pop().close()
            elif self.wish.random() < 0.5:
                asks.append(self.ask("capture by another", f"{path}/capture"))
        answers = await asyncio.gather(*asks)
        paid = any(answer and answer.status == 200 and answer.json["status"] == "succeeded" for answer in answers)
        return self.by_intent() if paid else None

    async def charged(self) -> dict[str, Any] | None:
        answer = await self.ask(
            "charge", "/v1/charges", amount=self.amount, currency="usd", source=self.card.replace("pm_card", "tok")
        )
        made = answer.json if answer else {}
        return {"charge": made["id"]} if made.get("paid") else None

    def by_intent(self) -> dict[str, Any]:
        return {"payment_intent": self.intent}

    async def refunded(self, paid: dict[str, Any]) -> None:
        """In part, in several parts at once, in full, or above what there is."""
        match self.wish.randrange(6):
            case 0:
                await self.ask("refund all of it", "/v1/refunds", **paid)
            case 1:
                await self.ask("refund", "/v1/refunds", amount=max(1, self.amount // 3), **paid)
            case 2:
                half = self.amount // 2 + 1
                each = [f"refund part {n}" for n in (1, 2, 3)]
                await asyncio.gather(*(self.ask(one, "/v1/refunds", amount=half, **paid) for one in each))
            case 3:
                answer = await self.ask("refund", "/v1/refunds", amount=max(1, self.amount // 4), **paid)
                if answer and answer.status == 200 and self.wish.random() < 0.5:
                    await self.ask("cancel the refund", f"/v1/refunds/{answer.json['id']}/cancel")
                await self.ask("refund the rest", "/v1/refunds", **paid)


def word(answer: Answer) -> str:
    """What the answer says, in a few words."""
    said = answer.json
    if error := said.get("error"):
        return str(error.get("decline_code") or error.get("code") or error["type"])
    return f"{said['object']} …{said['id'][-8:]} {said.get('status', '')}"
