"""Parameters of sources, and of the cards under a customer."""

from collections.abc import Callable, Mapping

from tests.e2e.parameters.table import PAGED, Case, Given, Made, Served, get, post
from tests.harness import Answer, Shop

TYPED = {"number": "378282246310005", "exp_month": 12, "exp_year": 2040}
LISTED = {name: PAGED[name] for name in ("limit", "starting_after", "ending_before")}
OWNER = Case("owner.address.city", {"name": "Ann", "address": {"city": "Ghent"}}, "Ghent")
CREATE = {
    "card": Case("card.last4", TYPED, "0005"),
    "metadata": Case("metadata", {"a": "b"}),
    "owner": OWNER,
    "statement_descriptor": Case("statement_descriptor", "FLOWERS"),
    "token": Case("card.brand", "tok_amex", "American Express"),
    "type": Case("type", "card", beside={"token": "tok_visa"}),
    "usage": Case("usage", "single_use"),
}
GIVEN = {
    "card": Case("last4", {"object": "card", **TYPED}, "0005"),
    "metadata": Case("metadata", {"a": "b"}),
    "source": Case("brand", "tok_amex", "American Express"),
}
PRINTED: Mapping[str, Case] = {
    **{f"address_{name}": Case(f"address_{name}", "Ghent") for name in ("city", "line1", "line2", "state", "zip")},
    "address_country": Case("address_country", "BE"),
    "exp_month": Case("exp_month", "11", 11),
    "exp_year": Case("exp_year", "2041", 2041),
    "metadata": Case("metadata", {"a": "b"}),
    "name": Case("name", "Ann"),
}


def created(made: Made, given: Given) -> Answer:
    """Of a token, and of the type card, unless that is what is asked about."""
    kind = {} if given == CREATE["type"].beside else {"type": "card"}
    token = {} if {"card", "token"} & given.keys() else {"token": "tok_visa"}
    return post(made, "/v1/sources", kind | token | given)


def read(made: Made, given: Given) -> Answer:
    """By a browser."""
    shop = made["shop"]
    source = shop.v1.sources.create({"type": "card", "token": "tok_visa"})
    if "client_secret" in given:
        given = {"client_secret": source.client_secret}
    shop.raw.key = shop.publishable
    answer: Answer = shop.raw("GET", f"/v1/sources/{source.id}", given)
    return answer


def updated(made: Made, given: Given) -> Answer:
    return post(made, f"/v1/sources/{created(made, {}).json['id']}", given)


def customer(shop: Shop) -> Made:
    return {"customer": shop.v1.customers.create().id}


def two(shop: Shop) -> Made:
    made, keep = customer(shop), shop.v1.customers.payment_sources.create
    older = keep(made["customer"], {"source": "tok_visa"}).id
    newer = keep(made["customer"], {"source": shop.v1.sources.create({"type": "card", "token": "tok_visa"}).id}).id
    return made | {"older": older, "newer": newer}


def two_cards(shop: Shop) -> Made:
    made = customer(shop)
    older, newer = (shop.v1.customers.payment_sources.create(made["customer"], {"source": "tok_visa"}).id for _ in range(2))
    return made | {"older": older, "newer": newer}


def under(kind: str, id: str = "") -> Callable[[Made, Given], Answer]:
    """The customer's `sources` or `cards`: listed, added to, one of them changed."""

    def lists(made: Made, given: Given) -> Answer:
        return get(made, f"/v1/customers/{made['customer']}/{kind}", given)

    def adds(made: Made, given: Given) -> Answer:
        source = {} if {"card", "source"} & given.keys() else {"source": "tok_visa"}
        return post(made, f"/v1/customers/{made['customer']}/{kind}", source | given)

    def changes(made: Made, given: Given) -> Answer:
        return post(made, f"/v1/customers/{made['customer']}/{kind}/{adds(made, {}).json['id']}", given)

    return {"lists": lists, "adds": adds, "changes": changes}[id]


ROWS = {
    "Source.create": Served(created, CREATE),
    "Source.retrieve": Served(read, {"client_secret": Case("object", "its own", "source")}),
    "Source.update": Served(updated, {"metadata": CREATE["metadata"], "owner": OWNER}),
    "GetCustomersCustomerSources": Served(under("sources", "lists"), LISTED | {"object": Case("data.#", "card", 1)}, two),
    "PostCustomersCustomerSources": Served(under("sources", "adds"), GIVEN, customer),
    "PostCustomersCustomerSourcesId": Served(under("sources", "changes"), PRINTED, customer),
    "GetCustomersCustomerCards": Served(under("cards", "lists"), LISTED, two_cards),
    "PostCustomersCustomerCards": Served(under("cards", "adds"), GIVEN, customer),
    "PostCustomersCustomerCardsId": Served(under("cards", "changes"), PRINTED, customer),
}
