"""Ids: the wire's prefixes, then a part that sorts by time, then chance (Law 9). Base 62 in ASCII order, for COLLATE "C"."""

from functools import lru_cache
from os import urandom

from sluice.core.clock import clock

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PAIRS = [a + b for a in ALPHABET for b in ALPHABET]
TIME = 9  # characters of microseconds: enough for four centuries
QUICK = 4  # of them the last ones: 15 seconds pass before the others change
FAIR = 256 // 62 * 62  # bytes from here on are drawn again, so that every character is as likely
LETTERS, UNFAIR = bytes(ord(ALPHABET[byte % 62]) for byte in range(256)), bytes(range(FAIR, 256))
_last = 0


def new_id(prefix: str, size: int = 24) -> str:
    """A new id, greater than each that this process drew before; `size` counts the characters after `prefix`."""
    global _last
    _last = max(_last + 1, clock.micros())
    slow, quick = divmod(_last, 62**QUICK)
    return f"{prefix}{beginning(slow)}{PAIRS[quick // 3844]}{PAIRS[quick % 3844]}{chance(size - TIME)}"


@lru_cache(4)
def beginning(slow: int) -> str:
    return base62(slow, TIME - QUICK)


def chance(size: int) -> str:
    """`size` random characters of [A-Za-z0-9]: 5.95 bits each, from the system's source."""
    drawn = b""
    while len(drawn) < size:
        drawn += urandom(size + 8).translate(LETTERS, UNFAIR)
    return drawn[:size].decode()


def base62(number: int, size: int) -> str:
    parts = []
    for _ in range(size // 2):
        number, pair = divmod(number, 3844)
        parts.append(PAIRS[pair])
    if size % 2:
        parts.append(ALPHABET[number % 62])
    return "".join(reversed(parts))
