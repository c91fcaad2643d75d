"""Card numbers that exist nowhere else, so that each find is a leak: a beginning of our own, any number of ends."""

from itertools import count

from sluice.core.cards import checksum

HIDDEN, FREE = "457123456789", "457198765432"  # FREE goes into free text, which its owner may read again (S6)
CHALLENGED = "4000002760003184"  # the sandbox's card that asks its buyer
CVC = "739"
_next = count(1)


def number(mark: str = HIDDEN) -> str:
    """The next number of that mark: a Visa that the sandbox accepts."""
    digits = f"{mark}{next(_next) % 1000:03}"
    return digits + str(-checksum(map(int, reversed(digits + "0"))) % 10)


def card(text: str | None = None, **more: str) -> dict[str, str]:
    """As a form has it."""
    return {"number": text or number(), "exp_month": "12", "exp_year": "2040", "cvc": CVC} | more


def under(name: str, hash: dict[str, str]) -> dict[str, str]:
    return {f"{name}[{key}]": value for key, value in hash.items()}


def grouped(text: str, by: str) -> str:
    return by.join(text[n : n + 4] for n in range(0, len(text), 4))
