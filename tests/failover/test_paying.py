"""Shops pay through a real gateway while its primary dies: what they were answered holds, and the three books agree (F31)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest
import requests

from tests.failover.conftest import Paired
from tests.failover.pair import Pair
from tests.harness import Answer, Shop
from tests.harness.processes import until
from tests.harness.wire import Raw
from tests.kills.acting import AGAIN
from tests.kills.books import agree, fall_quiet
from tests.kills.moves import CREATE

BUYERS, BEFORE, AFTER = 4, 12, 12

pytestmark = [pytest.mark.slow, pytest.mark.shows("F31")]


class Call(NamedTuple):
    """A call that was answered, under its key."""

    path: str
    params: dict[str, str]
    key: str
    answer: Answer

    @property
    def id(self) -> str:
        """Of what was made."""
        said = self.answer.json
        return str(said["id"] if self.answer.status == 200 else said["error"]["payment_intent"]["id"])


class Buyers:
    """Each pays, and has a part of every second payment given back, over and over."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.key, self.calls, self.over = shop, shop.secret, list[Call](), threading.Event()

    def pay(self, buyer: int) -> None:
        raw, number = Raw(self.shop.gateway.url, self.key), 0
        while not self.over.is_set():
            number += 1
            paid = self.ask(raw, "/v1/payment_intents", CREATE, f"buyer {buyer} pays {number}")
            if number % 2 == 0 and paid.json.get("status") == "succeeded":
                given = {"payment_intent": paid.json["id"], "amount": "400"}
                self.ask(raw, "/v1/refunds", given, f"buyer {buyer} is refunded {number}")

    def ask(self, raw: Raw, path: str, params: dict[str, str], key: str) -> Answer:
        """The same call again until it is answered, as SDKs do."""
        answers: list[Answer] = []

        def answered() -> bool:
            try:
                answers[:] = [raw("POST", path, params, headers={"Idempotency-Key": key})]
            except requests.ConnectionError:
                return False
            return answers[0].status not in AGAIN

        until(answered, self.shop.gateway)
        assert answers[0].status in (200, 402), answers[0]  # declined, where the death used up the bank's time
        self.calls.append(Call(path, params, key, answers[0]))
        return answers[0]

    def wait_for(self, more: int) -> None:
        wanted = len(self.calls) + more
        until(lambda: len(self.calls) >= wanted, self.shop.gateway)


def test_a_shop_is_paid_through_the_death_of_the_primary(
    gateway: Paired, pair: Pair, whole: bool, tell: Callable[[str], object]
):
    """Payments and refunds go on by themselves; each answer still stands, under its key too; nothing is paid twice."""
    for _ in range(3 if whole else 1):
        pair.join()
        shop = gateway.shop()
        buyers = Buyers(shop)
        with ThreadPoolExecutor(BUYERS) as pool:
            running = [pool.submit(buyers.pay, number) for number in range(BUYERS)]
            try:
                buyers.wait_for(BEFORE)
                pair.die()
                pair.take_over()
                buyers.wait_for(AFTER)
            finally:
                buyers.over.set()
        for each in running:
            each.result()
        gateway.notice()
        fall_quiet(shop)
        money = agree(shop)
        held_to(shop, buyers.calls, money.taken)
        tell(f"{len(buyers.calls)} calls answered, {money.taken} taken")


def held_to(shop: Shop, calls: list[Call], taken: int) -> None:
    """Each answer is what the same key says now, and what was said to be paid or refunded is."""
    for call in calls:
        again = shop.raw("POST", call.path, call.params, headers={"Idempotency-Key": call.key})
        assert (again.status, again.body) == (call.answer.status, call.answer.body), call
        assert again.headers["idempotent-replayed"] == "true"
    ids = [call.id for call in calls]
    assert len(set(ids)) == len(ids)
    intents = list(shop.v1.payment_intents.list({"limit": 100}).auto_paging_iter())
    refunds = list(shop.v1.refunds.list({"limit": 100}).auto_paging_iter())
    assert {row.id for row in (*intents, *refunds)} == set(ids)
    paid = sum(intent.amount_received for intent in intents)
    assert taken == paid - sum(refund.amount for refund in refunds if refund.status == "succeeded")
