"""Charges: what an attempt leaves behind, and the old way to make one (B-5.35 to B-5.39)."""

import pytest

from tests.harness import Shop, declined, refused

CARD = {"object": "card", "number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}


def charged(shop: Shop, source="tok_visa", **params):
    return shop.v1.charges.create({"amount": 2000, "currency": "usd", "source": source} | params)


def test_the_charge_of_a_payment(shop: Shop):
    """B-5.35, B-5.36: succeeded, paid, captured; the network's word."""
    intent = shop.pays(2000, description="Order 7", metadata={"order": "7"}, receipt_email="a@shop.example")
    charge = shop.charge(intent)
    assert (charge.status, charge.paid, charge.captured) == ("succeeded", True, True)
    assert (charge.amount, charge.amount_captured, charge.amount_refunded, charge.refunded) == (2000, 2000, 0, False)
    assert (charge.payment_intent, charge.payment_method) == (intent.id, intent.payment_method)
    assert (charge.description, charge.receipt_email) == ("Order 7", "a@shop.example")
    assert charge.metadata.to_dict() == {"order": "7"}
    outcome = charge.outcome
    assert (outcome.type, outcome.network_status, outcome.reason) == ("authorized", "approved_by_network", None)
    assert (outcome.risk_level, outcome.seller_message) == ("normal", "Payment complete.")


def test_the_charge_of_a_decline(shop: Shop):
    """B-5.35, B-5.36."""
    with declined() as error:
        shop.pays(card="pm_card_chargeDeclined")
    charge = shop.v1.charges.retrieve(error["charge"])
    assert (charge.status, charge.paid, charge.captured) == ("failed", False, False)
    assert (charge.failure_code, charge.failure_message) == ("card_declined", error["message"])
    assert (charge.receipt_url, charge.balance_transaction) == (None, None)
    outcome = charge.outcome
    assert (outcome.type, outcome.network_status) == ("issuer_declined", "declined_by_network")
    assert outcome.reason == "generic_decline"


@pytest.mark.parametrize("how", [{"source": "tok_mastercard"}, {"card": CARD}])
def test_the_old_way(shop: Shop, how):
    """B-5.37: without an intent; a token's name or a raw card."""
    charge = shop.v1.charges.create({"amount": 2000, "currency": "usd"} | how)
    assert (charge.status, charge.captured, charge.payment_intent) == ("succeeded", True, None)
    assert charge.balance_transaction is not None
    assert shop.v1.payment_intents.list().data == []
    assert shop.told() == ["charge.succeeded"]


def test_the_old_way_declined(shop: Shop):
    """B-5.37, B-5.39."""
    with declined() as error:
        charged(shop, "tok_chargeDeclined")
    assert shop.v1.charges.retrieve(error["charge"]).status == "failed"
    assert "payment_intent" not in error
    assert shop.told() == ["charge.failed"]


def test_the_old_way_needs_a_source(shop: Shop):
    """B-5.37, B-1.22."""
    with refused(400, "parameter_missing") as error:
        shop.v1.charges.create({"amount": 2000, "currency": "usd"})
    assert error["message"] == "Must provide source or customer."
    customer = shop.v1.customers.create()
    with refused(402, "missing", "card", type="card_error"):
        shop.v1.charges.create({"amount": 2000, "currency": "usd", "customer": customer.id})
    with refused(400, "parameters_exclusive", "card"):
        charged(shop, card=CARD)
    with refused(400, param="source"):
        charged(shop, "tok_nothing")


def test_a_hold_the_old_way(shop: Shop):
    """B-5.37, B-5.38, B-5.39: capture=false holds; a part is captured; not twice."""
    held = charged(shop, capture=False)
    assert (held.status, held.paid, held.captured, held.balance_transaction) == ("succeeded", True, False, None)
    taken = shop.v1.charges.capture(held.id, {"amount": 1500})
    assert (taken.captured, taken.amount_captured, taken.amount) == (True, 1500, 2000)
    assert taken.balance_transaction is not None
    with refused(400, "charge_already_captured"):
        shop.v1.charges.capture(held.id)
    assert shop.told() == ["charge.succeeded", "charge.captured", "charge.updated"]


def test_a_capture_of_more_than_is_held(shop: Shop):
    """B-5.38, B-5.14."""
    held = charged(shop, capture=False)
    with refused(400, "amount_too_large"):
        shop.v1.charges.capture(held.id, {"amount": 2001})
    assert shop.v1.charges.retrieve(held.id).to_dict() == held.to_dict()


def test_an_intents_charge_is_captured_by_its_intent(shop: Shop):
    """B-5.38."""
    held = shop.holds()
    with refused(400) as error:
        shop.v1.charges.capture(held.latest_charge)
    assert "PaymentIntent" in error["message"]


def test_what_may_be_changed(shop: Shop):
    """B-5.35, B-5.39: one event, which says what was; an unchanged update tells nothing."""
    charge = charged(shop)
    changed = shop.v1.charges.update(charge.id, {"description": "Order 7", "metadata": {"order": "7"}})
    assert (changed.description, changed.metadata.to_dict()) == ("Order 7", {"order": "7"})
    shop.v1.charges.update(charge.id, {"description": "Order 7"})
    events = shop.events(type="charge.updated")
    assert len(events) == 1
    assert events[0].data.previous_attributes.to_dict() == {"description": None, "metadata": {"order": None}}
    with refused(400, "parameter_unknown", "amount"):
        shop.v1.charges.update(charge.id, {"amount": 5})


def test_a_charges_customer_is_set_once(shop: Shop):
    """B-5.35."""
    first, second = shop.v1.customers.create(), shop.v1.customers.create()
    charge = shop.v1.charges.update(charged(shop).id, {"customer": first.id})
    assert charge.customer == first.id
    with refused(400, param="customer"):
        shop.v1.charges.update(charge.id, {"customer": second.id})


def test_a_missing_charge(shop: Shop):
    """B-2.14."""
    for do in (shop.v1.charges.retrieve, shop.v1.charges.capture):
        with refused(404, "resource_missing", "id") as error:
            do("ch_nothing")
        assert error["message"] == "No such charge: 'ch_nothing'"


def test_refunds_are_there_when_asked_for(shop: Shop):
    """B-3.23, B-3.12."""
    charge = charged(shop)
    refund = shop.v1.refunds.create({"charge": charge.id, "amount": 500})
    assert "refunds" not in shop.v1.charges.retrieve(charge.id).to_dict()
    shown = shop.v1.charges.retrieve(charge.id, {"expand": ["refunds"]}).refunds
    assert ([each.id for each in shown.data], shown.url) == ([refund.id], f"/v1/charges/{charge.id}/refunds")
