"""Payment methods: made, attached, detached, changed (B-5.60 to B-5.65), and never their numbers (S4)."""

from typing import Any

import pytest

from tests.harness import Shop, declined, refused

NUMBER = "4242424242424242"
CARD = {"number": NUMBER, "exp_month": 12, "exp_year": 2040, "cvc": "123"}


def made(shop: Shop, **card: Any) -> Any:
    return shop.v1.payment_methods.create({"type": "card", "card": CARD | card})


def test_a_card_by_its_number(shop: Shop):
    """B-5.60: what is shown of it; no event."""
    method = made(shop)
    card = method.card
    assert (method.type, method.customer, card.brand, card.last4, card.exp_month, card.exp_year) == (
        "card",
        None,
        "visa",
        "4242",
        12,
        2040,
    )
    assert (card.checks.cvc_check, card.funding, method.allow_redisplay) == ("unchecked", "credit", "unspecified")
    assert shop.told() == []


@pytest.mark.shows("S4")
def test_neither_number_nor_code_come_back(shop: Shop):
    """B-5.60: in no answer, however it is asked for."""
    answer = shop.raw(
        "POST",
        "/v1/payment_methods",
        {"type": "card", **{f"card[{name}]": value for name, value in (CARD | {"cvc": "987"}).items()}},
    )
    id = answer.json["id"]
    again = [shop.raw("GET", f"/v1/payment_methods/{id}"), shop.raw("POST", f"/v1/payment_methods/{id}", {"metadata[a]": "b"})]
    for text in (each.body.decode() for each in (answer, *again)):
        assert NUMBER not in text
        assert '"987"' not in text


@pytest.mark.shows("S4")
def test_the_same_number_has_the_same_fingerprint(shop: Shop):
    """B-5.60, S4: within an account, test and live apart; another merchant sees another one."""
    same, other = made(shop, exp_year=2041), made(shop, number="5555555555554444")
    assert made(shop).card.fingerprint == same.card.fingerprint != other.card.fingerprint
    assert made(Shop(shop.gateway)).card.fingerprint != same.card.fingerprint


@pytest.mark.parametrize(
    ("card", "code", "param"),
    [
        ({"number": "4242424242424241"}, "incorrect_number", "number"),
        ({"number": "4242"}, "incorrect_number", "number"),
        ({"number": "4242x"}, "invalid_number", "number"),
        ({"exp_month": 13}, "invalid_expiry_month", "exp_month"),
        ({"exp_month": 0}, "invalid_expiry_month", "exp_month"),
        ({"exp_year": 2020}, "invalid_expiry_year", "exp_year"),
        ({"exp_year": -1}, "invalid_expiry_year", "exp_year"),
        ({"exp_year": 2999}, "invalid_expiry_year", "exp_year"),
        ({"cvc": "12"}, "invalid_cvc", "cvc"),
        ({"cvc": "1234"}, "invalid_cvc", "cvc"),
        ({"cvc": "12a"}, "invalid_cvc", "cvc"),
        ({"number": "378282246310005", "cvc": "123"}, "invalid_cvc", "cvc"),
    ],
)
def test_cards_that_are_wrong(shop: Shop, card: dict[str, Any], code: str, param: str):
    """B-5.61, B-2.17: 402 before anybody is asked."""
    with declined(code, None, param):
        made(shop, **card)


def test_numbers_as_people_write_them(shop: Shop):
    """B-5.60: with spaces or dashes; a year of two digits."""
    assert made(shop, number="4242 4242-4242 4242").card.last4 == "4242"
    assert made(shop, exp_year=40).card.exp_year == 2040


def test_by_token(shop: Shop):
    """B-5.60, B-5.61: the test data's names; an unknown one is refused by `token`."""
    assert shop.v1.payment_methods.create({"type": "card", "card": {"token": "tok_mastercard"}}).card.brand == "mastercard"
    for token in ("tok_nothing", "src_1", ""):
        with refused(400, "parameter_invalid_empty" if not token else None, "card[token]" if not token else "token"):
            shop.v1.payment_methods.create({"type": "card", "card": {"token": token}})


@pytest.mark.parametrize("missing", ["type", "card"])
def test_what_is_required(shop: Shop, missing: str):
    """B-5.60, B-1.20."""
    given: dict[str, Any] = {"type": "card", "card": CARD}
    del given[missing]
    with refused(400, "parameter_missing", missing):
        shop.v1.payment_methods.create(given)


def test_no_customer_at_create(shop: Shop):
    """B-5.60."""
    with refused(400, param="customer"):
        shop.v1.payment_methods.create({"type": "card", "card": CARD, "customer": shop.v1.customers.create().id})


def test_attached(shop: Shop):
    """B-5.62: checked by the issuer; told once; again to the same customer is no news, and to another is refused."""
    owner, other = shop.v1.customers.create().id, shop.v1.customers.create().id
    method = made(shop)
    attached = shop.v1.payment_methods.attach(method.id, {"customer": owner})
    assert (attached.id, attached.customer, attached.card.checks.cvc_check) == (method.id, owner, "pass")
    assert shop.v1.payment_methods.attach(method.id, {"customer": owner}).to_dict() == attached.to_dict()
    with refused(400):
        shop.v1.payment_methods.attach(method.id, {"customer": other})
    assert shop.told(type="payment_method.*") == ["payment_method.attached"]


def test_attaching_needs_a_customer(shop: Shop):
    """B-5.62: missing has no param; one that is not there has."""
    method = made(shop).id
    with refused(400, "parameter_missing"):
        shop.v1.payment_methods.attach(method)
    with refused(400, "resource_missing", "customer"):
        shop.v1.payment_methods.attach(method, {"customer": "cus_nobody"})
    with refused(404, "resource_missing", "payment_method") as error:
        shop.v1.payment_methods.attach("pm_nothing", {"customer": shop.v1.customers.create().id})
    assert error["message"] == "No such PaymentMethod: 'pm_nothing'"


@pytest.mark.parametrize(
    ("name", "code", "decline", "param"),
    [
        ("chargeDeclined", "card_declined", "generic_decline", None),
        ("chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds", None),
        ("chargeDeclinedExpiredCard", "expired_card", "expired_card", "exp_month"),
        ("chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc", "cvc"),
    ],
)
def test_a_card_that_the_issuer_refuses(shop: Shop, name: str, code: str, decline: str | None, param: str | None):
    """B-5.62: 402, unattached, nothing told; B-6.1: a name makes a new method."""
    owner = shop.v1.customers.create().id
    envelope: dict[str, Any] = shop.raw("POST", f"/v1/payment_methods/pm_card_{name}/attach", {"customer": owner}).error
    assert (envelope["type"], envelope["code"]) == ("card_error", code)
    assert envelope.get("decline_code") in (decline, None)
    assert shop.v1.customers.payment_methods.list(owner).data == []
    assert shop.told() == ["customer.created"]


def test_a_refused_card_may_be_tried_again(shop: Shop):
    """B-5.62: a decline does not use it up."""
    owner = shop.v1.customers.create().id
    method = made(shop, number="4000000000000002").id
    for _ in range(2):
        with declined():
            shop.v1.payment_methods.attach(method, {"customer": owner})
    assert shop.v1.payment_methods.retrieve(method).customer is None


def test_used_or_detached_it_is_of_no_more_use(shop: Shop):
    """B-5.62, B-5.63: for ever."""
    owner = shop.v1.customers.create().id
    used, detached = made(shop).id, shop.v1.payment_methods.attach("pm_card_visa", {"customer": owner}).id
    shop.pays(card=used)
    shop.v1.payment_methods.detach(detached)
    for method in (used, detached):
        with refused(400):
            shop.v1.payment_methods.attach(method, {"customer": owner})
        with refused(400):
            shop.v1.payment_methods.detach(method)
        with refused(400, param="payment_method"):
            shop.pays(card=method)


def test_detached(shop: Shop):
    """B-5.63: what it was is told, and a default is one no more."""
    owner = shop.v1.customers.create().id
    method = shop.v1.payment_methods.attach("pm_card_visa", {"customer": owner}).id
    shop.v1.customers.update(owner, {"invoice_settings": {"default_payment_method": method}})
    assert shop.v1.payment_methods.detach(method).customer is None
    assert shop.v1.customers.retrieve(owner).invoice_settings.default_payment_method is None
    gone = shop.events(type="payment_method.detached")[0]
    assert (gone.data.object["customer"], gone.data.previous_attributes.to_dict()) == (None, {"customer": owner})
    changed = shop.events(type="customer.updated")[-1]
    assert changed.data.previous_attributes.to_dict() == {"invoice_settings": {"default_payment_method": method}}


def test_changed(shop: Shop):
    """B-5.64: attached or not; leaf by leaf; told with what it was."""
    method = made(shop)
    first = shop.v1.payment_methods.update(method.id, {"billing_details": {"name": "Ann", "address": {"city": "Ghent"}}})
    second = shop.v1.payment_methods.update(
        method.id, {"billing_details": {"address": {"line1": "1"}}, "card": {"exp_year": 2045}}
    )
    address = second.billing_details.address
    assert (first.billing_details.name, second.billing_details.name, address.city, address.line1) == (
        "Ann",
        "Ann",
        "Ghent",
        "1",
    )
    assert (second.card.exp_month, second.card.exp_year) == (12, 2045)
    told = shop.events(type="payment_method.updated")[-1]
    assert told.data.previous_attributes.to_dict() == {
        "billing_details": {"address": {"line1": None}},
        "card": {"exp_year": 2040},
    }


@pytest.mark.parametrize(
    ("card", "code", "param"),
    [
        ({"exp_month": 13}, "invalid_expiry_month", "card[exp_month]"),
        ({"exp_year": 2020}, "invalid_expiry_year", "card[exp_year]"),
    ],
)
def test_a_change_that_is_wrong(shop: Shop, card: dict[str, Any], code: str, param: str):
    """B-5.61, B-5.64: it stays as it was."""
    method = made(shop)
    with declined(code, None, param):
        shop.v1.payment_methods.update(method.id, {"card": card})
    assert shop.v1.payment_methods.retrieve(method.id).to_dict() == method.to_dict()


def test_under_their_customer(shop: Shop):
    """B-5.65: one by id; a method of somebody else is 404, no code, param `customer`."""
    owner, other = shop.v1.customers.create().id, shop.v1.customers.create().id
    method = shop.v1.payment_methods.attach("pm_card_visa", {"customer": owner}).id
    assert shop.v1.customers.payment_methods.retrieve(owner, method).id == method
    for customer, id in ((other, method), (owner, made(shop).id), (owner, "pm_nothing")):
        with refused(404, param="customer"):
            shop.v1.customers.payment_methods.retrieve(customer, id)
    with refused(404, "resource_missing", "customer"):
        shop.v1.customers.payment_methods.retrieve("cus_nobody", method)


def test_names_are_for_test_mode(shop: Shop):
    """B-6.1: `pm_card_X` makes a new method each time, and names nothing in live mode."""
    owner = shop.v1.customers.create().id
    assert len({shop.v1.payment_methods.attach("pm_card_visa", {"customer": owner}).id for _ in range(2)}) == 2
    with refused(404, "resource_missing", "payment_method"):
        shop.live.payment_methods.attach("pm_card_visa", {"customer": shop.live.customers.create().id})
    with refused(400, param="token"):
        shop.live.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
