"""What a buyer reads on the card's statement (B-2.25)."""

from sluice.core.errors import Refused

FORBIDDEN = set("<>\\'\"*")


def suffix(text: str | None, param: str) -> str | None:
    """At least one Latin letter, none of the forbidden characters, 22 characters at most."""
    if text is None:
        return None
    if len(text) > 22:
        raise Refused("A statement descriptor has at most 22 characters.", param=param)
    if FORBIDDEN & set(text):
        raise Refused("A statement descriptor has none of the characters < > \\ ' \" *.", param=param)
    if not any(letter.isascii() and letter.isalpha() for letter in text):
        raise Refused("A statement descriptor needs at least one Latin letter.", param=param)
    return text


def whole(text: str | None, param: str) -> str | None:
    """A full descriptor: a suffix's rules, and 5 characters at least."""
    if text is not None and len(text) < 5:
        raise Refused("A statement descriptor has at least 5 characters.", param=param)
    return suffix(text, param)
