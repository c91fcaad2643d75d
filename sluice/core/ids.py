"""Ids: the wire's prefix, then a part that sorts by time, then chance (Law 9). Base 62 in ASCII order, for COLLATE "C"."""

from secrets import randbits

from sluice.core.clock import clock

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PAIRS = [a + b for a in ALPHABET for b in ALPHABET]
TIME = 9  # characters of microseconds: enough for four centuries
_last = 0


def new_id(prefix: str, size: int = 24) -> str:
    """A new id, greater than each that this process drew before; `size` counts the characters after `prefix`."""
    global _last
    _last = max(_last + 1, clock.micros())
    return prefix + base62(_last, TIME) + chance(size - TIME)


def chance(size: int) -> str:
    """`size` random characters of [A-Za-z0-9]: 5.95 bits each, from the system's source."""
    return base62(randbits(6 * size + 16), size)


def base62(number: int, size: int) -> str:
    parts = []
    for _ in range(size // 2):
        number, pair = divmod(number, 3844)
        parts.append(PAIRS[pair])
    if size % 2:
        parts.append(ALPHABET[number % 62])
    return "".join(reversed(parts))
