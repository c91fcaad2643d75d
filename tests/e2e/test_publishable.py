"""What a browser may do and see (B-1.5 to B-1.7): with the publishable key that everybody reads in the page."""

from typing import Any

import pytest

from tests.harness import Shop, declined, refused

CARD = {"type": "card", "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}}
DECLINED = CARD | {"card": {"number": "4000000000000002", "exp_month": 12, "exp_year": 2040}}
# B-1.7, of what the contract has for our intents.
SEEN = frozenset(
    (
        "id",
        "object",
        "amount",
        "amount_details",
        "automatic_payment_methods",
        "canceled_at",
        "cancellation_reason",
        "capture_method",
        "client_secret",
        "confirmation_method",
        "created",
        "currency",
        "description",
        "last_payment_error",
        "livemode",
        "next_action",
        "payment_method",
        "payment_method_configuration_details",
        "payment_method_types",
        "processing",
        "receipt_email",
        "setup_future_usage",
        "shipping",
        "source",
        "status",
    )
)


def test_an_intent_shows_what_the_buyer_may_know(shop: Shop):
    """B-1.7: the list, and nothing else."""
    intent = shop.pays(metadata={"cost": "9"})
    seen = shop.browser.payment_intents.retrieve(intent.id, {"client_secret": intent.client_secret}).to_dict()
    assert set(seen) <= SEEN
    assert {"id", "status", "amount", "currency", "client_secret", "next_action", "last_payment_error"} <= set(seen)


def test_a_method_shows_no_fingerprint(shop: Shop):
    """B-1.7, S4: made by the browser, it hides what the shop's server may read."""
    made = shop.browser.payment_methods.create({**CARD, "metadata": {"a": "b"}}).to_dict()
    assert not {"customer", "metadata"} & set(made)
    assert "fingerprint" not in made["card"]
    whole = shop.v1.payment_methods.retrieve(made["id"])
    assert (whole.metadata.to_dict(), bool(whole.card.fingerprint)) == ({"a": "b"}, True)


def test_a_decline_shows_no_more(shop: Shop):
    """B-1.7: the error's intent and method are cut too, as is the intent's own last error."""
    intent = shop.intent(metadata={"cost": "9"})
    with declined() as error:
        shop.browser.payment_intents.confirm(
            intent.id, {"client_secret": intent.client_secret, "payment_method_data": DECLINED}
        )
    assert set(error["payment_intent"]) <= SEEN
    for method in (error["payment_method"], error["payment_intent"]["last_payment_error"]["payment_method"]):
        assert not {"customer", "metadata"} & set(method)
        assert "fingerprint" not in method["card"]


def test_an_expanded_object_is_cut_too(shop: Shop):
    """B-1.7, B-3.19: expanding is no way around."""
    customer = shop.v1.customers.create({"name": "Ann"})
    method = shop.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    intent = shop.intent(customer=customer.id, payment_method=method.id)
    for path in ("payment_method", "customer", "latest_charge", "payment_method.customer"):
        seen = shop.browser.payment_intents.retrieve(
            intent.id, {"client_secret": intent.client_secret, "expand": [path]}
        ).to_dict()
        assert set(seen) <= SEEN
        shown: Any = seen["payment_method"]
        if isinstance(shown, dict):
            assert not {"customer", "metadata"} & set(shown)


@pytest.mark.shows("S11")
def test_the_secret_opens_its_own_intent_only(shop: Shop):
    """B-1.6: another one's secret is wrong, for reading and for confirming; compared whole."""
    intent, other = shop.intent(payment_method="pm_card_visa"), shop.intent()
    for secret in (other.client_secret, intent.client_secret[:-1], intent.client_secret + "x", intent.id, "ключ"):
        for do in (shop.browser.payment_intents.retrieve, shop.browser.payment_intents.confirm):
            with refused(400, "payment_intent_invalid_parameter", "client_secret"):
                do(intent.id, {"client_secret": secret})
    with refused(400, "parameter_missing", "client_secret"):
        shop.browser.payment_intents.confirm(intent.id)
    assert shop.v1.payment_intents.retrieve(intent.id).status == "requires_confirmation"


@pytest.mark.shows("S11")
@pytest.mark.parametrize("change", ["amount", "currency", "metadata", "capture_method", "customer"])
def test_the_browser_changes_no_terms(shop: Shop, change: str):
    """S11: what is to be paid is the server's to say."""
    intent = shop.intent(payment_method="pm_card_visa")
    value: Any = {"amount": 1, "currency": "jpy", "metadata": {"a": "b"}, "capture_method": "manual", "customer": "cus_1"}[
        change
    ]
    with refused(401, "secret_key_required"):
        shop.browser.payment_intents.update(intent.id, {change: value})
    if change != "capture_method":
        with refused(400, "parameter_unknown", change):
            shop.browser.payment_intents.confirm(intent.id, {"client_secret": intent.client_secret, change: value})


@pytest.mark.shows("S11")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("off_session", {"off_session": True}),
        ("capture_method", {"capture_method": "manual"}),
        (
            "payment_method_options[card][capture_method]",
            {"payment_method_options": {"card": {"capture_method": "manual"}}},
        ),
    ],
)
def test_the_browser_does_not_say_how_it_is_taken(shop: Shop, name: str, value: dict[str, Any]):
    """S11: neither that the buyer is away nor that money is only held."""
    intent = shop.intent(payment_method="pm_card_visa")
    with refused(400, None, name):
        shop.browser.payment_intents.confirm(intent.id, {"client_secret": intent.client_secret} | value)


@pytest.mark.shows("S11", "S26")
def test_the_secret_is_not_logged(shop: Shop):
    """S11: neither the client's secret nor a key stands in what the processes print."""
    intent = shop.intent()
    shop.browser.payment_intents.retrieve(intent.id, {"client_secret": intent.client_secret})
    log = shop.gateway.processes["api"].log.read_text()
    assert intent.id in log
    assert not [secret for secret in (intent.client_secret, shop.secret, shop.publishable) if secret in log]
