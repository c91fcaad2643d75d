"""Parameters of charges."""

from tests.e2e.parameters.table import PAGED, Case, Given, Made, Served, asks, post
from tests.harness import Answer, Shop

PATH = "/v1/charges"
AMEX = {"object": "card", "number": "378282246310005", "exp_month": 12, "exp_year": 2040, "cvc": "1234"}
MONEY = {"amount": 2000, "currency": "usd"}
SHIPPING = Case("shipping.name", {"name": "Ann", "address": {"line1": "1 Main Street"}}, "Ann")
DESCRIBED = {
    "customer": Case("customer", lambda made: made["customer"]),
    "description": Case("description", "Order 7"),
    "metadata": Case("metadata", {"a": "b"}),
    "receipt_email": Case("receipt_email", "ann@shop.example"),
    "shipping": SHIPPING,
    "transfer_group": Case("transfer_group", "group 7"),
}
STATEMENT = {
    "statement_descriptor": Case("statement_descriptor", "SHOP NAME"),
    "statement_descriptor_suffix": Case("statement_descriptor_suffix", "ORDER 7"),
}
CREATE = {
    **DESCRIBED,
    **STATEMENT,
    "amount": Case("amount", 3000),
    "capture": Case("captured", False),
    "card": Case("payment_method_details.card.last4", AMEX, "0005"),
    "currency": Case("currency", "eur"),
    "source": Case("payment_method_details.card.brand", "tok_amex", "amex"),
}
CAPTURE = {
    **STATEMENT,
    "amount": Case("amount_captured", 1500),
    "receipt_email": Case("receipt_email", "ann@shop.example"),
    "transfer_group": Case("transfer_group", "group 7"),
}


def customer(shop: Shop) -> Made:
    return {"customer": shop.v1.customers.create().id}


def charged(made: Made, given: Given) -> Answer:
    source = {} if "card" in given else {"source": "tok_visa"}
    return post(made, PATH, MONEY | source | given)


def updated(made: Made, given: Given) -> Answer:
    return post(made, f"{PATH}/{charged(made, {}).json['id']}", given)


def captured(made: Made, given: Given) -> Answer:
    return post(made, f"{PATH}/{charged(made, {'capture': False}).json['id']}/capture", given)


def two(shop: Shop) -> Made:
    ann = shop.v1.customers.create().id
    older = shop.pays(customer=ann, transfer_group="group 7")
    return {"older": older.latest_charge, "newer": shop.pays().latest_charge, "customer": ann, "intent": older.id}


LISTED = PAGED | {
    "customer": Case("data.#", lambda made: made["customer"], 1),
    "payment_intent": Case("data.#", lambda made: made["intent"], 1),
    "transfer_group": Case("data.#", "group 7", 1),
}
ROWS = {
    "GetCharges": Served(asks(PATH), LISTED, two),
    "PostCharges": Served(charged, CREATE, customer),
    "PostChargesCharge": Served(
        updated, DESCRIBED | {"fraud_details": Case("fraud_details.user_report", {"user_report": "safe"}, "safe")}, customer
    ),
    "PostChargesChargeCapture": Served(captured, CAPTURE),
}
