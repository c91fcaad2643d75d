"""Tokens: a card, or its code, to be used once, within minutes (B-5.66)."""

from typing import Any

import pytest

from tests.harness import Shop, declined, refused

CARD: Any = {
    "number": "4242424242424242", "exp_month": "12", "exp_year": "2040", "cvc": "123", "name": "Ann", "address_city": "Ghent",
    "address_line1": "1 Main St", "address_zip": "9000", "address_country": "be",
}  # fmt: skip
OLD = "update tokens set created = created - 900 where scope = $1 returning id"


def token(shop: Shop, **card: Any) -> str:
    return shop.v1.tokens.create({"card": CARD | card}).id


def test_a_token_of_a_card(shop: Shop):
    """B-5.66: the old API's card in it, never its number; it is unused, and tells no event."""
    made = shop.v1.tokens.create({"card": CARD})
    assert (made.type, made.used, made.livemode, made.client_ip) == ("card", False, False, "127.0.0.1")
    assert made.card is not None
    assert (made.card.brand, made.card.last4, made.card.funding, made.card.cvc_check) == ("Visa", "4242", "credit", "unchecked")
    assert (made.card.name, made.card.address_city, made.card.address_country) == ("Ann", "Ghent", "BE")
    assert shop.v1.tokens.retrieve(made.id).to_dict() == made.to_dict()
    assert shop.told() == []


def test_a_browser_makes_it(shop: Shop):
    """B-1.5, B-1.7: with a publishable key, which sees no fingerprint; the server uses it."""
    made = shop.browser.tokens.create({"card": CARD})
    assert made.card is not None
    assert "fingerprint" not in made.card.to_dict()
    assert "fingerprint" not in shop.browser.tokens.retrieve(made.id).card.to_dict()
    method = shop.v1.payment_methods.create({"type": "card", "card": {"token": made.id}})
    assert method.card is not None
    assert method.card.last4 == "4242"
    assert shop.browser.tokens.retrieve(made.id).used


def test_it_makes_a_payment_method(shop: Shop):
    """B-5.60, B-5.66: with what the token says of the card and its owner, and with its code."""
    method = shop.v1.payment_methods.create({"type": "card", "card": {"token": token(shop)}, "metadata": {"a": "b"}})
    assert (method.billing_details.name, method.billing_details.address.city) == ("Ann", "Ghent")
    assert (method.metadata.to_dict(), method.card.checks.cvc_check) == ({"a": "b"}, "unchecked")
    paid = shop.pays(card=method.id)
    assert shop.charge(paid).payment_method_details.card.checks.cvc_check == "pass"


def test_it_pays(shop: Shop):
    """B-5.66: in `payment_method_data`, at once, or when the payment is confirmed later."""
    data: Any = {"type": "card", "card": {"token": token(shop)}}
    paid = shop.intent(payment_method_data=data, confirm=True)
    assert (paid.status, shop.charge(paid).payment_method_details.card.checks.cvc_check) == ("succeeded", "pass")
    waits = shop.intent(payment_method_data={"type": "card", "card": {"token": token(shop)}})
    done = shop.v1.payment_intents.confirm(waits.id)
    assert (done.status, shop.charge(done).payment_method_details.card.checks.cvc_check) == ("succeeded", "pass")
    other = shop.intent()
    shop.v1.payment_intents.update(other.id, {"payment_method_data": {"type": "card", "card": {"token": token(shop)}}})
    assert shop.v1.payment_intents.confirm(other.id).status == "succeeded"


def test_a_code_that_is_typed_once_more(shop: Shop):
    """B-5.66: a token of the code alone, for a kept card, at its payment; used once, and by nothing else."""
    ann = shop.v1.customers.create().id
    card: Any = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040}
    kept = shop.v1.payment_methods.create({"type": "card", "card": card}).id
    shop.v1.payment_methods.attach(kept, {"customer": ann})
    paid = shop.pays(card=kept, customer=ann)
    assert shop.charge(paid).payment_method_details.card.checks.cvc_check is None
    code = shop.browser.tokens.create({"cvc_update": {"cvc": "123"}})
    options: Any = {"card": {"cvc_token": code.id}}
    paid = shop.pays(card=kept, customer=ann, payment_method_options=options)
    assert shop.charge(paid).payment_method_details.card.checks.cvc_check == "pass"
    assert "cvc_token" not in paid.payment_method_options.card.to_dict()
    intent = shop.intent(customer=ann)
    with refused(400, "token_already_used", "payment_method_options[card][cvc_token]"):
        shop.v1.payment_intents.confirm(intent.id, {"payment_method": kept, "payment_method_options": options})
    with refused(400, param="payment_method_options[card][cvc_token]"):
        shop.intent(payment_method_options=options)
    with refused(402, "invalid_cvc", "cvc_update[cvc]", type="card_error"):
        shop.v1.tokens.create({"cvc_update": {"cvc": "12"}})


def test_it_pays_the_old_way(shop: Shop):
    """B-5.37: as `source` of a charge, whose method has the id of the token's card."""
    made = shop.v1.tokens.create({"card": CARD})
    charge = shop.v1.charges.create({"amount": 2000, "currency": "usd", "source": made.id})
    assert (charge.status, charge.billing_details.name) == ("succeeded", "Ann")
    assert charge.payment_method == made.card.id
    assert charge.payment_method_details.card.checks.cvc_check == "pass"


def test_once(shop: Shop):
    """B-5.66: used is used, by whatever used it; the message names it."""
    made = token(shop)
    charge: Any = {"amount": 2000, "currency": "usd", "source": made}
    shop.v1.charges.create(charge)
    assert shop.v1.tokens.retrieve(made).used
    with refused(400, "token_already_used", "source") as error:
        shop.v1.charges.create(charge)
    assert made in error["message"]
    with refused(400, "token_already_used", "token"):
        shop.v1.payment_methods.create({"type": "card", "card": {"token": made}})
    with refused(400, "token_already_used", "token"):
        shop.pays(card=None, payment_method_data={"type": "card", "card": {"token": made}})


def test_a_decline_uses_it_up(shop: Shop):
    """B-5.66: its bank was asked."""
    made = token(shop, number="4000000000000002")
    with declined():
        shop.v1.charges.create({"amount": 2000, "currency": "usd", "source": made})
    assert shop.v1.tokens.retrieve(made).used


def test_a_repeated_call_uses_it_once(shop: Shop):
    """B-1.34, B-5.66: the same idempotency key hears the same answer, and not that the token was used."""
    given: Any = {"type": "card", "card": {"token": token(shop)}}
    first, second = (
        shop.v1.payment_methods.create(given, {"idempotency_key": f"k-{given['card']['token']}"}) for _ in range(2)
    )
    assert first.id == second.id
    charge: Any = {"amount": 2000, "currency": "usd", "source": token(shop)}
    paid, again = (shop.v1.charges.create(charge, {"idempotency_key": f"k-{charge['source']}"}) for _ in range(2))
    assert paid.id == again.id


def test_not_for_ever(shop: Shop):
    """B-5.66: a quarter of an hour."""
    made = token(shop)
    assert shop.gateway.fetch(OLD, shop.scope)
    with refused(400, param="source") as error:
        shop.v1.charges.create({"amount": 2000, "currency": "usd", "source": made})
    assert "15 minutes" in error["message"]


@pytest.mark.parametrize(
    ("card", "code", "param"),
    [
        ({"number": "4242424242424241"}, "incorrect_number", "number"),
        ({"exp_month": "13"}, "invalid_expiry_month", "exp_month"),
        ({"exp_year": "2001"}, "invalid_expiry_year", "exp_year"),
        ({"cvc": "12"}, "invalid_cvc", "cvc"),
    ],
)
def test_a_card_that_is_none(shop: Shop, card: dict[str, str], code: str, param: str):
    """B-5.61: 402, and no token."""
    with refused(402, code, param, type="card_error"):
        token(shop, **card)


def test_what_is_no_token(shop: Shop):
    """B-5.61: unknown ones, and one of another kind."""
    with refused(400, param="token") as error:
        shop.v1.payment_methods.create({"type": "card", "card": {"token": "tok_nothing"}})
    assert error["message"] == "Invalid token id: tok_nothing"
    code = shop.v1.tokens.create({"cvc_update": {"cvc": "123"}}).id
    with refused(400, param="source"):
        shop.v1.charges.create({"amount": 2000, "currency": "usd", "source": code})
    with refused(404, "resource_missing", "token"):
        shop.v1.tokens.retrieve("tok_nothing")


def test_what_must_be_given(shop: Shop):
    """B-1.22, B-5.66: a card or a code, not both; the other kinds of token are refused by name."""
    with refused(400, "parameter_missing", "card"):
        shop.v1.tokens.create()
    with refused(400, "parameters_exclusive", "card"):
        shop.v1.tokens.create({"card": CARD, "cvc_update": {"cvc": "123"}})
    with refused(400, "parameter_invalid_integer", "card[exp_month]"):
        token(shop, exp_month="x")
    for name, inside in {"pii": "id_number", "account": "business_type", "bank_account": "country", "person": "email"}.items():
        answer = shop.raw("POST", "/v1/tokens", {f"{name}[{inside}]": "US"})
        assert (answer.status, answer.error["param"]) == (400, name)
