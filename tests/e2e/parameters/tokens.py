"""Parameters of tokens, confirmation tokens, ephemeral keys and customer sessions."""

from tests.e2e.parameters.table import Case, Given, Made, Served, post
from tests.harness import Answer, Shop

CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2040"}
TYPED = {"number": "5555555555554444", "exp_month": 12, "exp_year": 2040}
DATA = {"type": "card", "card": TYPED}
SHIPPING = {"name": "Ann", "address": {"city": "Ghent"}}
FEATURES = {"payment_element": {"enabled": True, "features": {"payment_method_remove": "enabled"}}}
NEWEST = {"Stripe-Version": "2026-05-27.dahlia"}


def token(made: Made, given: Given) -> Answer:
    return post(made, "/v1/tokens", given)


def confirmation(made: Made, given: Given) -> Answer:
    paid = {} if {"payment_method", "payment_method_data"} & given.keys() else {"payment_method": "pm_card_visa"}
    return post(made, "/v1/test_helpers/confirmation_tokens", paid | given)


def of_data(made: Made, given: Given) -> Answer:
    """With what is asked in place of what a whole one has."""
    data = given.get("payment_method_data", {})
    return post(made, "/v1/test_helpers/confirmation_tokens", given | {"payment_method_data": data})


def confirmed(made: Made, given: Given) -> Answer:
    return of_data(made, given) if "payment_method_data" in given else confirmation(made, given)


def key(made: Made, given: Given) -> Answer:
    answer: Answer = made["shop"].raw("POST", "/v1/ephemeral_keys", given, headers=NEWEST)
    return answer


def session(made: Made, given: Given) -> Answer:
    return post(made, "/v1/customer_sessions", given)


def customer(shop: Shop) -> Made:
    return {"customer": shop.v1.customers.create().id}


def whose(made: Made) -> str:
    return str(made["customer"])


PREVIEW = "payment_method_preview"
BESIDE = {"payment_method_data": DATA}
ROWS = {
    "PostTokens": Served(token, {"card": Case("type", CARD, "card"), "cvc_update": Case("type", {"cvc": "123"}, "cvc_update")}),
    "PostTestHelpersConfirmationTokens": Served(
        confirmed,
        {
            "payment_method": Case(f"{PREVIEW}.card.brand", "pm_card_amex", "amex"),
            "payment_method_data[type]": Case(f"{PREVIEW}.type", "card", beside={"payment_method_data": {"card": TYPED}}),
            "payment_method_data[card]": Case(
                f"{PREVIEW}.card.last4", TYPED, "4444", {"payment_method_data": {"type": "card"}}
            ),
            "payment_method_data[billing_details]": Case(f"{PREVIEW}.billing_details.name", {"name": "Ann"}, "Ann", BESIDE),
            "payment_method_data[allow_redisplay]": Case(f"{PREVIEW}.allow_redisplay", "always", beside=BESIDE),
            "return_url": Case("return_url", "https://shop.example/"),
            "setup_future_usage": Case("setup_future_usage", "off_session"),
            "shipping": Case("shipping.name", SHIPPING, "Ann"),
        },
    ),
    "PostEphemeralKeys": Served(key, {"customer": Case("associated_objects.0.id", whose)}, customer),
    "PostCustomerSessions": Served(
        session,
        {
            "customer": Case("customer", whose, beside={"components": FEATURES}),
            "components": Case(
                "components.payment_element.features.payment_method_remove", FEATURES, "enabled", {"customer": whose}
            ),
        },
        customer,
    ),
}
