"""Parameters of PaymentIntents."""

from typing import Any

from tests.e2e.parameters.table import PAGED, Case, Given, Made, Served, asks, get, post
from tests.harness import Answer, Shop

PATH = "/v1/payment_intents"
SHOWN = {"expand": ["payment_method", "latest_charge"]}
NO_REDIRECTS = {"enabled": True, "allow_redirects": "never"}
AMEX = {"number": "378282246310005", "exp_month": 12, "exp_year": 2040, "cvc": "1234"}
BACK = "https://shop.example/back"
ASKS = "pm_card_authenticationRequired"  # a card that asks for its buyer
NOW = {"confirm": True, "payment_method": ASKS, "automatic_payment_methods": NO_REDIRECTS}
AT_ONCE = {"confirm": True, "automatic_payment_methods": NO_REDIRECTS}
CVC_TOKEN = "payment_method_options[card][cvc_token]"
CARD_DATA = {"payment_method_data": {"type": "card", "card": AMEX}}


def token(made: Made) -> Any:
    return made["shop"].v1.test_helpers.confirmation_tokens.create({"payment_method": "pm_card_amex"}).id


def option(name: str, value: Any) -> dict[str, Case]:
    return {f"payment_method_options[card][{name}]": Case(f"payment_method_options.card.{name}", value)}


OPTIONS = {
    **option("capture_method", "manual"),
    **option("network", "mastercard"),
    **option("request_extended_authorization", "if_available"),
    **option("request_incremental_authorization", "if_available"),
    **option("request_multicapture", "if_available"),
    **option("request_overcapture", "if_available"),
    **option("request_three_d_secure", "any"),
    **option("statement_descriptor_suffix_kana", "カタカナ"),
    **option("statement_descriptor_suffix_kanji", "漢字"),
}
DATA = {
    "payment_method_data[type]": Case("payment_method.type", "card", beside={"payment_method_data": {"card": AMEX}}),
    "payment_method_data[card]": Case("payment_method.card.last4", AMEX, "0005", {"payment_method_data": {"type": "card"}}),
    "payment_method_data[billing_details]": Case("payment_method.billing_details.name", {"name": "Ann"}, "Ann", CARD_DATA),
    "payment_method_data[metadata]": Case("payment_method.metadata", {"a": "b"}, beside=CARD_DATA),
    "payment_method_data[allow_redisplay]": Case("payment_method.allow_redisplay", "always", beside=CARD_DATA),
}
CARRIED = {
    "excluded_payment_method_types": Case("excluded_payment_method_types", ["klarna"]),
    "payment_details": Case("payment_details.order_reference", {"order_reference": "7"}, "7"),
    "receipt_email": Case("receipt_email", "ann@shop.example"),
    "setup_future_usage": Case("setup_future_usage", "off_session"),
    "shipping": Case("shipping.name", {"name": "Ann", "address": {"line1": "1 Main Street"}}, "Ann"),
    **OPTIONS,
    **DATA,
}
DESCRIBED = {
    "customer": Case("customer", lambda made: made["customer"]),
    "description": Case("description", "Order 7"),
    "metadata": Case("metadata", {"a": "b"}),
    "payment_method": Case("payment_method.card.brand", "pm_card_amex", "amex"),
    "statement_descriptor": Case("error.param", "SHOP NAME", "statement_descriptor"),
    "statement_descriptor_suffix": Case("statement_descriptor_suffix", "ORDER 7"),
    "transfer_group": Case("transfer_group", "group 7"),
    "amount": Case("amount", 3000),
    "currency": Case("currency", "eur"),
    **CARRIED,
}
CREATE = {
    **DESCRIBED,
    "automatic_payment_methods": Case("automatic_payment_methods.allow_redirects", NO_REDIRECTS, "never"),
    "capture_method": Case("capture_method", "manual"),
    "confirm": Case("status", True, "requires_action", {name: NOW[name] for name in NOW if name != "confirm"}),
    "confirmation_token": Case("payment_method.card.brand", token, "amex", AT_ONCE),
    CVC_TOKEN: Case("error.param", "tok_nothing", CVC_TOKEN, AT_ONCE | {"payment_method": "pm_card_visa"}),
    "confirmation_method": Case("automatic_payment_methods", "automatic", None),
    "error_on_requires_action": Case("error.code", True, "authentication_required", NOW),
    "off_session": Case("error.code", True, "authentication_required", NOW),
    "payment_method_types": Case("automatic_payment_methods", ["card"], None),
    "return_url": Case("next_action.redirect_to_url.return_url", BACK, beside=NOW),
    "use_stripe_sdk": Case("next_action.type", True, "use_stripe_sdk", NOW | {"return_url": BACK}),
}
UPDATE = {
    **DESCRIBED,
    "capture_method": Case("capture_method", "manual"),
    "payment_method_types": Case("error.param", ["klarna"], "payment_method_types[0]"),
}
CONFIRM = {
    **CARRIED,
    "capture_method": Case("status", "manual", "requires_capture"),
    "confirmation_token": Case("payment_method.card.brand", token, "amex"),
    CVC_TOKEN: Case("error.param", "tok_nothing", CVC_TOKEN),
    "client_secret": Case("error.param", "wrong", "client_secret"),
    "error_on_requires_action": Case("error.code", True, "authentication_required", {"payment_method": ASKS}),
    "off_session": Case("error.code", True, "authentication_required", {"payment_method": ASKS}),
    "payment_method": Case("payment_method.card.brand", "pm_card_amex", "amex"),
    "payment_method_types": Case("error.param", ["klarna"], "payment_method_types[0]"),
    "return_url": Case("next_action.redirect_to_url.return_url", BACK, beside={"payment_method": ASKS}),
    "use_stripe_sdk": Case("next_action.type", True, "use_stripe_sdk", {"payment_method": ASKS, "return_url": BACK}),
}
CAPTURE = {
    "amount_to_capture": Case("amount_received", 1500),
    "metadata": Case("metadata", {"a": "b"}),
    "payment_details": Case("payment_details.order_reference", {"order_reference": "7"}, "7"),
    "statement_descriptor": Case("error.param", "SHOP NAME", "statement_descriptor"),
    "statement_descriptor_suffix": Case("latest_charge.statement_descriptor_suffix", "ORDER 7"),
}


def customer(shop: Shop) -> Made:
    return {"customer": shop.v1.customers.create().id}


def created(made: Made, given: Given) -> Answer:
    return post(made, PATH, {"amount": 2000, "currency": "usd"} | SHOWN | given)


def updated(made: Made, given: Given) -> Answer:
    return post(made, f"{PATH}/{made['shop'].intent().id}", SHOWN | given)


def confirmed(made: Made, given: Given) -> Answer:
    method = {} if {"confirmation_token", "payment_method_data"} & given.keys() else {"payment_method": "pm_card_visa"}
    return post(made, f"{PATH}/{made['shop'].intent().id}/confirm", method | SHOWN | given)


def captured(made: Made, given: Given) -> Answer:
    return post(made, f"{PATH}/{made['shop'].holds().id}/capture", SHOWN | given)


def canceled(made: Made, given: Given) -> Answer:
    return post(made, f"{PATH}/{made['shop'].intent().id}/cancel", given)


def read(made: Made, given: Given) -> Answer:
    return get(made, f"{PATH}/{made['shop'].intent().id}", given)


def two(shop: Shop) -> Made:
    ann = shop.v1.customers.create().id
    return {"older": shop.intent(customer=ann).id, "newer": shop.intent().id, "customer": ann}


ROWS = {
    "GetPaymentIntents": Served(asks(PATH), PAGED | {"customer": Case("data.#", lambda made: made["customer"], 1)}, two),
    "PostPaymentIntents": Served(created, CREATE, customer),
    "GetPaymentIntentsIntent": Served(read, {"client_secret": Case("error.param", "wrong", "client_secret")}),
    "PostPaymentIntentsIntent": Served(updated, UPDATE, customer),
    "PostPaymentIntentsIntentConfirm": Served(confirmed, CONFIRM),
    "PostPaymentIntentsIntentCapture": Served(captured, CAPTURE),
    "PostPaymentIntentsIntentCancel": Served(canceled, {"cancellation_reason": Case("cancellation_reason", "abandoned")}),
}
