"""Card numbers in texts where none belongs: whether one stands there, and the text without it (S1, S6).

Two judges. What is refused must surely be a card's number: a network's, with its check digit, written as people write one. What
is masked may be one: 13 to 19 digits that check, in any groups of three and more.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sluice.core.cards import UNKNOWN, luhn, network, valid_number

BY = r"(?:[ +-]|%20)"  # what parts groups: people's signs, and those of a form or a URL
BETWEEN = re.compile(f"({BY})")
WRITTEN = (
    rf"\d{{13,19}}|\d{{4}}(?:{BY}\d{{4}}){{2}}{BY}\d{{1,4}}(?:{BY}\d{{3}})?|\d{{4}}{BY}\d{{6}}{BY}\d{{4,5}}"  # no UUID is one
)
SURELY = re.compile(rf"(?<!\w)(?<!\d\.)(?=({WRITTEN})(?!\w|\.\d))")  # neither a part of an id nor of a fraction
ANYWHERE = re.compile(rf"(?<!\d)\d{{3,}}(?:{BY}\d+)*(?!\d)")
LEAST, MOST, GROUP = 13, 19, 3


class Run(NamedTuple):
    """Groups of digits that stand together: where they begin and end among the parts, and their digits."""

    first: int
    last: int
    digits: str


def holds_card_number(text: str) -> bool:
    """Whether a number of a known network stands in it, in one piece or in a card's groups, apart from other words."""
    return len(text) >= LEAST and any(known(BETWEEN.sub("", found)) for found in SURELY.findall(text))


def mask(text: str, judge: Callable[[str], bool] = luhn) -> str:
    """The text with no more than the last four digits of what may be a card number; other long numbers stay."""
    return ANYWHERE.sub(lambda found: masked(found[0], judge), text) if len(text) >= LEAST else text


def hide(text: str) -> str:
    """`mask` for what a caller reads of his own words: only a network's number goes."""
    return mask(text, known)


def known(digits: str) -> bool:
    return network(digits) is not UNKNOWN and valid_number(digits)


def masked(text: str, judge: Callable[[str], bool]) -> str:
    parts, kept, after = BETWEEN.split(text), list[str](), 0
    for run in runs(parts):
        if run.first >= after and judge(run.digits):
            kept += [*parts[after : run.first], f"…{run.digits[-4:]}"]
            after = run.last
    return "".join([*kept, *parts[after:]])


def runs(parts: list[str]) -> Iterator[Run]:
    """Every run of whole groups that has as many digits as a card, also beside others; of one beginning the longest first.

    `parts`: groups of digits, and between them what parts them. Only the last group may be shorter than GROUP.
    """
    for first in range(0, len(parts), 2):
        found, digits = list[Run](), ""
        for last in range(first, len(parts), 2):
            digits += parts[last]
            if LEAST <= len(digits) <= MOST:
                found.append(Run(first, last + 1, digits))
            if len(parts[last]) < GROUP or len(digits) >= MOST:
                break
        yield from reversed(found)
