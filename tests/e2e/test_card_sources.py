"""Cards under a customer, the old API's way: a card and a payment method are one thing (B-5.69)."""

from typing import Any

import pytest

from tests.harness import Shop, declined, refused

PRINTED: Any = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2040", "cvc": "123", "name": "Ann"}


@pytest.fixture
def ann(shop: Shop) -> str:
    return shop.v1.customers.create().id


def add(shop: Shop, customer: str, source: str = "tok_visa", **more: Any) -> Any:
    return shop.v1.customers.payment_sources.create(customer, {"source": source, **more})


def default(shop: Shop, customer: str) -> Any:
    return shop.v1.customers.retrieve(customer).default_source


def test_a_token_becomes_a_card(shop: Shop, ann: str):
    """B-5.69: with the id that the token showed; the first is the default; events."""
    token = shop.v1.tokens.create({"card": PRINTED})
    card = add(shop, ann, token.id, metadata={"a": "b"})
    assert (card.id, card.object, card.customer, card.last4) == (token.card.id, "card", ann, "4242")
    assert (card.name, card.metadata.to_dict(), card.cvc_check) == ("Ann", {"a": "b"}, "pass")
    assert default(shop, ann) == card.id
    second = add(shop, ann, "tok_mastercard")
    assert (second.brand, default(shop, ann)) == ("MasterCard", card.id)
    assert shop.told() == ["customer.created", "customer.source.created", "customer.updated", "customer.source.created"]
    event = shop.events(type="customer.source.created")[0]
    assert event.data.object["id"] == card.id
    with refused(400, "token_already_used", "source"):
        add(shop, ann, token.id)


def test_a_card_is_a_payment_method(shop: Shop, ann: str):
    """B-5.69: under the same id it is listed, read, paid with and detached as one."""
    card = add(shop, ann)
    assert [each.id for each in shop.v1.customers.payment_methods.list(ann).data] == [card.id]
    method = shop.v1.payment_methods.retrieve(card.id)
    assert (method.object, method.card.last4, method.customer) == ("payment_method", "4242", ann)
    assert shop.pays(customer=ann, card=card.id).payment_method == card.id
    shop.v1.payment_methods.detach(card.id)
    assert shop.v1.customers.payment_sources.list(ann).data == []
    assert default(shop, ann) is None


def test_a_card_by_its_number(shop: Shop, ann: str):
    """B-5.61, B-5.69: with its owner's address; wrong ones are refused as everywhere."""
    given = {"object": "card", "number": "378282246310005", "exp_month": 12, "exp_year": 2040, "address_city": "Ghent"}
    answer = shop.raw("POST", f"/v1/customers/{ann}/cards", {f"card[{name}]": str(value) for name, value in given.items()})
    assert (answer.json["brand"], answer.json["address_city"]) == ("American Express", "Ghent")
    answer = shop.raw(
        "POST", f"/v1/customers/{ann}/cards", {"card[number]": "1", "card[exp_month]": "1", "card[exp_year]": "2040"}
    )
    assert (answer.status, answer.error["param"]) == (402, "card[number]")


def test_a_decline_keeps_the_card_away(shop: Shop, ann: str):
    """B-5.62: the bank is asked first."""
    with declined():
        add(shop, ann, "tok_chargeDeclined")
    assert (shop.v1.customers.payment_sources.list(ann).data, default(shop, ann)) == ([], None)
    assert shop.told() == ["customer.created"]


def test_lists(shop: Shop, ann: str):
    """B-3.1, B-5.69: cards and sources, newest first, whatever their ids begin with; of one customer only."""
    ids = [add(shop, ann).id]
    ids.append(add(shop, ann, shop.v1.sources.create({"type": "card", "token": "tok_visa"}).id).id)
    ids.append(add(shop, ann).id)
    add(shop, shop.v1.customers.create().id)
    listed = shop.v1.customers.payment_sources.list
    assert [each.id for each in listed(ann).data] == ids[::-1]
    assert [each.id for each in listed(ann, {"object": "card"}).data] == [ids[2], ids[0]]
    assert [each.id for each in listed(ann, {"limit": 1, "starting_after": ids[2]}).data] == [ids[1]]
    assert [each.id for each in listed(ann, {"limit": 1, "ending_before": ids[0]}).data] == [ids[1]]
    cards = shop.raw("GET", f"/v1/customers/{ann}/cards").json
    assert ([each["id"] for each in cards["data"]], cards["url"]) == ([ids[2], ids[0]], f"/v1/customers/{ann}/cards")
    assert [each.id for each in shop.v1.customers.payment_methods.list(ann).data] == ids[::-1]


def test_expanded_on_the_customer(shop: Shop, ann: str):
    """B-3.23: absent unless expanded; the default as a card, and the same id elsewhere as a payment method."""
    card = add(shop, ann)
    assert "sources" not in shop.v1.customers.retrieve(ann).to_dict()
    seen = shop.v1.customers.retrieve(ann, {"expand": ["sources", "default_source"]})
    assert [each.id for each in seen.sources.data] == [card.id]
    assert (seen.sources.url, seen.default_source.object) == (f"/v1/customers/{ann}/sources", "card")
    paid = shop.pays(customer=ann, card=card.id, expand=["payment_method", "customer.default_source"])
    assert (paid.payment_method.object, paid.customer.default_source.object) == ("payment_method", "card")


def test_what_may_be_changed(shop: Shop, ann: str):
    """B-5.69: what is printed on it, and whose it is; the event says what was."""
    card = add(shop, ann)
    changed = shop.v1.customers.payment_sources.update(ann, card.id, {"exp_year": "2041", "name": "Bob", "address_zip": "9000"})
    assert (changed.exp_year, changed.name, changed.address_zip) == (2041, "Bob", "9000")
    event = shop.events(type="customer.source.updated")[0]
    assert event.data.previous_attributes.to_dict() == {"exp_year": 2040, "name": None, "address_zip": None}
    assert shop.v1.payment_methods.retrieve(card.id).billing_details.name == "Bob"
    with refused(402, "invalid_expiry_month", "exp_month", type="card_error"):
        shop.v1.customers.payment_sources.update(ann, card.id, {"exp_month": "13"})
    with refused(404, "resource_missing", "id"):
        shop.v1.customers.payment_sources.update(shop.v1.customers.create().id, card.id, {"name": "Bob"})


def test_deleted(shop: Shop, ann: str):
    """B-4.5, B-5.69: the newest of the others is the default then, in the end none; it can pay no more."""
    first, second, third = (add(shop, ann) for _ in range(3))
    gone = shop.v1.customers.payment_sources.delete(ann, first.id)
    assert gone.to_dict() == {"id": first.id, "object": "card", "currency": None, "deleted": True}
    assert default(shop, ann) == third.id
    shop.v1.customers.payment_sources.delete(ann, second.id)
    shop.v1.customers.payment_sources.delete(ann, third.id)
    assert default(shop, ann) is None
    assert len(shop.events(type="customer.source.deleted")) == 3
    with refused(404, "resource_missing", "id"):
        shop.v1.customers.payment_sources.delete(ann, first.id)
    with refused(400, "missing", "source"):
        shop.v1.charges.create({"amount": 2000, "currency": "usd", "customer": ann, "source": first.id})


def test_a_customer_with_a_source(shop: Shop):
    """B-5.67: made with it, or not at all."""
    made = shop.v1.customers.create({"source": "tok_visa", "name": "Ann", "expand": ["default_source", "sources"]})
    assert (made.default_source.customer, made.sources.data[0].id) == (made.id, made.default_source.id)
    assert shop.told() == ["customer.created", "customer.source.created"]
    with declined():
        shop.v1.customers.create({"source": "tok_chargeDeclined"})
    assert len(shop.v1.customers.list().data) == 1


def test_an_update_brings_another(shop: Shop, ann: str):
    """B-5.67: it takes the place of the default, with whatever else the update says; a decline changes nothing."""
    old = add(shop, ann)
    with declined():
        shop.v1.customers.update(ann, {"source": "tok_chargeDeclined", "name": "Bob"})
    assert (default(shop, ann), shop.v1.customers.retrieve(ann).name) == (old.id, None)
    new = shop.v1.customers.update(ann, {"source": "tok_mastercard", "name": "Bob", "email": "bob@shop.example"})
    assert (new.name, new.email) == ("Bob", "bob@shop.example")
    assert [each.id for each in shop.v1.customers.payment_sources.list(ann).data] == [new.default_source]
    assert shop.told()[-3:] == ["customer.source.deleted", "customer.source.created", "customer.updated"]


def test_the_default_is_chosen(shop: Shop, ann: str):
    """B-5.67: only a card or source of his own."""
    add(shop, ann)
    second = add(shop, ann)
    assert shop.v1.customers.update(ann, {"default_source": second.id}).default_source == second.id
    method = shop.v1.payment_methods.attach("pm_card_visa", {"customer": ann})
    for other in (method.id, "card_nothing", add(shop, shop.v1.customers.create().id).id):
        with refused(400, "resource_missing", "default_source"):
            shop.v1.customers.update(ann, {"default_source": other})


def test_the_default_is_charged(shop: Shop, ann: str):
    """B-5.37: a customer's default, or another of his by its id; nobody else's."""
    first, second = add(shop, ann), add(shop, ann, "tok_mastercard")
    charge: Any = {"amount": 2000, "currency": "usd", "customer": ann}
    paid = shop.v1.charges.create(charge)
    assert (paid.customer, paid.payment_method) == (ann, first.id)
    assert shop.v1.charges.create(charge | {"source": second.id}).payment_method_details.card.brand == "mastercard"
    assert shop.v1.charges.create(charge).status == "succeeded"
    with refused(400, "missing", "source") as error:
        shop.v1.charges.create(charge | {"source": add(shop, shop.v1.customers.create().id).id})
    assert ann in error["message"]
    with refused(400, "missing", "source"):
        shop.v1.charges.create({"amount": 2000, "currency": "usd", "source": first.id})


def test_a_deleted_customer(shop: Shop, ann: str):
    """B-5.68: his cards go with him; nothing is added to him."""
    card = add(shop, ann)
    shop.v1.customers.delete(ann)
    with refused(404, "resource_missing", "customer"):
        add(shop, ann)
    with refused(404, "resource_missing", "customer"):
        shop.v1.customers.payment_sources.retrieve(ann, card.id)


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({}, "parameter_missing", "source"),
        ({"source": "tok_nothing"}, None, "source"),
        ({"source": "src_nothing"}, "resource_missing", "source"),
        ({"source": "tok_visa", "card": "tok_visa"}, "parameters_exclusive", "card"),
        ({"bank_account": "ba_1"}, None, "bank_account"),
    ],
)
def test_what_is_refused(shop: Shop, ann: str, given: dict[str, str], code: str | None, param: str):
    """B-1.22, B-5.61, B-5.69."""
    answer = shop.raw("POST", f"/v1/customers/{ann}/sources", given)
    assert (answer.status, answer.error.get("code"), answer.error["param"]) == (400, code, param)
