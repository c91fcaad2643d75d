"""A small busy world: the money path in this process, a real PostgreSQL, the bank as a process of its own."""

from typing import Any

import msgspec

from sluice.core.clock import clock
from sluice.core.ids import new_id
from sluice.payments import capture, creating, money_path, refunds
from sluice.payments.answers import Answer
from sluice.payments.desk import Desk
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Terms

SCOPE = 1


class World:
    """One shop's test mode: calls as the door would make them, and what the database says."""

    declines = 0  # of one card (S14); no limit

    def __init__(self, desk: Desk) -> None:
        self.desk, self.database = desk, desk.database

    async def call(
        self, verb: Verb, given: dict[str, Any] | None = None, *, settles_after: int = 2 * 86_400, **ids: str
    ) -> dict[str, Any]:
        """The answer's object, or its error."""
        call = Call(
            operation="", path=verb.name, scope=SCOPE, livemode=False, account="acct_1", at=clock.seconds(),
            request=new_id("req_"), vault=self.desk.vault, ids=ids, params=given or {}, key=new_id("key_"), fingerprint=b"f",
            rails=self.desk.accounts(SCOPE), terms=Terms(settles_after=settles_after), public_url="http://localhost",
            declines=self.declines,
        )  # fmt: skip
        answer: Answer = await money_path.run(self.desk, verb, call)
        return dict(msgspec.json.decode(answer.body))

    async def pay(self, amount: int = 1000, card: str = "pm_card_visa", *, settles_after: int = 172_800, **more: Any) -> Any:
        given = {"amount": amount, "currency": "usd", "payment_method": card, "confirm": True}
        given |= {"return_url": "https://shop.example"} | more
        return await self.call(creating.CREATE, given, settles_after=settles_after)

    async def hold(self, amount: int = 1000) -> dict[str, Any]:
        return await self.pay(amount, capture_method="manual")

    async def take(self, intent: dict[str, Any], amount: int | None = None) -> dict[str, Any]:
        return await self.call(capture.CAPTURE, {"amount_to_capture": amount} if amount else {}, intent=intent["id"])

    async def refund(self, intent: dict[str, Any], amount: int | None = None) -> dict[str, Any]:
        given = {"payment_intent": intent["id"]} | ({"amount": amount} if amount else {})
        return await self.call(refunds.CREATE, given)

    async def events(self) -> list[str]:
        """The types of all, in the order of creation."""
        return [row["type"] for row in await self.database.fetch("select type from events where scope = $1 order by id", SCOPE)]

    async def value(self, sql: str, *args: Any) -> Any:
        row = await self.database.fetchrow(sql, *args)
        return row and row[0]
