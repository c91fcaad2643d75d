"""Parameters of payment methods, also under their customer."""

from typing import Any

from tests.e2e.parameters.table import PAGED, Case, Given, Made, Served, asks, get, post
from tests.harness import Answer, Shop

CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040}
DESCRIBED: dict[str, Case] = {
    "allow_redisplay": Case("allow_redisplay", "always"),
    "billing_details": Case("billing_details.address.city", {"address": {"city": "Ghent"}}, "Ghent"),
    "metadata": Case("metadata", {"a": "b"}),
}
# Of a list of two: "older" may be redisplayed, and both are cards.
FILTERED: dict[str, Case] = {
    "allow_redisplay": Case("data.#", "always", 1),
    "limit": PAGED["limit"],
    "starting_after": PAGED["starting_after"],
    "ending_before": PAGED["ending_before"],
    "type": Case("data.#", "klarna", 0),
}
# B-3.9: without a customer there is nothing to see.
OF_CUSTOMER = {"customer": lambda made: made["customer"]}


def created(made: Made, given: Given) -> Answer:
    return post(made, "/v1/payment_methods", {"type": "card", "card": CARD} | given)


def created_bare(made: Made, given: Given) -> Answer:
    """`card` and `type` are required, so without them an error is read."""
    return post(made, "/v1/payment_methods", given)


def create(made: Made, given: Given) -> Answer:
    return created_bare(made, given) if {"card", "type"} & given.keys() else created(made, given)


def updated(made: Made, given: Given) -> Answer:
    return post(made, f"/v1/payment_methods/{created(made, {}).json['id']}", given)


def attached(made: Made, given: Given) -> Answer:
    return post(made, "/v1/payment_methods/pm_card_visa/attach", given)


def customer(made: Made) -> Any:
    return made["shop"].v1.customers.create().id


def two(shop: Shop) -> Made:
    owner = shop.v1.customers.create().id
    older, newer = (shop.v1.payment_methods.attach("pm_card_visa", {"customer": owner}).id for _ in range(2))
    shop.v1.payment_methods.update(older, {"allow_redisplay": "always"})
    return {"customer": owner, "older": older, "newer": newer}


def listed(made: Made, given: Given) -> Answer:
    return get(made, f"/v1/customers/{made['customer']}/payment_methods", given)


ROWS = {
    "GetPaymentMethods": Served(
        asks("/v1/payment_methods"),
        {name: Case(case.shows, case.value, case.expected, OF_CUSTOMER) for name, case in FILTERED.items()}
        | {"customer": Case("data.#", lambda made: made["customer"], 2)},
        two,
    ),
    "PostPaymentMethods": Served(
        create,
        DESCRIBED
        | {
            "card": Case("card.last4", CARD, "4242", {"type": "card"}),
            "type": Case("type", "card", beside={"card": CARD}),
        },
    ),
    "PostPaymentMethodsPaymentMethod": Served(
        updated, DESCRIBED | {"card": Case("card.exp_year", {"exp_month": 1, "exp_year": 2041}, 2041)}
    ),
    "PostPaymentMethodsPaymentMethodAttach": Served(attached, {"customer": Case("customer", customer)}),
    "GetCustomersCustomerPaymentMethods": Served(listed, FILTERED, two),
}
