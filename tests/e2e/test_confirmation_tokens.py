"""Confirmation tokens: how a buyer pays, gathered in his browser, for one confirmation on the server."""

from typing import Any

import pytest

from tests.harness import Shop, declined, refused

CARD: Any = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
DATA: Any = {"type": "card", "card": CARD, "billing_details": {"name": "Ann"}}
SHIPPING: Any = {"name": "Ann", "address": {"city": "Ghent"}}
OLD = "update confirmation_tokens set expires = 1 where scope = $1 returning id"


def token(shop: Shop, **given: Any) -> Any:
    given = given or {"payment_method_data": DATA}
    return shop.v1.test_helpers.confirmation_tokens.create(given)


def test_a_token(shop: Shop):
    """What the buyer sees of his card, and what he said; the server reads it again, a browser without the shop's own."""
    made = token(
        shop, payment_method_data=DATA, shipping=SHIPPING, return_url="https://shop.example/", setup_future_usage="off_session"
    )
    preview = made.payment_method_preview
    assert (preview.type, preview.card.last4, preview.billing_details.name) == ("card", "4242", "Ann")
    assert (made.return_url, made.setup_future_usage, made.shipping.address.city) == (
        "https://shop.example/",
        "off_session",
        "Ghent",
    )
    assert (made.payment_intent, made.expires_at - made.created) == (None, 12 * 3600)
    assert shop.v1.confirmation_tokens.retrieve(made.id).to_dict() == made.to_dict()
    seen = shop.browser.confirmation_tokens.retrieve(made.id).payment_method_preview.card.to_dict()
    assert "fingerprint" not in seen


def test_it_confirms(shop: Shop):
    """Its card pays with its code, its return_url and shipping are the payment's; afterwards it says what it confirmed."""
    made = token(shop, payment_method_data=DATA, shipping=SHIPPING, return_url="https://shop.example/")
    intent = shop.v1.payment_intents.create({"amount": 2000, "currency": "usd"})
    done = shop.v1.payment_intents.confirm(intent.id, {"confirmation_token": made.id})
    assert (done.status, done.shipping.name) == ("succeeded", "Ann")
    assert shop.charge(done).payment_method_details.card.checks.cvc_check == "pass"
    used = shop.v1.confirmation_tokens.retrieve(made.id)
    assert (used.payment_intent, used.expires_at) == (intent.id, None)
    with refused(400, param="confirmation_token") as error:
        shop.pays(card=None, confirmation_token=made.id)
    assert intent.id in error["message"]


def test_it_confirms_at_once(shop: Shop):
    """B-5.3: created and confirmed in one call; without confirm=true it has nothing to do."""
    made = token(shop, payment_method="pm_card_mastercard", return_url="https://shop.example/")
    given: Any = {"amount": 2000, "currency": "usd", "confirmation_token": made.id}
    with refused(400, param="confirmation_token"):
        shop.v1.payment_intents.create(given)
    paid = shop.v1.payment_intents.create(given | {"confirm": True})
    assert shop.charge(paid).payment_method_details.card.brand == "mastercard"
    assert shop.v1.confirmation_tokens.retrieve(made.id).payment_intent == paid.id


def test_the_call_outranks_it(shop: Shop):
    """What the confirmation says itself is what counts: another card, another address."""
    made = token(shop, payment_method_data=DATA, shipping=SHIPPING)
    paid = shop.pays(card="pm_card_amex", confirmation_token=made.id, shipping={"name": "Bob", "address": {"city": "Lier"}})
    assert (shop.charge(paid).payment_method_details.card.brand, paid.shipping.name) == ("amex", "Bob")
    other: Any = DATA | {"card": CARD | {"number": "5555555555554444"}}
    paid = shop.pays(card=None, confirmation_token=token(shop).id, payment_method_data=other)
    assert shop.charge(paid).payment_method_details.card.brand == "mastercard"


def test_of_a_token_and_of_a_kept_card(shop: Shop):
    """B-5.66: a token of a card is used up by it; a customer's card pays for its customer only (B-5.6)."""
    card = shop.v1.tokens.create({"card": {**CARD, "exp_month": "12", "exp_year": "2040"}})
    made = token(shop, payment_method_data={"type": "card", "card": {"token": card.id}})
    assert shop.v1.tokens.retrieve(card.id).used
    paid = shop.pays(card=None, confirmation_token=made.id)
    assert shop.charge(paid).payment_method_details.card.checks.cvc_check == "pass"
    ann = shop.v1.customers.create().id
    kept = shop.v1.payment_methods.attach("pm_card_visa", {"customer": ann}).id
    with refused(400, "parameter_missing", "source"):
        shop.pays(card=None, confirmation_token=token(shop, payment_method=kept).id)
    assert shop.pays(card=None, customer=ann, confirmation_token=token(shop, payment_method=kept).id).payment_method == kept


def test_a_decline_uses_it_up(shop: Shop):
    """Its bank was asked; the intent asks for another way to pay."""
    made = token(shop, payment_method="pm_card_chargeDeclined")
    intent = shop.intent()
    with declined():
        shop.v1.payment_intents.confirm(intent.id, {"confirmation_token": made.id})
    with refused(400, param="confirmation_token"):
        shop.v1.payment_intents.confirm(intent.id, {"confirmation_token": made.id})


def test_in_a_browser(shop: Shop):
    """B-1.5: confirmed with the publishable key and the intent's secret."""
    intent = shop.intent()
    given: Any = {"confirmation_token": token(shop).id, "client_secret": intent.client_secret}
    assert shop.browser.payment_intents.confirm(intent.id, given).status == "succeeded"


def test_what_is_refused(shop: Shop):
    """Unknown ones, those that are over, and what no token can be made of; in live mode there are no test helpers."""
    intent = shop.intent()
    with refused(400, "resource_missing", "confirmation_token"):
        shop.v1.payment_intents.confirm(intent.id, {"confirmation_token": "ctoken_nothing"})
    late = token(shop)
    assert shop.gateway.fetch(OLD, shop.scope)
    with refused(400, param="confirmation_token"):
        shop.v1.payment_intents.confirm(intent.id, {"confirmation_token": late.id})
    with refused(400, "parameter_missing", "payment_method_data"):
        shop.v1.test_helpers.confirmation_tokens.create()
    with refused(400, "parameters_exclusive", "payment_method"):
        token(shop, payment_method="pm_card_visa", payment_method_data=DATA)
    with refused(404, "resource_missing", "confirmation_token"):
        shop.v1.confirmation_tokens.retrieve("ctoken_nothing")
    with pytest.raises(Exception, match="test mode"):
        shop.live.test_helpers.confirmation_tokens.create({"payment_method_data": DATA})
