"""Which sums may be asked for (B-2.18 to B-2.22). Table facts of the wire, judged before any row is read."""

from sluice.core.errors import Refused
from sluice.core.limits import AMOUNT_MOST
from sluice.core.money import Money

# B-2.19: the minimum charge in minor units; one for currencies that are not named.
MINIMUM = {
    "usd": 50, "aed": 200, "ars": 50, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "cop": 50, "czk": 1500,
    "dkk": 250, "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "idr": 50, "ils": 50, "inr": 50, "jpy": 50, "krw": 50,
    "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "php": 50, "pln": 200, "ron": 200, "rub": 50, "sek": 300, "sgd": 50,
    "thb": 1000, "zar": 50,
}  # fmt: skip
# B-2.21: the wire's minor unit is finer than what can be paid: the amount must be a multiple of this.
STEP = {"isk": 100, "ugx": 100, "bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10}


def payable(amount: int, currency: str) -> Money:
    """The money that a payment asks for; refused: nothing, too little, too much, finer than the currency."""
    if amount <= 0:
        raise Refused(
            f"This value must be greater than or equal to 1; the minimum charge is {Money(MINIMUM.get(currency, 1), currency)}."
            " To save a card without a payment, attach it to a customer: SetupIntents are not served yet.",
            code="parameter_invalid_integer", param="amount",
        )  # fmt: skip
    if amount > AMOUNT_MOST:
        raise Refused(f"Amount must be no more than {Money(AMOUNT_MOST, currency)}.", code="amount_too_large", param="amount")
    if amount < MINIMUM.get(currency, 1):
        least = Money(MINIMUM[currency], currency)
        raise Refused(f"Amount must be at least {least}.", code="amount_too_small", param="amount")
    return whole(amount, currency)


def whole(amount: int, currency: str, param: str = "amount") -> Money:
    """B-2.21: a sum that can be paid, taken or given back in this currency; refused when it is finer."""
    if amount % STEP.get(currency, 1):
        raise Refused(f"Amounts in {currency} must be a multiple of {STEP[currency]}.", param=param)
    return Money(amount, currency)
