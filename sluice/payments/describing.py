"""What an intent only carries: said at its creation, its update or its confirmation, and kept in its document."""

from sluice.core.errors import Refused
from sluice.customers.details import Hash, email, kept, metadata, shipping
from sluice.payments.descriptors import suffix
from sluice.payments.intents import CARD_OPTIONS
from sluice.rules.calls import Call

MANUAL = "Sluice does not serve confirmation_method=manual yet: leave it out, and confirm from your server or the browser."


def described(call: Call, old: Hash) -> Hash:
    """`doc` with what the call gives: what an intent only carries."""
    given = call.params
    doc = kept(old, given, ("description", "transfer_group", "payment_details"))
    doc["metadata"] = metadata(old["metadata"], given)
    if given.get("confirmation_method") == "manual":
        raise Refused(MANUAL, param="confirmation_method")
    if given.get("capture_method"):
        doc["capture_method"] = given["capture_method"]
    if "statement_descriptor" in given:
        raise Refused("On card payments use statement_descriptor_suffix.", param="statement_descriptor")
    if "statement_descriptor_suffix" in given:
        doc["statement_descriptor_suffix"] = suffix(given["statement_descriptor_suffix"], "statement_descriptor_suffix")
    if "receipt_email" in given:
        doc["receipt_email"] = email(given, "receipt_email")
    if "setup_future_usage" in given:
        doc["setup_future_usage"] = given["setup_future_usage"] or None
    if "shipping" in given:
        doc["shipping"] = shipping(given["shipping"], old["shipping"])
    if "payment_method_types" in given:
        doc["payment_method_types"] = cards_only(given["payment_method_types"])
    if "excluded_payment_method_types" in given:
        doc["excluded_payment_method_types"] = not_all(given["excluded_payment_method_types"])
    if "payment_method_options" in given:
        doc["payment_method_options"] = options(old["payment_method_options"], given["payment_method_options"])
    if doc.get("payment_details", 0) is None:
        del doc["payment_details"]
    elif "payment_details" in given:
        doc["payment_details"] = {"customer_reference": None, "order_reference": None} | given["payment_details"]
    return doc


def cards_only(types: list[str]) -> list[str]:
    for n, kind in enumerate(types):
        if kind != "card":
            param = f"payment_method_types[{n}]"
            raise Refused(f"Sluice does not serve the payment method type {kind} yet: use card.", param=param)
    if not types:
        raise Refused("Name at least one payment method type: card.", param="payment_method_types")
    return ["card"]


def not_all(types: list[str] | None) -> list[str] | None:
    if types and "card" in types:
        raise Refused("No payment method type is left when card is excluded.", param="excluded_payment_method_types")
    return types


def options(old: Hash, given: Hash | None) -> Hash:
    """Cards' options, leaf by leaf; unset ones fall back."""
    card = (given or {}).get("card")
    if card is None:
        return {"card": CARD_OPTIONS}
    made = old["card"] | {name: value for name, value in card.items() if name != "cvc_token"}  # which is for one confirmation
    made["request_three_d_secure"] = made["request_three_d_secure"] or "automatic"
    return {"card": {name: value for name, value in made.items() if value is not None or name in CARD_OPTIONS}}
