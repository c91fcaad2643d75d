"""Parameters of tax rates, shipping rates and tax ids."""

from tests.e2e.parameters.table import PAGED, SAME, Case, Given, Made, Served, asks, post
from tests.harness import Answer, Shop

VAT = {"display_name": "VAT", "inclusive": False, "percentage": 19}
NAMED: dict[str, Case] = {
    "active": Case("active", False),
    "country": Case("country", "de", "DE"),
    "description": Case("description", "Germany's"),
    "display_name": Case("display_name", "MwSt"),
    "jurisdiction": Case("jurisdiction", "DE - BY"),
    "metadata": Case("metadata", {"a": "b"}),
    "state": Case("state", "BY"),
    "tax_type": Case("tax_type", "vat"),
}
FIXED = {"amount": 500, "currency": "usd"}
IN_EUROS = {"currency_options": {"eur": {"amount": 450}}}
IN_BOTH = {"currency_options": {"eur": {"amount": 450, "tax_behavior": "inclusive"}}}
NUMBER = {"type": "eu_vat", "value": "DE123456789"}


def tax_rate(made: Made, given: Given) -> Answer:
    return post(made, "/v1/tax_rates", VAT | given)


def tax_rate_updated(made: Made, given: Given) -> Answer:
    return post(made, f"/v1/tax_rates/{tax_rate(made, {}).json['id']}", given)


def tax_rates(shop: Shop) -> Made:
    older, newer = (shop.v1.tax_rates.create({"display_name": "VAT", "inclusive": n, "percentage": 7}) for n in (True, False))
    shop.v1.tax_rates.update(older.id, {"active": False})
    return {"older": older.id, "newer": newer.id}


def shipping_rate(made: Made, given: Given) -> Answer:
    return post(made, "/v1/shipping_rates", {"display_name": "Ground", "fixed_amount": FIXED} | given)


def shipping_rate_updated(made: Made, given: Given) -> Answer:
    return post(made, f"/v1/shipping_rates/{shipping_rate(made, {}).json['id']}", given)


def shipping_rates(shop: Shop) -> Made:
    older, newer = (
        shop.v1.shipping_rates.create({"display_name": "Ground", "fixed_amount": {"amount": 500, "currency": code}})
        for code in ("eur", "usd")
    )
    shop.v1.shipping_rates.update(older.id, {"active": False})
    return {"older": older.id, "newer": newer.id}


def tax_id(made: Made, given: Given) -> Answer:
    return post(made, "/v1/tax_ids", NUMBER | given)


def customers_tax_id(made: Made, given: Given) -> Answer:
    return post(made, f"/v1/customers/{made['customer']}/tax_ids", NUMBER | given)


def customers_tax_ids(made: Made, given: Given) -> Answer:
    return asks(f"/v1/customers/{made['customer']}/tax_ids")(made, given)


def customer(shop: Shop) -> Made:
    return {"customer": shop.v1.customers.create().id, "account": shop.account}


def tax_ids(shop: Shop) -> Made:
    """Two of the account's own, one of a customer, who has another."""
    made, asked = customer(shop), ("DE123456789", "FR12345678901")
    older, newer = (shop.v1.tax_ids.create({"type": "eu_vat", "value": value}) for value in asked)
    first, last = (shop.v1.customers.tax_ids.create(made["customer"], {"type": "eu_vat", "value": value}) for value in asked)
    return made | {"older": older.id, "newer": newer.id, "first": first.id, "last": last.id}


def of_customer(shop: Shop) -> Made:
    made = tax_ids(shop)
    return made | {"older": made["first"], "newer": made["last"]}


def whose(made: Made) -> object:
    return made["customer"]


OWNER = {
    "owner[type]": Case("owner.type", "customer", beside={"owner": lambda made: {"customer": made["customer"]}}),
    "owner[customer]": Case("customer", whose, beside={"owner": {"type": "customer"}}),
    "owner[account]": Case("owner.type", lambda made: made["account"], "self", {"owner": {"type": "account"}}),
}
LISTED_OWNER = {
    "owner[type]": Case("data.0.customer", "customer", whose, {"owner": lambda made: {"customer": made["customer"]}}),
    "owner[customer]": Case("data.0.customer", whose, SAME, {"owner": {"type": "customer"}}),
    "owner[account]": Case("data.#", lambda made: made["account"], 2, {"owner": {"type": "account"}}),
}
LIST = {name: case for name, case in PAGED.items() if name != "created"}
ROWS = {
    "GetTaxRates": Served(
        asks("/v1/tax_rates"), PAGED | {"active": Case("data.#", False, 1), "inclusive": Case("data.#", True, 1)}, tax_rates
    ),
    "PostTaxRates": Served(tax_rate, NAMED | {"inclusive": Case("inclusive", True), "percentage": Case("percentage", 8.875)}),
    "PostTaxRatesTaxRate": Served(tax_rate_updated, NAMED),
    "GetShippingRates": Served(
        asks("/v1/shipping_rates"),
        PAGED | {"active": Case("data.#", False, 1), "currency": Case("data.#", "eur", 1)},
        shipping_rates,
    ),
    "PostShippingRates": Served(
        shipping_rate,
        {
            "delivery_estimate": Case("delivery_estimate.minimum.value", {"minimum": {"unit": "day", "value": 2}}, 2),
            "display_name": Case("display_name", "Air"),
            "fixed_amount": Case("fixed_amount.currency_options.eur.amount", FIXED | IN_EUROS, 450),
            "metadata": Case("metadata", {"a": "b"}),
            "tax_behavior": Case("tax_behavior", "inclusive"),
            "tax_code": Case("tax_code", "txcd_92010001"),
        },
    ),
    "PostShippingRatesShippingRateToken": Served(
        shipping_rate_updated,
        {
            "active": Case("active", False),
            "fixed_amount": Case("fixed_amount.currency_options.eur", IN_BOTH, IN_BOTH["currency_options"]["eur"]),
            "metadata": Case("metadata", {"a": "b"}),
            "tax_behavior": Case("tax_behavior", "exclusive"),
        },
    ),
    "GetTaxIds": Served(asks("/v1/tax_ids"), LIST | LISTED_OWNER, tax_ids),
    "PostTaxIds": Served(
        tax_id,
        OWNER | {"type": Case("type", "es_cif", beside={"value": "A12345678"}), "value": Case("value", "FR12345678901")},
        customer,
    ),
    "GetCustomersCustomerTaxIds": Served(customers_tax_ids, LIST, of_customer),
    "PostCustomersCustomerTaxIds": Served(
        customers_tax_id,
        {"type": Case("type", "es_cif", beside={"value": "A12345678"}), "value": Case("value", "FR12345678901")},
        customer,
    ),
}
