"""How often a card was declined lately, whoever asked and in whichever process: one that is tried on and on must wait (S14).

Kept only where the limit holds: the door says so in the call, and *open* in the instruction.
"""

from typing import ClassVar, final

from msgspec.structs import replace

from sluice.core.errors import TooMany
from sluice.core.limits import LIMIT_SECONDS
from sluice.customers.details import Hash
from sluice.customers.payment_methods import PaymentMethod
from sluice.rails.sandbox import cards as sandbox
from sluice.rules.calls import Call
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row


@final
class CardDeclines(Row, frozen=True):
    """`id` is the card's fingerprint. Counted anew once LIMIT_SECONDS have passed `since`."""

    table: ClassVar[str] = "card_declines"
    conflicts: ClassVar[frozenset[str]] = frozenset({"card_declines_pkey"})
    since: int
    declines: int


AGAIN = Load(CardDeclines, "declines", "method.fingerprint")  # of the method that an instruction names


def brought(call: Call) -> str | None:
    """The fingerprint of a card that the call brings along; None: of one that is stored, its own row tells."""
    given = call.params
    card = (given.get("payment_method_data") or given).get("card") or given.get("source") or given.get("payment_method")
    number = number_of(card or "") if call.declines else ""
    return call.vault.fingerprint(call.account, number) if number else None


def number_of(card: str | Hash) -> str:
    """As it was typed, or of a name of the test data; "" for what is none."""
    if isinstance(card, str):
        known = sandbox.named(card)
        return known.number if known else ""
    return str(card.get("number", "")).replace(" ", "").replace("-", "") or number_of(card.get("token", ""))


def may(call: Call, rows: Rows) -> None:
    """Refuses, before anybody is asked, a card that was declined as often as one may be. Not kept under the key (B-1.38)."""
    found = rows.get_one(CardDeclines, "declines")
    if not call.declines or found is None or found.declines < call.declines:
        return
    wait = found.since + LIMIT_SECONDS - call.at
    if wait > 0:
        message = (
            f"This card was declined {found.declines} times in a short while, so its bank was not asked. Ask the buyer for"
            f" another card, or try this one again in {wait:.0f} seconds."
        )
        raise TooMany(message, wait)


def counted(rows: Rows, method: PaymentMethod, at: int, extra: Hash) -> CardDeclines | None:
    """The card's row after one more decline; None where the limit did not hold at *open*."""
    if not extra.get("declines"):
        return None
    found = rows.get_one(CardDeclines, "declines")
    if found is None:
        return CardDeclines(method.fingerprint, 0, at, 1)
    fresh = found.since + LIMIT_SECONDS <= at
    return replace(found, since=at, declines=1) if fresh else replace(found, declines=found.declines + 1)
