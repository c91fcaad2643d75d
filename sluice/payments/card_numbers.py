"""Card numbers in free text: refused if the operator says so, else told to the owner, once a day for each parameter (S6).

Free text is its owner's: what he writes there is kept, shown to him and sent in his events. Honest order numbers look like card
numbers too, one in ten of those that begin alike; so a person judges.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from sluice.core.card_texts import hide, holds_card_number
from sluice.core.errors import Refused
from sluice.core.ids import TIME, base62, new_id
from sluice.payments.desk import Desk
from sluice.payments.discrepancies import Discrepancy
from sluice.rules.calls import Call
from sluice.store.facts import Fact

KIND = "card_number_in_text"
CARDS_OWN = ("number", "cvc")  # of the hash `card`: there it belongs
DAY = 86_400
MICRO = 1_000_000


def stray(given: Any, at: str = "") -> Iterator[str]:
    """The parameters, in brackets, whose text or name holds a card number. `given`: a call's, or a part of them."""
    if isinstance(given, dict):
        for key, value in dict.items(given):  # looked at, and yet not read: `Watched` is about what a rule does with it
            name = f"{at}[{key}]" if at else key
            if holds_card_number(key):
                yield name
            elif key not in CARDS_OWN:
                yield from stray(value, name)
    elif isinstance(given, list):
        for n, value in enumerate(given):
            yield from stray(value, f"{at}[{n}]")
    elif isinstance(given, str) and holds_card_number(given):
        yield at


def refuse(call: Call) -> None:
    """For an operator who wants none of it stored."""
    for name in stray(call.params):
        raise Refused(
            "This looks like a card number, and this installation takes none here. Send card numbers as `card[number]` only.",
            param=name,
        )


async def report(desk: Desk, call: Call, answer: bytes) -> None:
    """A discrepancy for each such parameter, unless there is one of today: which parameter, first seen on which object."""
    for name in dict.fromkeys(map(hide, stray(call.params))):
        mark = hashlib.sha256(name.encode()).hexdigest()[:12]
        id = f"dis_{base62(call.at // DAY * DAY * MICRO, TIME)}_{mark}"
        if await desk.database.one(Discrepancy, call.scope, id) is None:
            about = str(msgspec.json.decode(answer).get("id", call.request))
            row = Discrepancy(id, 0, call.at, KIND, about, {"parameter": name}, None)
            await desk.database.write(Fact("card_number.report", call.scope, new_id("fact_"), new=(row,)))
