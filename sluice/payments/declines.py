"""What a decline is called on the wire, and what a buyer may be told (B-2.17, B-2.27)."""

from typing import Any, NamedTuple

from sluice.rails.outcomes import Declined


class Said(NamedTuple):
    code: str
    message: str
    advice: str | None = None


DECLINED = "Your card was declined."
AGAIN = "An error occurred while processing your card. Try again in a little bit."
UNSUPPORTED = "Your card does not support this type of purchase."
LIMIT = "Your card was declined for making repeated attempts too frequently or exceeding its amount limit."

# Whatever is not here reads as a plain decline: lost, stolen and fraudulent must look like it, so that a thief learns nothing.
SAID: dict[str, Said] = {
    "insufficient_funds": Said("card_declined", "Your card has insufficient funds.", "try_again_later"),
    "card_velocity_exceeded": Said("card_declined", LIMIT, "try_again_later"),
    "withdrawal_count_limit_exceeded": Said("card_declined", LIMIT, "try_again_later"),
    "duplicate_transaction": Said(
        "card_declined", "A transaction with identical details was made a moment ago.", "try_again_later"
    ),
    "expired_card": Said("expired_card", "Your card has expired.", "do_not_try_again"),
    "incorrect_cvc": Said("incorrect_cvc", "Your card's security code is incorrect.", "confirm_card_data"),
    "invalid_cvc": Said("invalid_cvc", "Your card's security code is invalid.", "confirm_card_data"),
    "incorrect_number": Said("incorrect_number", "Your card number is incorrect.", "confirm_card_data"),
    "invalid_number": Said("invalid_number", "Your card number is invalid.", "confirm_card_data"),
    "invalid_expiry_month": Said("invalid_expiry_month", "Your card's expiration month is invalid.", "confirm_card_data"),
    "invalid_expiry_year": Said("invalid_expiry_year", "Your card's expiration year is invalid.", "confirm_card_data"),
    "incorrect_zip": Said("incorrect_zip", "The postal code you supplied failed validation.", "confirm_card_data"),
    "incorrect_address": Said("incorrect_address", "The address you supplied failed validation.", "confirm_card_data"),
    "processing_error": Said("processing_error", AGAIN, "try_again_later"),
    "issuer_not_available": Said("card_declined", AGAIN, "try_again_later"),
    "reenter_transaction": Said("card_declined", AGAIN, "try_again_later"),
    "try_again_later": Said("card_declined", AGAIN, "try_again_later"),
    "approve_with_id": Said("card_declined", AGAIN, "try_again_later"),
    "authentication_required": Said(
        "authentication_required", "Your card was declined. This transaction requires authentication."
    ),
    "card_not_supported": Said("card_declined", UNSUPPORTED, "do_not_try_again"),
    "currency_not_supported": Said("card_declined", "Your card does not support this currency.", "do_not_try_again"),
    "testmode_decline": Said("card_declined", "Your card was declined: it is a test card, and this is live mode."),
}
PLAIN = Said("card_declined", DECLINED)
AUTHENTICATION_FAILED = Said(
    "payment_intent_authentication_failure",
    "The buyer's authentication failed. Ask for another payment method and confirm again.",
)
# B-2.17: the parameter that a decline is about.
PARAMS = {"expired_card": "exp_month", "incorrect_cvc": "cvc"}
# The network was not reached, so no charge is made (B-5.9, B-5.11).
WITHOUT_CHARGE = frozenset({"authentication_required", "authentication_failed"})
HUSHED = frozenset({"lost_card", "stolen_card", "pickup_card", "restricted_card", "fraudulent", "merchant_blacklist"})


def group(reason: str) -> str:
    """What is counted of a decline: the advice that its code gives, the few that must never be tried again, or no advice."""
    return "never" if reason in HUSHED else SAID.get(reason, PLAIN).advice or "none"


def said(word: Declined) -> Said:
    if word.reason == "authentication_failed":
        return AUTHENTICATION_FAILED
    return SAID.get(word.reason, PLAIN)


def error(word: Declined, charge: str | None) -> dict[str, Any]:
    """The error object of a decline without its intent and method; keys only where they have a value (B-2.1)."""
    code, message, advice = said(word)
    decline_code = None if word.reason in ("authentication_failed", "processing_error") else word.reason
    keys = {
        "advice_code": word.advice or advice,
        "charge": charge,
        "code": code,
        "decline_code": decline_code,
        "message": message,
        "network_decline_code": word.network_code,
        "param": PARAMS.get(code),
        "type": "card_error",
    }
    return {key: value for key, value in keys.items() if value is not None}


def seller_message(word: Declined) -> str:
    """What the shop's owner reads, who may know more than the buyer."""
    if word.details.blocked:
        return "The payment was blocked for its high risk before the bank was asked."
    return f"The bank returned the decline code `{word.reason}`."
