"""Bad weather on the way to the bank, on demand (B-6.9, B-5.25): nothing is charged twice, and the truth comes by event.

The payments of all weathers are made at once, by the first test: each waits for the rail's deadline.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from stripe import PaymentIntent

from sluice.books.verify.proof import verify
from sluice.payments.proofs import EVERY
from tests.harness import Gateway, Shop, refused
from tests.harness.processes import until

WEATHERS = ("silent", "late", "twice", "wrong_amount", "down")
PENDING = ["payment_intent.created", "payment_intent.processing", "charge.pending"]
PAID = ["charge.succeeded", "payment_intent.succeeded", "charge.updated"]
LOST = ["charge.failed", "payment_intent.payment_failed"]


def settled(shop: Shop, id: str) -> PaymentIntent:
    until(lambda: shop.v1.payment_intents.retrieve(id).status != "processing", shop.gateway)
    return shop.v1.payment_intents.retrieve(id)


class Case:
    """One payment in its weather: what the shop heard at once, and a shop of its own to ask later."""

    def __init__(self, gateway: Gateway, weather: str) -> None:
        self.shop, self.weather = Shop(gateway), weather
        self.intent = self.shop.intent(payment_method="pm_card_visa", metadata={"sandbox": weather})
        self.first: Any = None

    def confirm(self) -> None:
        self.first = self.shop.raw("POST", f"/v1/payment_intents/{self.intent.id}/confirm", headers={"Idempotency-Key": "k"})

    def after(self) -> PaymentIntent:
        return settled(self.shop, self.intent.id)

    def booked(self) -> list[dict[str, Any]]:
        """What the bank has in its book for this payment."""
        rows = self.shop.gateway.fetch("select reference from instructions where scope = $1", self.shop.scope)
        return [record for row in rows for record in self.shop.gateway.bank.booked(row["reference"])]


@pytest.fixture(scope="module")
def cases(gateway: Gateway) -> dict[str, Case]:
    made = {weather: Case(gateway, weather) for weather in WEATHERS}
    for case in made.values():
        assert case.shop.raw.key  # its key is made here, not in a thread
    made["down"].confirm()  # alone: it cuts the line that all share, and what was on it is unknown too
    with ThreadPoolExecutor(len(made)) as pool:
        list(pool.map(Case.confirm, (case for weather, case in made.items() if weather != "down")))
    return made


@pytest.mark.parametrize("weather", ["silent", "late"])
@pytest.mark.shows("F12")
def test_the_bank_took_it_and_did_not_say_so(cases: dict[str, Case], weather: str):
    """B-5.25: processing at once; the truth, one charge, by recovery and by event."""
    case = cases[weather]
    assert (case.first.status, case.first.json["status"]) == (200, "processing")
    after = case.after()
    assert (after.status, after.amount_received) == ("succeeded", 2000)
    assert case.shop.told() == [*PENDING, *PAID]
    assert [(record["verb"], record["state"]) for record in case.booked()] == [("authorize", "approved")]
    assert len(case.shop.v1.charges.list().data) == 1
    assert case.shop.v1.balance_transactions.list().data[0].amount == 2000


@pytest.mark.shows("F18")
def test_the_bank_says_it_twice(cases: dict[str, Case]):
    """B-6.9: answered and noticed twice, booked once."""
    case = cases["twice"]
    assert case.first.json["status"] == "succeeded"
    assert case.shop.told() == ["payment_intent.created", *PAID]
    assert len(case.shop.v1.balance_transactions.list().data) == 1


@pytest.mark.shows("F20", "F15")
def test_the_bank_says_another_amount(cases: dict[str, Case]):
    """F20: never succeeded; reversed; the intent asks for another method."""
    case = cases["wrong_amount"]
    assert case.first.json["status"] == "processing"
    after = case.after()
    assert (after.status, after.last_payment_error.code) == ("requires_payment_method", "processing_error")
    assert case.shop.told() == [*PENDING, *LOST]
    assert [record["state"] for record in case.booked()] == ["reversed"]
    kinds = case.shop.gateway.fetch("select kind from discrepancies where scope = $1", case.shop.scope)
    assert [row["kind"] for row in kinds] == ["wrong_answer"]


@pytest.mark.shows("F14")
def test_the_line_breaks_before_the_bank_heard(cases: dict[str, Case]):
    """B-6.9, B-5.25: nothing was booked; what is not known is no decline, until the bank can say so."""
    case = cases["down"]
    assert case.first.json["status"] == "processing"
    after = case.after()
    assert after.status == "requires_payment_method"
    assert case.shop.told() == [*PENDING, *LOST]
    assert [record for record in case.booked() if record["state"] == "approved"] == []


@pytest.mark.parametrize("weather", WEATHERS)
@pytest.mark.shows("F3")
def test_the_same_key_hears_the_same(cases: dict[str, Case], weather: str):
    """B-1.35, B-5.25: the first answer is the key's for good; B-5.22: another card may pay what failed."""
    case = cases[weather]
    after, before = case.after(), case.first.body
    case.confirm()
    assert case.first.body == before
    assert case.first.headers["idempotent-replayed"] == "true"
    if after.status == "requires_payment_method":
        retried = case.shop.v1.payment_intents.update(after.id, {"metadata": {"sandbox": ""}})
        assert case.shop.v1.payment_intents.confirm(retried.id, {"payment_method": "pm_card_visa"}).status == "succeeded"


def test_in_flight_it_says_processing_and_takes_no_move(shop: Shop):
    """B-5.25, B-5.7, B-5.18: description and metadata stay writable."""
    pending = shop.pays(metadata={"sandbox": "silent"})
    assert pending.status == "processing"
    changed = shop.v1.payment_intents.update(pending.id, {"description": "Still coming", "metadata": {"sandbox": ""}})
    assert (changed.status, changed.description) == ("processing", "Still coming")
    for move in (shop.v1.payment_intents.confirm, shop.v1.payment_intents.cancel, shop.v1.payment_intents.capture):
        with refused(400, "payment_intent_unexpected_state"):
            move(pending.id)
    after = settled(shop, pending.id)
    assert (after.status, after.description) == ("succeeded", "Still coming")


@pytest.mark.parametrize("move", ["capture", "cancel"])
@pytest.mark.shows("F23")
def test_a_hold_in_bad_weather(shop: Shop, move: str):
    """B-5.25: capture and void show processing too, and end in the truth."""
    held = shop.holds()
    shop.v1.payment_intents.update(held.id, {"metadata": {"sandbox": "silent"}})
    moving = getattr(shop.v1.payment_intents, move)(held.id)
    assert moving.status == "processing"
    assert settled(shop, held.id).status == {"capture": "succeeded", "cancel": "canceled"}[move]


@pytest.mark.shows("F25")
def test_a_refund_in_bad_weather(shop: Shop):
    """B-5.25, F25: pending and reserved, then it has arrived, once."""
    paid = shop.pays(2000)
    refund = shop.v1.refunds.create({"payment_intent": paid.id, "amount": 1500, "metadata": {"sandbox": "silent"}})
    assert refund.status == "pending"
    with refused(400, param="amount"):
        shop.v1.refunds.create({"payment_intent": paid.id, "amount": 501})
    until(lambda: shop.v1.refunds.retrieve(refund.id).status == "succeeded", shop.gateway)
    assert shop.charge(paid).amount_refunded == 1500
    assert [row.amount for row in shop.v1.balance_transactions.list({"type": "refund"}).data] == [-1500]


@pytest.mark.parametrize("how", [{}, {"off_session": True}])
def test_an_issuer_that_asks_for_the_buyer_and_is_not_heard(gateway: Gateway, how: Any):
    """B-5.9, B-5.25: the charge that was told of as pending fails; what the buyer authenticates then is another."""
    shop = Shop(gateway)
    unheard = shop.pays(card="pm_card_authenticationRequired", metadata={"sandbox": "silent"}, **how)
    after = settled(shop, unheard.id)
    assert after.status == ("requires_payment_method" if how else "requires_action")
    assert shop.charge(after).status == "failed"
    assert "charge.failed" in shop.told()
    if not how:
        shop.answers(after)
        assert settled(shop, after.id).status == "succeeded"
    proof = gateway.run(verify(gateway.database, EVERY, shop.account, lambda *_: None))
    assert proof.lie is None, proof.lie


def test_weather_that_does_not_exist(shop: Shop):
    """B-6.9: refused by name, never asked of the bank, whose line others share."""
    for weather in ("held-up abc", "sunny"):
        with refused(400, param="metadata[sandbox]"):
            shop.pays(metadata={"sandbox": weather})
