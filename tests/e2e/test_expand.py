"""Expanding (B-3.19 to B-3.24, B-3.12): ids replaced by what they name, on every operation that answers an object."""

from typing import Any

import pytest

from tests.harness import Shop, refused
from tests.harness.processes import until


@pytest.fixture
def paid(shop: Shop) -> Any:
    """A payment of a customer."""
    customer = shop.v1.customers.create({"name": "Ann"})
    method = shop.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    return shop.pays(customer=customer.id, card=method.id)


def test_on_reads(shop: Shop, paid: Any):
    """B-3.19, B-3.21: several paths, and the ancestors of a deep one."""
    seen = shop.v1.payment_intents.retrieve(
        paid.id, {"expand": ["customer", "latest_charge.balance_transaction", "payment_method"]}
    )
    assert seen.customer.name == "Ann"
    assert seen.latest_charge.balance_transaction.source == paid.latest_charge
    assert seen.payment_method.customer == paid.customer
    assert shop.v1.payment_intents.retrieve(paid.id).to_dict() == paid.to_dict()


def test_four_levels(shop: Shop, paid: Any):
    """B-3.19, B-3.20: at most four; deeper has a code of its own."""
    refund = shop.v1.refunds.create({"payment_intent": paid.id})
    seen = shop.v1.refunds.retrieve(refund.id, {"expand": ["charge.payment_intent.payment_method.customer"]})
    assert seen.charge.payment_intent.payment_method.customer.name == "Ann"
    with refused(400, "property_expansion_max_depth"):
        shop.v1.refunds.retrieve(refund.id, {"expand": ["charge.payment_intent.payment_method.customer.default_source"]})


def test_on_lists(shop: Shop, paid: Any):
    """B-3.19: after `data`; each element is expanded."""
    shop.pays()
    listed = shop.v1.charges.list({"expand": ["data.customer", "data.payment_intent.latest_charge"]})
    assert [charge.customer and charge.customer.name for charge in listed.data] == [None, "Ann"]
    assert [charge.payment_intent.latest_charge.id for charge in listed.data] == [charge.id for charge in listed.data]


def test_on_writes(shop: Shop):
    """B-3.19, DESIGN 2.5: POST answers what was just committed, expanded, new rows too."""
    customer = shop.v1.customers.create({"name": "Ann"}).id
    method = shop.v1.payment_methods.attach("pm_card_visa", {"customer": customer, "expand": ["customer"]})
    assert method.customer.name == "Ann"
    made = shop.v1.payment_intents.create({"amount": 2000, "currency": "usd", "customer": customer, "expand": ["customer"]})
    assert made.customer.name == "Ann"
    expand = ["latest_charge.balance_transaction", "payment_method"]
    done = shop.v1.payment_intents.confirm(
        made.id, {"payment_method": method.id, "return_url": "https://shop.example/", "expand": expand}
    )
    assert done.latest_charge.payment_intent == made.id
    assert (
        done.latest_charge.balance_transaction.net
        == done.latest_charge.balance_transaction.amount - done.latest_charge.balance_transaction.fee
    )
    refund = shop.v1.refunds.create({"payment_intent": made.id, "amount": 500, "expand": ["charge", "balance_transaction"]})
    assert (refund.charge.amount_refunded, refund.balance_transaction.amount) == (500, -500)
    changed = shop.v1.customers.update(
        customer,
        {"invoice_settings": {"default_payment_method": method.id}, "expand": ["invoice_settings.default_payment_method"]},
    )
    assert changed.invoice_settings.default_payment_method.id == method.id


def test_a_charges_refunds(shop: Shop, paid: Any):
    """B-3.23, B-3.12: absent unless expanded; then the newest ten, and where the whole list is."""
    charge = paid.latest_charge
    assert "refunds" not in shop.v1.charges.retrieve(charge).to_dict()
    for _ in range(11):
        shop.v1.refunds.create({"charge": charge, "amount": 100})
    seen = shop.v1.charges.retrieve(charge, {"expand": ["refunds.data.balance_transaction"]}).refunds
    assert (len(seen.data), seen.has_more, seen.url) == (10, True, f"/v1/charges/{charge}/refunds")
    whole = [refund.id for refund in shop.v1.refunds.list({"charge": charge, "limit": 100}).data]
    assert [refund.id for refund in seen.data] == whole[:10]
    assert {refund.balance_transaction.object for refund in seen.data} == {"balance_transaction"}


def test_lists_of_what_is_not_served(shop: Shop):
    """B-3.23: what the contract lets a customer show and we do not have stays away; it is no error."""
    customer = shop.v1.customers.create()
    for name in ("subscriptions", "tax_ids", "tax", "cash_balance"):
        assert not shop.v1.customers.retrieve(customer.id, {"expand": [name]}).to_dict().get(name)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("amount", "This property cannot be expanded (amount)."),
        ("status.foo", "This property cannot be expanded (status.foo)."),
        ("foo", "This property cannot be expanded because it doesn't exist: foo."),
        ("data.customer", "This property cannot be expanded because it doesn't exist: data.customer."),
    ],
)
def test_paths_that_are_refused(shop: Shop, path: str, message: str):
    """B-3.20: no code, no param; B-3.22: and nothing is written."""
    with refused(400) as error:
        shop.intent(expand=[path])
    assert error["message"] == message
    assert shop.v1.payment_intents.list().data == []


def test_on_a_list_the_message_says_how(shop: Shop):
    """B-3.20."""
    with refused(400) as error:
        shop.v1.charges.list({"expand": ["customer"]})
    assert "data.customer" in error["message"]


def test_deeper_steps_that_name_nothing(shop: Shop, paid: Any):
    """B-3.21: are ignored, and the ancestors are expanded; null stays null."""
    seen = shop.v1.payment_intents.retrieve(paid.id, {"expand": ["customer.foo", "customer.name.bar", "review"]})
    assert (seen.customer.name, seen.review) == ("Ann", None)


def test_a_deleted_customer(shop: Shop, paid: Any):
    """B-3.21, B-4.5: the reference stays an id, and expands to the deleted form."""
    shop.v1.customers.delete(paid.customer)
    assert shop.v1.payment_intents.retrieve(paid.id).customer == paid.customer
    seen = shop.v1.payment_intents.retrieve(paid.id, {"expand": ["customer"]}).customer.to_dict()
    assert seen == {"id": paid.customer, "object": "customer", "deleted": True}


@pytest.mark.parametrize("given", [{"expand": ""}, {"expand[]": ""}])
def test_an_empty_expand(shop: Shop, given: dict[str, str]):
    """B-3.22."""
    answer = shop.raw("GET", "/v1/balance", given)
    assert (answer.status, answer.error["code"]) == (400, "parameter_invalid_empty")


def test_too_many_paths(shop: Shop):
    """Law 10: at most twenty."""
    with refused(400, param="expand"):
        shop.v1.payment_intents.list({"expand": ["data.customer"] * 21})


def test_events_are_never_expanded(shop: Shop, paid: Any):
    """B-5.75: whatever the call asked for."""
    shop.pays(customer=paid.customer, card=paid.payment_method, expand=["customer", "latest_charge"])
    until(lambda: len(shop.told(type="payment_intent.succeeded")) == 2, shop.gateway)
    assert {type(event.data.object["customer"]) for event in shop.events(type="payment_intent.succeeded")} == {str}
