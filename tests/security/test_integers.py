"""Integers, signs and currencies: a table over every integer parameter of every operation, from the contract (S15)."""

import json
from typing import Any

import pytest

from sluice.api.operations.op import Op
from tests.e2e.world import Ids, method, path, things
from tests.harness import Answer, Gateway, Shop
from tests.security.leaves import Leaf, every

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
NOT_INTEGERS = (
    "1e3", "1E3", "10.0", "10.", ".5", "+5", "--5", "-", "- 5", "0x10", "0b1", "0o7", "1_000", "1,000", "１００", "٣", "१२",
    "Ⅻ", "²", "9223372036854775808", "-9223372036854775809", "1" * 400, "NaN", "inf", "null", "true", "abc", "%20100",
    "100%20", "1%09", "%0a1", "1%00", "%E2%80%8B1", "%EF%BB%BF1", "1%2C000",
)  # fmt: skip
JSON_NOT_INTEGERS = ('"10"', "10.0", "1e3", "true", "9223372036854775808", "-9223372036854775809", "[1]", '{"a": 1}', "1.5")
EDGES = (-(1 << 63), -(1 << 31) - 1, -1, 0, 1 << 31, (1 << 63) - 1)
LEADING = "000000000000002000"
BESIDE: dict[str, dict[str, str]] = {
    "PostPaymentIntents": {"amount": "2000", "currency": "usd"},
    "PostCharges": {"amount": "2000", "currency": "usd", "source": "tok_visa"},
    "PostPaymentMethods": {"type": "card"},
    "Source.create": {"type": "card"},
    "PostCustomerSessions": {"components[payment_element][enabled]": "true"},
}
CARDS = ("exp_month", "exp_year")
INTEGERS = [(op, leaf) for op, leaf in every() if leaf.schema["type"] == "integer"]
SUMS = {"amount", "amount_to_capture"}
# Not sums, and any integer will do: times, which find nothing, pages, and what a customer's owner keeps.
FREE = {
    "gt",
    "gte",
    "lt",
    "lte",
    "created",
    "limit",
    "balance",
    "next_invoice_sequence",
    "since",
    "payment_method_redisplay_limit",
    *CARDS,
}


class Stock:
    """A shop, and for each operation things in the state in which it may be called."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.made = shop, things(shop)
        source: Any = {"amount": 2000, "currency": "usd", "source": "tok_visa", "capture": False}
        fresh, held, charge = shop.intent().id, shop.holds().id, shop.v1.charges.create(source).id
        self.instead: dict[str, Ids] = {
            "PostPaymentIntentsIntent": {"intent": fresh},
            "PostPaymentIntentsIntentConfirm": {"intent": fresh},
            "PostPaymentIntentsIntentCapture": {"intent": held},
            "PostChargesChargeCapture": {"charge": charge},
        }

    def path(self, op: Op) -> str:
        return path(op, self.made | self.instead.get(op.id, {}))

    def beside(self, op: Op) -> dict[str, str]:
        whose = {"PostRefunds": "charge", "PostCustomerSessions": "customer"}.get(op.id)
        return dict(BESIDE.get(op.id, {})) | ({whose: self.made[whose]} if whose else {})


@pytest.fixture(scope="module")
def stock(gateway: Gateway) -> Stock:
    return Stock(Shop(gateway))


def ask(stock: Stock, op: Op, leaf: Leaf, value: str) -> Answer:
    """The parameter as a form or query has it, percent-encoded already."""
    card = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2040"}
    given = stock.beside(op)
    if leaf.last in CARDS:
        at = leaf.name.rpartition("[")[0]
        given |= {f"{at}[{name}]": each for name, each in card.items() if op.id != "PostPaymentMethodsPaymentMethod"}
        given |= {"payment_method_data[type]": "card"} if at.startswith("payment_method_data") else {}
        given.pop("source", None)
    pairs = "&".join(f"{name}={each}" for name, each in (given | {leaf.name: value}).items())
    where = stock.path(op)
    if method(op) == "POST":
        return stock.shop.raw("POST", where, headers=FORM, body=pairs.encode())
    return stock.shop.raw(method(op), f"{where}?{pairs}")


def nested(name: str, value: Any) -> Any:
    """`a[b]`, 1 -> {"a": {"b": 1}}"""
    for key in reversed(name.replace("]", "").split("[")):
        value = {key: value}
    return value


@pytest.mark.shows("S15")
@pytest.mark.parametrize(("op", "leaf"), INTEGERS, ids=lambda each: getattr(each, "id", getattr(each, "name", "")))
def test_what_is_no_integer(stock: Stock, op: Op, leaf: Leaf):
    """S15: exponents, fractions, signs, other people's digits, spaces, NUL, past 64 bits: 400 with that parameter's name."""
    for text in NOT_INTEGERS:
        answer = ask(stock, op, leaf, text)
        assert (answer.status, answer.error.get("param")) == (400, leaf.name), (text, answer.body)
        assert answer.error.get("code") in ("parameter_invalid_integer", None), text
    if method(op) == "POST":
        for literal in JSON_NOT_INTEGERS:
            body = json.dumps(nested(leaf.name, "HERE")).replace('"HERE"', literal)
            answer = stock.shop.raw("POST", stock.path(op), headers=JSON, body=body.encode())
            assert answer.status == 400
            named = str(answer.error.get("param"))
            assert named.startswith(leaf.name) or named == "type", (literal, answer.body)


@pytest.mark.shows("S15")
@pytest.mark.parametrize(("op", "leaf"), INTEGERS, ids=lambda each: getattr(each, "id", getattr(each, "name", "")))
def test_the_edges(stock: Stock, op: Op, leaf: Leaf):
    """S15: the edges of 32 and 64 bits, zero and minus one are integers: taken, or refused by name, and never a 500."""
    assert leaf.last in SUMS | FREE, "a new kind of integer needs its rule here"
    for value in EDGES:
        answer = ask(stock, op, leaf, str(value))
        if leaf.last in SUMS:
            too_much = answer.error.get("code") == "amount_too_large"
            assert answer.status == 400
            assert too_much or answer.error.get("param") == named_by_the_wire(leaf, value), (value, answer.body)
        else:
            assert answer.status < 500, value
            if answer.status != 200:
                assert answer.error.get("param") in (leaf.name, leaf.last), (value, answer.body)


def named_by_the_wire(leaf: Leaf, value: int) -> str:
    """B-5.14: of a capture, nothing at all is `amount`."""
    return "amount" if (leaf.name, value) == ("amount_to_capture", 0) else leaf.name


CURRENCIES = [  # currency, a sum that it has, sums that it has not
    ("jpy", 100, []),
    ("kwd", 1000, [1001, 1005, 1234]),
    ("ugx", 2000, [2001, 2050]),
    ("isk", 2000, [2001, 2050]),
    ("usd", 100, [49]),
]


@pytest.mark.shows("S15")
@pytest.mark.parametrize(("currency", "good", "wrong"), CURRENCIES, ids=[each[0] for each in CURRENCIES])
def test_sums_that_a_currency_has_not(shop: Shop, currency: str, good: int, wrong: list[int]):
    """S15: three decimals end in zero, currencies without decimals are whole, each has its least; in every place of a sum."""
    assert shop.intent(good, currency).amount == good
    held = shop.holds(good * 10, currency)
    paid = shop.pays(good * 10, currency)
    for sum in wrong:
        for where, given in (
            ("/v1/payment_intents", {"amount": str(sum), "currency": currency}),
            ("/v1/charges", {"amount": str(sum), "currency": currency, "source": "tok_visa"}),
        ):
            answer = shop.raw("POST", where, given)
            assert (answer.status, answer.error.get("param")) == (400, "amount"), (where, answer.body)
        if currency != "usd":  # of a payment that was made a part may be less than the least
            for where, given, param in (
                (f"/v1/payment_intents/{held.id}/capture", {"amount_to_capture": str(sum)}, "amount_to_capture"),
                ("/v1/refunds", {"payment_intent": paid.id, "amount": str(sum)}, "amount"),
            ):
                answer = shop.raw("POST", where, given)
                assert (answer.status, answer.error.get("param")) == (400, param), (where, answer.body)


@pytest.mark.shows("S15")
def test_another_currency(shop: Shop):
    """S15: money goes back in the currency in which it came, and is captured in it."""
    paid = shop.pays()
    answer = shop.raw("POST", "/v1/refunds", {"payment_intent": paid.id, "currency": "eur"})
    assert (answer.status, answer.error.get("param")) == (400, "currency")
    charge = str(paid.latest_charge)
    answer = shop.raw("POST", f"/v1/charges/{charge}/refunds", {"currency": "jpy", "amount": "1"})
    assert (answer.status, answer.error.get("param")) == (400, "currency")
    held = shop.holds()
    answer = shop.raw("POST", f"/v1/payment_intents/{held.id}/capture", {"currency": "eur"})
    assert (answer.status, answer.error.get("param")) == (400, "currency")


@pytest.mark.shows("S15")
@pytest.mark.parametrize("currency", ["", "usdd", "us", "USD ", "ｕｓｄ", "u%00d", "xxx", "xau", "btc", "null", "840"])
def test_what_is_no_currency(shop: Shop, currency: str):
    """S15: 400, with its name."""
    body = f"amount=2000&currency={currency}".encode()
    answer = shop.raw("POST", "/v1/payment_intents", headers=FORM, body=body)
    assert (answer.status, answer.error.get("param")) == (400, "currency")


def test_zeros_before_a_number(shop: Shop):
    """S15: it is the number."""
    assert shop.raw("POST", "/v1/payment_intents", {"amount": LEADING, "currency": "usd"}).json["amount"] == 2000
