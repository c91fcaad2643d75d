"""Which rail account takes a payment, and which come after it: the shop's own, in the shop's order."""

from typing import NamedTuple

from sluice.core.errors import Refused
from sluice.rules.calls import Call

HOLD_SECONDS = 7 * 86_400  # B-5.17
ATTEMPTS = 25  # B-5.22


class Choice(NamedTuple):
    """The account's id, those that may be asked after it, how long a hold of it lasts, in seconds, and how many attempts."""

    name: str
    others: tuple[str, ...] = ()
    hold_seconds: int = HOLD_SECONDS
    attempts: int = ATTEMPTS


def choose(call: Call) -> Choice:
    """Refuses a live payment: no rail for live money is built yet."""
    if call.livemode or not call.rails:
        raise Refused(
            "This account has no rail account that takes live card payments, so nothing was charged. No rail for live money is"
            " built into this version of Sluice yet: bank acquirers come with a later one. Use a test key to try payments now.",
            code="payment_method_not_available",
        )
    first, *others = call.rails
    return Choice(first, tuple(others))
