"""Tax rates, shipping rates and tax ids: what is kept, what is told, and what is refused."""

from typing import Any

import pytest

from sluice.merchants.tax_id_forms import FORMS
from sluice.shapes.contract import operation
from tests.harness import Shop, refused

VAT: Any = {"display_name": "VAT", "inclusive": False, "percentage": "19"}
FIXED: Any = {"amount": 500, "currency": "usd"}
GROUND: Any = {"display_name": "Ground", "fixed_amount": FIXED}


def test_a_tax_rate(shop: Shop):
    """It is told when it is made and when it changes; a percentage keeps its decimals exactly."""
    rate = shop.v1.tax_rates.create(VAT | {"percentage": "8.875", "country": "us"})
    assert (rate.percentage, rate.country, rate.active, rate.rate_type) == (8.875, "US", True, "percentage")
    assert shop.v1.tax_rates.update(rate.id, {"active": False, "metadata": {"a": "b"}}).active is False
    assert shop.told() == ["tax_rate.created", "tax_rate.updated"]
    assert shop.events()[1].data.previous_attributes.to_dict() == {"active": True, "metadata": {"a": None}}  # type: ignore[union-attr]


@pytest.mark.parametrize("given", ["-1", "100.1", "7.00001"])
def test_a_percentage_that_is_none(shop: Shop, given: str):
    """From 0 to 100, with at most four decimals."""
    with refused(400, param="percentage"):
        shop.v1.tax_rates.create(VAT | {"percentage": given})


def test_what_a_tax_rate_takes_does_not_change(shop: Shop):
    """Percentage and inclusive are no parameters of an update; a country has two letters."""
    rate = shop.v1.tax_rates.create(VAT)
    for name, value in (("percentage", "7"), ("inclusive", "true")):
        assert shop.raw("POST", f"/v1/tax_rates/{rate.id}", {name: value}).error["code"] == "parameter_unknown"
    with refused(400, param="country"):
        shop.v1.tax_rates.update(rate.id, {"country": "Germany"})


def test_a_shipping_rate(shop: Shop):
    """Other currencies come to it and are changed; its own amount stays. Nothing is told: there is no event for it."""
    rate = shop.v1.shipping_rates.create(GROUND)
    assert (rate.fixed_amount and rate.fixed_amount.amount, rate.tax_behavior, rate.type) == (
        500,
        "unspecified",
        "fixed_amount",
    )
    more: Any = {"fixed_amount": {"currency_options": {"eur": {"amount": 450}, "jpy": {"amount": 70}}}}
    shop.v1.shipping_rates.update(rate.id, more)
    cheaper: Any = {"fixed_amount": {"currency_options": {"eur": {"amount": 400}}}}
    fixed: Any = shop.v1.shipping_rates.update(rate.id, cheaper).fixed_amount
    assert {code: each["amount"] for code, each in fixed.currency_options.items()} == {"eur": 400, "jpy": 70}
    assert shop.told() == []


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"fixed_amount": {"amount": -1, "currency": "usd"}}, "fixed_amount[amount]"),
        ({"fixed_amount": FIXED | {"currency_options": {"usd": {"amount": 1}}}}, "fixed_amount[currency_options][usd]"),
        ({"fixed_amount": FIXED | {"currency_options": {"zzz": {"amount": 1}}}}, "fixed_amount[currency_options][zzz]"),
        ({"tax_code": "books"}, "tax_code"),
        ({"delivery_estimate": {"minimum": {"unit": "day", "value": 0}}}, "delivery_estimate[minimum][value]"),
        (
            {"delivery_estimate": {"minimum": {"unit": "week", "value": 1}, "maximum": {"unit": "day", "value": 6}}},
            "delivery_estimate[minimum]",
        ),
    ],
)
def test_a_shipping_rate_that_is_none(shop: Shop, given: Any, param: str):
    """The parameter is named, however deep it stands."""
    with refused(400, param=param):
        shop.v1.shipping_rates.create(GROUND | given)


def test_a_shipping_rate_needs_its_amount(shop: Shop):
    """One at its making, one for each new currency."""
    with refused(400, code="parameter_missing", param="fixed_amount"):
        shop.v1.shipping_rates.create({"display_name": "Ground"})
    rate = shop.v1.shipping_rates.create(GROUND)
    at = "fixed_amount[currency_options][eur]"
    answer = shop.raw("POST", f"/v1/shipping_rates/{rate.id}", {f"{at}[tax_behavior]": "inclusive"})
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "parameter_missing", f"{at}[amount]")


def test_a_tax_behavior_is_said_once(shop: Shop):
    """Whether tax is in the amount cannot be taken back."""
    rate = shop.v1.shipping_rates.create(GROUND)
    shop.v1.shipping_rates.update(rate.id, {"tax_behavior": "inclusive"})
    with refused(400, param="tax_behavior"):
        shop.v1.shipping_rates.update(rate.id, {"tax_behavior": "exclusive"})


def test_a_customers_tax_id(shop: Shop):
    """It is told to the shop when it comes and goes; it is found under its customer and on its own, and then no more."""
    ann, bob = (shop.v1.customers.create().id for _ in range(2))
    made = shop.v1.customers.tax_ids.create(ann, {"type": "eu_vat", "value": "EL 123456789"})
    assert (made.country, made.customer, made.owner and made.owner.type) == ("GR", ann, "customer")
    assert made.verification and made.verification.status == "unavailable"
    assert shop.v1.tax_ids.retrieve(made.id) == shop.v1.customers.tax_ids.retrieve(ann, made.id)
    with refused(404, code="resource_missing", param="id"):
        shop.v1.customers.tax_ids.retrieve(bob, made.id)
    with refused(404, code="resource_missing", param="id"):
        shop.v1.customers.tax_ids.delete(bob, made.id)
    assert shop.v1.customers.tax_ids.delete(ann, made.id).deleted is True
    with refused(404, code="resource_missing", param="id"):
        shop.v1.tax_ids.retrieve(made.id)
    assert shop.told()[2:] == ["customer.tax_id.created", "customer.tax_id.deleted"]


def test_the_accounts_own_tax_id(shop: Shop):
    """It belongs to no customer, nobody is told, and it may be deleted by its own path."""
    made = shop.v1.tax_ids.create({"type": "us_ein", "value": "12-3456789"})
    assert (made.country, made.customer, made.verification, made.owner and made.owner.type) == ("US", None, None, "self")
    assert shop.v1.tax_ids.delete(made.id).deleted is True
    assert shop.told() == []


@pytest.mark.parametrize(
    ("owner", "code", "param"),
    [
        ({"type": "customer"}, "parameter_missing", "owner[customer]"),
        ({"type": "customer", "customer": "cus_nowhere"}, "resource_missing", "owner[customer]"),
        ({"type": "self", "customer": "cus_nowhere"}, None, "owner[customer]"),
        ({"type": "account", "account": "acct_nowhere"}, "resource_missing", "owner[account]"),
        ({"type": "application"}, None, "owner[type]"),
    ],
)
def test_an_owner_that_is_none(shop: Shop, owner: Any, code: str | None, param: str):
    """Asked for and made alike."""
    with refused(400, code, param):
        shop.v1.tax_ids.create({"type": "us_ein", "value": "12-3456789", "owner": owner})
    with refused(400, code, param):
        shop.v1.tax_ids.list({"owner": owner})


@pytest.mark.parametrize(
    ("type", "value"),
    [("eu_vat", "DE12345678"), ("eu_vat", "US123456789"), ("gb_vat", "123456789"), ("ch_vat", "CHE123456789"), ("us_ein", "x")],
)
def test_a_tax_id_of_another_form(shop: Shop, type: Any, value: str):
    """The code says so."""
    with refused(400, code="tax_id_invalid", param="value"):
        shop.v1.tax_ids.create({"type": type, "value": value})


def test_every_type_of_tax_id_has_its_form():
    """What the contract takes, we know the form of, and no other."""
    assert set(operation("PostTaxIds").parameters["properties"]["type"]["enum"]) == FORMS.keys()
