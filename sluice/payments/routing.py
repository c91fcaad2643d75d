"""Which rail takes a payment. One for now; the rules of the shop come with the second."""

from typing import NamedTuple

from sluice.core.errors import Refused
from sluice.rules.calls import Call

HOLD_SECONDS = 7 * 86_400  # B-5.17


class Choice(NamedTuple):
    """The rail's name, and how long a hold of it lasts in seconds."""

    name: str
    hold_seconds: int = HOLD_SECONDS


def choose(call: Call, method: str, currency: str) -> Choice:
    """Refuses a live payment: no rail for live money is built yet."""
    if call.livemode or "sandbox" not in call.rails:
        raise Refused(
            "This account has no rail account that takes live card payments, so nothing was charged. No rail for live money is"
            " built into this version of Sluice yet: bank acquirers come with a later one. Use a test key to try payments now.",
            code="payment_method_not_available",
        )
    return Choice("sandbox")
