"""Parameters of customers."""

from tests.e2e.parameters.table import PAGED, Case, Given, Made, Served, asks, post
from tests.harness import Answer, Shop

WHERE = {"line1": "1 Main St", "line2": None, "city": "Ghent", "state": None, "postal_code": "9000", "country": "BE"}
SOURCES = {
    "default_source": Case("default_source.brand", "the other one", "American Express"),
    "source": Case("default_source.brand", "tok_mastercard", "MasterCard"),
}
METHODS = {"payment_method": Case("data.#", "pm_card_visa", 1), "source": Case("data.#", "tok_visa", 1)}
METHOD = {"payment_method": "pm_card_visa"}
DESCRIBED: dict[str, Case] = {
    "address": Case("address", WHERE),
    "balance": Case("balance", -500),
    "business_name": Case("business_name", "Flowers Ltd"),
    "description": Case("description", "A good one"),
    "email": Case("email", "ann@shop.example"),
    "individual_name": Case("individual_name", "Ann"),
    "invoice_prefix": Case("invoice_prefix", "FLOWERS1"),
    "invoice_settings": Case("invoice_settings.footer", {"footer": "Thanks"}, "Thanks"),
    "metadata": Case("metadata", {"a": "b"}),
    "name": Case("name", "Ann"),
    "next_invoice_sequence": Case("next_invoice_sequence", 7),
    "phone": Case("phone", "+3212345678"),
    "preferred_locales": Case("preferred_locales", ["nl", "fr"]),
    "shipping": Case("shipping.address.city", {"name": "Ann", "address": WHERE}, "Ghent"),
    "tax_exempt": Case("tax_exempt", "exempt"),
}


def created(made: Made, given: Given) -> Answer:
    return post(made, "/v1/customers", given)


def updated(made: Made, given: Given) -> Answer:
    return post(made, f"/v1/customers/{created(made, {}).json['id']}", given)


def with_a_method(made: Made, given: Given) -> Answer:
    """Its only method is the one that was given."""
    customer = created(made, given).json["id"]
    answer: Answer = made["shop"].raw("GET", f"/v1/customers/{customer}/payment_methods")
    return answer


def with_sources(made: Made, given: Given) -> Answer:
    """Its own first card, and one more that may be chosen; what is asked may bring another."""
    shop = made["shop"]
    customer = shop.v1.customers.create({"source": "tok_visa"}).id
    if "default_source" in given:
        given = {"default_source": shop.v1.customers.payment_sources.create(customer, {"source": "tok_amex"}).id}
    post(made, f"/v1/customers/{customer}", given)
    answer: Answer = shop.raw("GET", f"/v1/customers/{customer}", {"expand[]": "default_source"})
    return answer


def changed(made: Made, given: Given) -> Answer:
    return with_sources(made, given) if not given or {"default_source", "source"} & given.keys() else updated(made, given)


def either(made: Made, given: Given) -> Answer:
    return with_a_method(made, given) if {"payment_method", "source"} & given.keys() or not given else created(made, given)


def two(shop: Shop) -> Made:
    older, newer = (shop.v1.customers.create({"email": f"{name}@shop.example"}) for name in ("ann", "bob"))
    return {"older": older.id, "newer": newer.id}


ROWS = {
    "GetCustomers": Served(asks("/v1/customers"), PAGED | {"email": Case("data.#", "ann@shop.example", 1)}, two),
    "PostCustomers": Served(either, DESCRIBED | METHODS),
    "PostCustomersCustomer": Served(changed, DESCRIBED | SOURCES),
}
