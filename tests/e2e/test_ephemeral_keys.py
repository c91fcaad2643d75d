"""Ephemeral keys: a buyer's own device, for his own cards, for an hour (B-1.2)."""

from typing import Any

import pytest

from sluice.merchants.permissions import EPHEMERAL
from tests.harness import Shop, refused
from tests.harness.wire import Raw

VERSION: Any = {"stripe_version": "2026-05-27.dahlia"}
EXPIRE = "update api_keys set expires = 1 where scope = $1 and kind = 'ek' returning id"


@pytest.fixture
def ann(shop: Shop) -> str:
    return shop.v1.customers.create({"name": "Ann"}).id


def made(shop: Shop, customer: str) -> Any:
    return shop.v1.ephemeral_keys.create({"customer": customer}, VERSION)


def test_a_key_for_a_customer(shop: Shop, ann: str):
    """B-1.2: it says whose it is, and is shown once; it sees its customer, keeps a card for him and takes it off."""
    key = made(shop, ann)
    assert (key.id[:7], key.secret[:8], key.expires - key.created) == ("ephkey_", "ek_test_", 3600)
    assert key.to_dict()["associated_objects"] == [{"id": ann, "type": "customer"}]
    device = shop.client(key.secret).v1
    assert device.customers.retrieve(ann).name == "Ann"
    card = device.customers.payment_sources.create(ann, {"source": "tok_visa"})
    method = device.payment_methods.attach("pm_card_visa", {"customer": ann})
    assert [each.id for each in device.payment_methods.list({"customer": ann}).data] == [method.id, card.id]
    assert device.customers.update(ann, {"default_source": card.id}).default_source == card.id
    assert device.payment_methods.detach(method.id).customer is None
    device.customers.payment_sources.delete(ann, card.id)
    assert shop.told(type="customer.source.deleted") == ["customer.source.deleted"]


def test_nobody_elses(shop: Shop, ann: str):
    """S9, S10: another customer and his cards are missing to it, as if they were nowhere."""
    bob = shop.v1.customers.create({"source": "tok_visa"})
    method = shop.v1.payment_methods.attach("pm_card_visa", {"customer": bob.id}).id
    gone = shop.v1.payment_methods.attach("pm_card_visa", {"customer": bob.id}).id
    shop.v1.payment_methods.detach(gone)
    ask = Raw(shop.gateway.url, made(shop, ann).secret)
    for verb, path in (
        ("GET", f"/v1/customers/{bob.id}"),
        ("POST", f"/v1/customers/{bob.id}"),
        ("GET", f"/v1/customers/{bob.id}/sources"),
        ("GET", f"/v1/customers/{ann}/sources/{bob.default_source}"),
        ("DELETE", f"/v1/customers/{ann}/sources/{bob.default_source}"),
        ("GET", f"/v1/customers/{ann}/payment_methods/{method}"),
        ("GET", f"/v1/payment_methods/{method}"),
        ("GET", f"/v1/payment_methods/{gone}"),
        ("POST", f"/v1/payment_methods/{method}"),
        ("POST", f"/v1/payment_methods/{method}/detach"),
        ("POST", f"/v1/payment_methods/{gone}/detach"),
    ):
        assert ask(verb, path).status == 404, path
    for given in ({}, {"customer": bob.id}):
        assert ask("GET", "/v1/payment_methods", given).status == 400
        assert ask("POST", "/v1/payment_methods/pm_card_visa/attach", given).status == 400
    assert shop.v1.payment_methods.retrieve(method).customer == bob.id


def test_nothing_else(shop: Shop, ann: str):
    """S9: no payment, no list of customers, no key of its own making; of its customer only what a buyer says."""
    ask = Raw(shop.gateway.url, made(shop, ann).secret)
    assert "PostPaymentIntents" not in EPHEMERAL
    for verb, path in (("POST", "/v1/payment_intents"), ("GET", "/v1/customers"), ("POST", "/v1/ephemeral_keys")):
        assert ask(verb, path).status == 403, path
    answer = ask("POST", f"/v1/customers/{ann}", {"balance": "-500"})
    assert (answer.status, answer.error["param"]) == (403, "balance")
    assert ask("POST", f"/v1/customers/{ann}", {"shipping[name]": "Ann", "shipping[address][city]": "Ghent"}).status == 200
    assert ask("DELETE", f"/v1/customers/{ann}").status == 403


def test_deleted_or_over(shop: Shop, ann: str):
    """B-1.3: a deleted key is unknown, within seconds in every process; one that is over has expired."""
    key = made(shop, ann)
    gone = shop.v1.ephemeral_keys.delete(key.id)
    assert (gone.id, "secret" in gone.to_dict()) == (key.id, False)
    with refused(404, "resource_missing", "key"):
        shop.v1.ephemeral_keys.delete(key.id)
    assert Raw(shop.gateway.url, key.secret)("GET", f"/v1/customers/{ann}").status == 401
    late = made(shop, ann)
    assert shop.gateway.fetch(EXPIRE, shop.scope)
    assert Raw(shop.gateway.url, late.secret)("GET", f"/v1/customers/{ann}").error["code"] == "api_key_expired"


def test_an_ordinary_key_is_not_deleted_here(shop: Shop):
    """S9: by its id neither."""
    assert shop.secret
    (id,) = (row["id"] for row in shop.gateway.fetch("select id from api_keys where scope = $1 and kind = 'sk'", shop.scope))
    with refused(404, "resource_missing", "key"):
        shop.v1.ephemeral_keys.delete(id)


def test_a_repeated_call_shows_the_same_key(shop: Shop, ann: str):
    """B-1.34, S8: under its idempotency key, where it is kept sealed."""
    first, second = (
        shop.v1.ephemeral_keys.create({"customer": ann}, VERSION | {"idempotency_key": f"k-{ann}"}) for _ in range(2)
    )
    assert first.secret == second.secret
    kept = shop.gateway.fetch("select body from idempotency where scope = $1 and key = $2", shop.scope, f"k-{ann}")
    assert first.secret not in kept[0]["body"]


def test_what_must_be_given(shop: Shop, ann: str):
    """The version that the device was built with, and a customer who is there."""
    answer = shop.raw("POST", "/v1/ephemeral_keys", {"customer": ann})
    assert (answer.status, "Stripe-Version" in answer.error["message"]) == (400, True)
    with refused(400, "parameter_missing", "customer"):
        shop.v1.ephemeral_keys.create({}, VERSION)
    with refused(400, "resource_missing", "customer"):
        made(shop, "cus_nothing")
