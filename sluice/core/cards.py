"""Card numbers and dates: pure arithmetic, no lists of issuers."""

from collections.abc import Iterable
from typing import NamedTuple


class Network(NamedTuple):
    """What is common to a network's numbers: how they begin, how many digits they have, how long the code on the card is."""

    brand: str
    begins: tuple[range, ...]
    lengths: frozenset[int]
    cvc: int = 3


def digits(*lengths: int) -> frozenset[int]:
    return frozenset(lengths)


def between(first: int, last: int | None = None) -> range:
    """Beginnings from `first` to `last`, both with the same count of digits."""
    return range(first, (last or first) + 1)


# A longer beginning is tried first, so maestro's 6 does not hide discover's 65. bccard is issued in discover's 65 (B-6.2).
NETWORKS = (
    Network("visa", (between(4),), digits(13, 16, 19)),
    Network("mastercard", (between(51, 55), between(2221, 2720)), digits(16)),
    Network("amex", (between(34), between(37)), digits(15), cvc=4),
    Network("discover", (between(6011), between(644, 649), between(65)), digits(16, 17, 18, 19)),
    Network("diners", (between(300, 305), between(3095), between(36), between(38, 39)), digits(14, 15, 16, 17, 18, 19)),
    Network("jcb", (between(3528, 3589),), digits(16, 17, 18, 19)),
    Network("unionpay", (between(62), between(81)), digits(16, 17, 18, 19)),
    Network("mir", (between(2200, 2204),), digits(16, 17, 18, 19)),
    Network("maestro", (between(50), between(56, 58), between(639), between(6304), between(67)), digits(*range(12, 20))),
)
UNKNOWN = Network("unknown", (), digits(*range(12, 20)))


def by_beginning() -> dict[str, Network]:
    return {str(start): network for network in NETWORKS for run in network.begins for start in run}


BEGINNINGS = by_beginning()
LONGEST = max(map(len, BEGINNINGS))


def network(number: str) -> Network:
    """Whose number it is, by its first digits; `UNKNOWN` if nobody's."""
    starts = (number[:size] for size in range(LONGEST, 0, -1))
    return next((BEGINNINGS[start] for start in starts if start in BEGINNINGS), UNKNOWN)


def luhn(number: str) -> bool:
    """B-5.61: whether the last digit agrees with the others. Only ASCII digits are digits."""
    return number.isascii() and number.isdecimal() and checksum(map(int, reversed(number))) % 10 == 0


def checksum(backwards: Iterable[int]) -> int:
    """Luhn's sum of digits, the last one first: every second is doubled, and its own digits added."""
    return sum(sum(divmod(2 * digit, 10)) if place % 2 else digit for place, digit in enumerate(backwards))


def valid_number(number: str) -> bool:
    """A whole number of a network: its length, its check digit."""
    return len(number) in network(number).lengths and luhn(number)


def valid_cvc(number: str, cvc: str) -> bool:
    """B-5.61, B-6.1: the code's length, by the network of `number`."""
    return cvc.isascii() and cvc.isdecimal() and len(cvc) == network(number).cvc


def expired(year: int, month: int, today: tuple[int, int]) -> bool:
    """A card is good through the last day of its month; `today` is (year, month)."""
    return (year, month) < today
