"""Customers: made, changed, deleted, and what the shop hears of it (B-5.67, B-5.68, B-2.22 to B-2.24, B-5.75)."""

import threading
from typing import Any

import pytest

from tests.harness import Shop, declined, refused
from tests.harness.wire import Raw

CARD = {"type": "card", "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}}


def test_no_field_is_required(shop: Shop):
    """B-5.67: what a new one shows; the invoice prefix is made up."""
    customer = shop.v1.customers.create()
    assert (customer.email, customer.name, customer.metadata.to_dict(), customer.balance, customer.currency) == (
        None,
        None,
        {},
        0,
        None,
    )
    assert customer.invoice_settings.default_payment_method is None
    assert customer.invoice_prefix.isalnum()
    assert 1 <= len(customer.invoice_prefix) <= 12
    assert shop.told() == ["customer.created"]


def test_a_balance_fixes_the_currency(shop: Shop):
    """B-5.67: the account's, once the balance is not zero; then it stays."""
    euros = Shop(shop.gateway, "BE", "eur")
    for of, currency in ((shop, "usd"), (euros, "eur")):
        customer = of.v1.customers.create({"balance": -500})
        assert (customer.balance, customer.currency) == (-500, currency)
        assert of.v1.customers.update(customer.id, {"balance": 0}).currency == currency


@pytest.mark.parametrize("prefix", ["A", "ABC123", "A" * 12])
def test_an_invoice_prefix(shop: Shop, prefix: str):
    """B-5.67: 1 to 12 of A-Z and 0-9, once in a shop, and free again in another."""
    customer = shop.v1.customers.create({"invoice_prefix": prefix})
    with refused(400, param="invoice_prefix"):
        shop.v1.customers.create({"invoice_prefix": prefix})
    assert shop.v1.customers.update(customer.id, {"invoice_prefix": prefix}).invoice_prefix == prefix
    assert Shop(shop.gateway).v1.customers.create({"invoice_prefix": prefix}).invoice_prefix == prefix


def test_an_invoice_prefix_that_two_want_at_once(shop: Shop):
    """B-5.67: one has it, and the others hear whose it is."""
    start, statuses = threading.Barrier(6), []

    def one() -> None:
        raw = Raw(shop.gateway.url, shop.secret)
        start.wait()
        answer = raw("POST", "/v1/customers", {"invoice_prefix": "RACE"})
        statuses.append((answer.status, None if answer.status == 200 else answer.error["param"]))

    assert shop.secret
    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses, key=str) == [(200, None), *[(400, "invoice_prefix")] * 5]


@pytest.mark.parametrize("prefix", ["abc", "A B", "A-B", "A" * 13, "Ä", "１"])
def test_an_invoice_prefix_that_is_none(shop: Shop, prefix: str):
    """B-5.67."""
    with refused(400, param="invoice_prefix"):
        shop.v1.customers.create({"invoice_prefix": prefix})


@pytest.mark.parametrize(
    "email", ["a", "a@", "@b.example", "a@@b.example", "a b@c.example", "a@b.example,c@d.example", "<a@b.example>"]
)
def test_an_email_that_is_none(shop: Shop, email: str):
    """B-2.24: checked for form only."""
    with refused(400, "email_invalid", "email") as error:
        shop.v1.customers.create({"email": email})
    assert error["message"] == f"Invalid email address: {email}"


@pytest.mark.parametrize("email", ["a@b.example", "a.b+c@d.example", "ann@localhost", "ю@почта.рф"])
def test_emails_that_are_taken(shop: Shop, email: str):
    """B-2.24."""
    assert shop.v1.customers.create({"email": email}).email == email


def test_metadata_merges(shop: Shop):
    """B-2.23: given keys are set, an empty one goes, all go with the empty string, unnamed ones stay; numbers become text."""
    id = shop.v1.customers.create({"metadata": {"a": "1", "b": "2"}}).id
    for given, after in (
        ({"b": "3", "c": 4}, {"a": "1", "b": "3", "c": "4"}),
        ({"a": ""}, {"b": "3", "c": "4"}),
        ({}, {"b": "3", "c": "4"}),
        ("", {}),
    ):
        assert shop.v1.customers.update(id, {"metadata": given}).metadata.to_dict() == after


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({f"k{n}": "v" for n in range(51)}, "metadata"),
        ({"k" * 41: "v"}, f"metadata[{'k' * 41}]"),
        ({"k": "v" * 501}, "metadata[k]"),
    ],
    ids=["keys", "key", "value"],
)
def test_metadata_has_limits(shop: Shop, given: Any, param: str):
    """B-2.23: no code; the message gives limit and actual."""
    with refused(400, param=param) as error:
        shop.v1.customers.create({"metadata": given})
    limit = {"metadata": 50, "metadata[k]": 500}.get(param, 40)
    assert str(limit) in error["message"]
    assert str(limit + 1) in error["message"]


def test_metadata_does_not_outgrow_its_limit_by_merging(shop: Shop):
    """B-2.23: fifty keys in all, however they came."""
    id = shop.v1.customers.create({"metadata": {f"a{n}": "v" for n in range(30)}}).id
    with refused(400, param="metadata") as error:
        shop.v1.customers.update(id, {"metadata": {f"b{n}": "v" for n in range(21)}})
    assert "51" in error["message"]
    assert len(shop.v1.customers.update(id, {"metadata": {f"b{n}": "v" for n in range(20)}}).metadata.to_dict()) == 50


def test_metadata_fits_to_the_letter(shop: Shop):
    """B-2.23: 50 keys of 40 characters with 500."""
    given = {f"{n:040}": "я" * 500 for n in range(50)}
    assert shop.v1.customers.create({"metadata": given}).metadata.to_dict() == given


def test_a_default_method_must_be_his(shop: Shop):
    """B-5.67: attached to this customer; not at create, unless it is given there too."""
    owner, other = shop.v1.customers.create(), shop.v1.customers.create()
    method = shop.v1.payment_methods.attach("pm_card_visa", {"customer": owner.id})
    loose = shop.v1.payment_methods.create(CARD)
    param = "invoice_settings[default_payment_method]"
    for id, code in ((method.id, "resource_missing"), (loose.id, "resource_missing"), ("pm_nothing", "resource_missing")):
        with refused(400, code, param):
            shop.v1.customers.update(other.id, {"invoice_settings": {"default_payment_method": id}})
    with refused(400, param=param):
        shop.v1.customers.create({"invoice_settings": {"default_payment_method": method.id}})
    set_ = shop.v1.customers.update(owner.id, {"invoice_settings": {"default_payment_method": method.id}})
    assert set_.invoice_settings.default_payment_method == method.id
    unset = shop.v1.customers.update(owner.id, {"invoice_settings": {"default_payment_method": ""}})
    assert unset.invoice_settings.default_payment_method is None


def test_created_with_a_card(shop: Shop):
    """B-5.67, B-5.62: the card is checked and attached, and may be the default at once."""
    method = shop.v1.payment_methods.create(CARD)
    customer = shop.v1.customers.create(
        {"payment_method": method.id, "invoice_settings": {"default_payment_method": method.id}}
    )
    assert customer.invoice_settings.default_payment_method == method.id
    assert shop.v1.payment_methods.retrieve(method.id).customer == customer.id
    assert shop.told() == ["customer.created", "payment_method.attached"]


def test_a_declined_card_makes_no_customer(shop: Shop):
    """B-5.62: 402, and nothing is there."""
    with declined():
        shop.v1.customers.create({"payment_method": "pm_card_chargeDeclined"})
    assert shop.v1.customers.list().data == []
    assert shop.told() == []


def test_what_an_update_tells(shop: Shop):
    """B-5.75: the object as it is then, and the old values of what changed, leaf by leaf; a changed list whole."""
    id = shop.v1.customers.create(
        {"name": "Ann", "metadata": {"a": "1", "b": "2"}, "preferred_locales": ["nl"], "address": {"city": "Ghent"}}
    ).id
    given = {"name": "Bob", "metadata": {"a": "", "c": "3"}, "preferred_locales": ["fr"], "address": {"city": "Bruges"}}
    shop.v1.customers.update(id, given)
    updated = shop.events(type="customer.updated")[0]
    assert updated.data.object["name"] == "Bob"
    assert updated.data.previous_attributes.to_dict() == {
        "name": "Ann", "metadata": {"a": "1", "c": None}, "preferred_locales": ["nl"], "address": {"city": "Ghent"},
    }  # fmt: skip


def test_deleted(shop: Shop):
    """B-5.68: for good; its methods are detached, history stays, and its event shows the full last state."""
    customer = shop.v1.customers.create({"name": "Ann"})
    method = shop.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    shop.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    paid = shop.pays(customer=customer.id, card=method.id)
    shop.v1.customers.delete(customer.id)
    assert shop.v1.payment_intents.retrieve(paid.id).customer == customer.id
    assert shop.v1.payment_methods.retrieve(method.id).customer is None
    with refused(400, param="payment_method"):
        shop.pays(card=method.id)
    told = shop.events(type="customer.deleted")[0].data.object
    assert (told["id"], told["name"], "deleted" in told) == (customer.id, "Ann", False)


def test_a_deleted_one_is_missing(shop: Shop):
    """B-5.68: for updates, deletes and all that names it."""
    id = shop.v1.customers.create().id
    shop.v1.customers.delete(id)
    for do in (shop.v1.customers.update, shop.v1.customers.delete):
        with refused(404, "resource_missing", "id"):
            do(id)
    with refused(400, "resource_missing", "customer"):
        shop.intent(customer=id)
    with refused(400, "resource_missing", "customer"):
        shop.v1.payment_methods.attach("pm_card_visa", {"customer": id})
    with refused(404, "resource_missing", "customer"):
        shop.v1.customers.payment_methods.list(id)
