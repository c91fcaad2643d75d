"""Paying, and keeping the card for later (B-5.13)."""

import pytest

from tests.harness import Shop, declined, refused


def test_a_card_is_kept_on_its_customer(shop: Shop):
    """B-5.13, B-5.25: attached by the payment itself, its event before the others; it pays again with nobody there."""
    customer = shop.v1.customers.create().id
    paid = shop.pays(customer=customer, setup_future_usage="off_session")
    card = str(paid.payment_method)
    assert (paid.status, paid.setup_future_usage) == ("succeeded", "off_session")
    assert [one.id for one in shop.v1.customers.payment_methods.list(customer).data] == [card]
    told = shop.told()
    assert told[:4] == ["customer.created", "payment_intent.created", "payment_method.attached", "charge.succeeded"]
    assert shop.pays(customer=customer, card=card, off_session=True).status == "succeeded"
    assert shop.told().count("payment_method.attached") == 1


def test_without_it_the_card_is_used_up(shop: Shop):
    """B-5.13: and with it, but without a customer, it can still be attached."""
    once, again = shop.pays(), shop.pays(setup_future_usage="on_session")
    customer = shop.v1.customers.create().id
    with refused(400):
        shop.v1.payment_methods.attach(str(once.payment_method), {"customer": customer})
    assert shop.v1.payment_methods.attach(str(again.payment_method), {"customer": customer}).customer == customer


def test_a_decline_keeps_nothing(shop: Shop):
    """The card is nobody's, and free."""
    customer = shop.v1.customers.create().id
    with declined("card_declined", "generic_decline"):
        shop.pays(card="pm_card_chargeDeclined", customer=customer, setup_future_usage="off_session")
    assert shop.v1.customers.payment_methods.list(customer).data == []
    assert "payment_method.attached" not in shop.told()


@pytest.mark.parametrize(("usage", "passes"), [("off_session", True), ("on_session", False), (None, False)])
def test_a_card_that_asks_unless_it_was_set_up(shop: Shop, usage: str | None, passes: bool):
    """B-6.8: once its buyer has answered a payment that keeps it for use without him, it pays so; else it still asks."""
    customer = shop.v1.customers.create().id
    name = "pm_card_authenticationRequiredOnSetup"
    if usage:
        waiting = shop.pays(card=name, customer=customer, setup_future_usage=usage)
        assert shop.answers(waiting).status == 200
        card = str(shop.v1.payment_intents.retrieve(waiting.id).payment_method)
    else:
        card = shop.v1.payment_methods.attach(name, {"customer": customer}).id
    if passes:
        assert shop.pays(card=card, customer=customer, off_session=True).status == "succeeded"
    else:
        with declined("authentication_required", "authentication_required"):
            shop.pays(card=card, customer=customer, off_session=True)


def test_it_may_be_said_when_confirming_and_taken_back(shop: Shop):
    """At creation, at an update, at confirmation; the empty string unsets it."""
    customer = shop.v1.customers.create().id
    made = shop.intent(customer=customer, setup_future_usage="on_session")
    changed = shop.v1.payment_intents.update(made.id, {"setup_future_usage": ""})
    assert (made.setup_future_usage, changed.setup_future_usage) == ("on_session", None)
    given = {"payment_method": "pm_card_visa", "setup_future_usage": "off_session"}
    assert shop.v1.payment_intents.confirm(made.id, given).setup_future_usage == "off_session"  # type: ignore[arg-type]
    assert len(shop.v1.customers.payment_methods.list(customer).data) == 1
