"""Sources on their own: of a card, chargeable at once, a customer's or used once (B-5.69)."""

from typing import Any

from tests.harness import Shop, declined, refused


def source(shop: Shop, **given: Any) -> Any:
    return shop.v1.sources.create({"type": "card", "token": "tok_visa", **given})


def test_a_source_of_a_token(shop: Shop):
    """B-5.66, B-5.69: chargeable, with what is known of the card; an event says so."""
    made = source(shop, owner={"name": "Ann", "address": {"city": "Ghent"}}, metadata={"a": "b"}, usage="single_use")
    assert (made.status, made.type, made.flow, made.usage) == ("chargeable", "card", "none", "single_use")
    assert (made.owner.name, made.owner.address.city, made.card["last4"]) == ("Ann", "Ghent", "4242")
    assert shop.told() == ["source.chargeable"]
    assert shop.v1.sources.retrieve(made.id).to_dict() == made.to_dict()


def test_in_a_browser(shop: Shop):
    """B-1.5, B-1.6: made with a publishable key; read with the source's own secret only, without what is the shop's."""
    card = {"card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "2040", "card[cvc]": "123"}
    shop.raw.key = shop.publishable
    made = shop.raw("POST", "/v1/sources", {"type": "card"} | card).json
    assert made["card"]["last4"] == "4242"
    assert "fingerprint" not in made["card"]
    where = f"/v1/sources/{made['id']}"
    assert shop.raw("GET", where).error["param"] == "client_secret"
    assert shop.raw("GET", where, {"client_secret": "x"}).error["param"] == "client_secret"
    seen = shop.raw("GET", where, {"client_secret": made["client_secret"]}).json
    assert (seen["id"], "metadata" in seen) == (made["id"], False)


def test_charged_once(shop: Shop):
    """B-5.37: one that is nobody's is consumed by its charge; a decline gives it back."""
    made = source(shop)
    charge: Any = {"amount": 2000, "currency": "usd", "source": made.id}
    assert shop.v1.charges.create(charge).payment_method == made.id
    assert shop.v1.sources.retrieve(made.id).status == "consumed"
    with refused(400, param="source"):
        shop.v1.charges.create(charge)
    bad = source(shop, token="tok_chargeDeclined")
    with declined():
        shop.v1.charges.create(charge | {"source": bad.id})
    assert shop.v1.sources.retrieve(bad.id).status == "chargeable"


def test_a_customers(shop: Shop):
    """B-5.69: added to a customer it stays chargeable; taken off it is consumed."""
    ann, made = shop.v1.customers.create().id, source(shop)
    kept = shop.v1.customers.payment_sources.create(ann, {"source": made.id})
    assert (kept.id, kept.object, kept.customer) == (made.id, "source", ann)
    assert shop.v1.customers.retrieve(ann).default_source == made.id
    again = shop.v1.customers.payment_sources.create(ann, {"source": made.id})
    assert again.to_dict() == kept.to_dict()
    with refused(400, param="source"):
        shop.v1.customers.payment_sources.create(shop.v1.customers.create().id, {"source": made.id})
    for _ in range(2):
        assert shop.v1.charges.create({"amount": 2000, "currency": "usd", "customer": ann}).status == "succeeded"
    assert shop.v1.sources.update(made.id, {"owner": {"name": "Ann"}}).owner.name == "Ann"
    assert shop.told(type="customer.source.updated") == ["customer.source.updated"]
    assert shop.v1.customers.payment_sources.delete(ann, made.id).status == "consumed"


def test_what_is_refused(shop: Shop):
    """B-1.22, B-5.61: other types, and what is missing."""
    for given, code, param in (
        ({}, "parameter_missing", "type"),
        ({"type": "ideal"}, None, "type"),
        ({"type": "card"}, "parameter_missing", "token"),
        ({"type": "card", "token": "tok_nothing"}, None, "token"),
        ({"type": "card", "token": "tok_visa", "flow": "redirect"}, None, "flow"),
    ):
        answer = shop.raw("POST", "/v1/sources", given)
        assert (answer.status, answer.error.get("code"), answer.error["param"]) == (400, code, param), given
    card = shop.v1.customers.payment_sources.create(shop.v1.customers.create().id, {"source": "tok_visa"})
    for id in ("src_nothing", card.id):
        with refused(404, "resource_missing", "id"):
            shop.v1.sources.retrieve(id)
