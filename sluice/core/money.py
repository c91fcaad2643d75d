"""Money is an integer in the currency's minor unit, with its currency. No float comes near it (Law 1)."""

from typing import NamedTuple

from iso4217 import Currency

# B-2.21: where the wire's minor unit is not ISO 4217's. isk and ugx are sent with two decimals that must be 00.
WIRE_EXPONENTS = {"isk": 2, "ugx": 2, "mga": 0}
NOT_MONEY = {"xau", "xag", "xpd", "xpt", "xts", "xxx", "xdr", "xsu", "xua", "xba", "xbb", "xbc", "xbd", "uyw", "clf"}
EXPONENTS: dict[str, int] = {
    currency.code.lower(): currency.exponent or 0 for currency in Currency if currency.code.lower() not in NOT_MONEY
} | WIRE_EXPONENTS
CURRENCIES = ("usd", *sorted(EXPONENTS.keys() - {"usd"}))


class Money(NamedTuple):
    """An amount in minor units, and the lower-case currency code."""

    amount: int
    currency: str

    def __str__(self) -> str:
        """As a sentence shows it: `12.50 USD`, `500 JPY`."""
        digits = EXPONENTS[self.currency]
        sign, text = "-" * (self.amount < 0), str(abs(self.amount)).rjust(digits + 1, "0")
        whole = f"{text[:-digits]}.{text[-digits:]}" if digits else text
        return f"{sign}{whole} {self.currency.upper()}"
