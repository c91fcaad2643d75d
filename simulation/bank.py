"""The bank behind the simulated line, with a book of its own that nothing of ours touches. It knows what it booked.

Captures, voids and refunds it takes twice without harm, and says so; an authorisation that comes twice it books twice.
Of two kinds (F14): a reversal blocks an original that comes later, or does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import Struct

Said = dict[str, Any]
Message = dict[str, Any]

DECLINES = {
    "4000000000000002": "generic_decline",
    "4000000000009995": "insufficient_funds",
    "4000000000000119": "processing_error",
}
REFUNDS = {"4000000000007726": "pending", "4000000000005126": "returned"}


class Entry(Struct):
    """What is booked under a reference. Sums stand at the authorisation, in minor units."""

    reference: str
    verb: str
    said: Said
    state: str = "approved"  # approved, pending, declined, canceled, returned, reversed
    amount: int = 0
    currency: str = ""
    original: str = ""
    refunds: str = ""
    held: int = 0
    captured: int = 0
    refunded: int = 0


class Booking(NamedTuple):
    at: float
    what: str
    reference: str
    amount: int


class Bank:
    """`later(seconds, do)` sets a timer of the bank's own."""

    def __init__(self, blocks: bool, time: Callable[[], float], later: Callable[..., Any]) -> None:
        self.blocks, self.time, self.later = blocks, time, later
        self.entries: dict[str, Entry] = {}
        self.journal: list[Booking] = []
        self.notices: list[dict[str, Any]] = []
        self.listeners: list[Callable[[], bool]] = []

    def answer(self, message: Message) -> Said:
        verb, reference = message["verb"], message["reference"]
        if verb == "inquire":
            return self.inquire(reference)
        if verb == "reverse":
            return self.reverse(message)
        known = self.entries.get(reference)
        if known and not (verb == "authorize" and known.state == "approved"):
            return known.said
        said = {"word": "approved", "reference": reference, "amount": message["amount"], "currency": message["currency"]}
        entry = known or Entry(reference, verb, said, "approved", message["amount"], message["currency"])
        entry.original = message.get("original", "")
        if reason := self.book(entry, message):
            entry.state, entry.said = "declined", {"word": "declined", "reference": reference, "reason": reason}
        self.entries[reference] = entry
        if entry.state != "declined":
            self.note(verb, entry)
        return entry.said

    def note(self, what: str, entry: Entry) -> None:
        self.journal.append(Booking(self.time(), what, entry.reference, entry.amount))

    def book(self, entry: Entry, message: Message) -> str:
        """Moves the money, or answers why not."""
        if entry.verb == "authorize":
            return self.authorize(entry, message)
        original = self.entries.get(entry.original)
        if original is None or original.state not in ("approved", "pending"):
            return "no_such_original"
        if entry.verb == "void" and original.verb == "refund":
            return self.cancel(original)
        sale = self.sale(original)
        if entry.verb == "refund":
            return self.refund(entry, sale)
        if not sale.held or not 0 < entry.amount <= sale.held:
            return "nothing_held" if not sale.held else "invalid_amount"
        sale.captured = entry.amount if entry.verb == "capture" else 0
        sale.held = 0
        return ""

    def authorize(self, entry: Entry, message: Message) -> str:
        number = message["card"]["number"]
        if number in DECLINES:
            return DECLINES[number]
        entry.refunds = REFUNDS.get(number, "")
        if message["capture"]:
            entry.captured += entry.amount
        else:
            entry.held += entry.amount
        return ""

    def refund(self, entry: Entry, sale: Entry) -> str:
        """This bank pays whatever it is told to: that it is not too much is the gateway's business."""
        sale.refunded += entry.amount
        if sale.refunds == "pending":
            entry.state, entry.said = "pending", entry.said | {"word": "pending"}
            self.later(7.0, self.arrive, entry)
        elif sale.refunds == "returned":
            self.later(9.0, self.give_back, entry)
        return ""

    def cancel(self, refund: Entry) -> str:
        if refund.state != "pending":
            return "no_such_original"
        self.undo_refund(refund, "canceled", {"word": "declined", "reference": refund.reference, "reason": "canceled"})
        return ""

    def arrive(self, refund: Entry) -> None:
        if refund.state == "pending":
            refund.state, refund.said = "approved", refund.said | {"word": "approved"}
            self.notify(refund.reference, "outcome")

    def give_back(self, refund: Entry) -> None:
        if refund.state == "approved":
            said = refund.said | {"word": "returned", "reason": "expired_or_canceled_card"}
            self.undo_refund(refund, "returned", said)
            self.notify(refund.reference, "return")

    def undo_refund(self, refund: Entry, state: str, said: Said) -> None:
        self.sale(refund).refunded -= refund.amount
        refund.state, refund.said = state, said
        self.note(state, refund)

    def sale(self, entry: Entry) -> Entry:
        while entry.verb != "authorize":
            entry = self.entries[entry.original]
        return entry

    def inquire(self, reference: str) -> Said:
        entry = self.entries.get(reference)
        return entry.said if entry else {"word": "not_found", "reference": reference}

    def reverse(self, message: Message) -> Said:
        """Acknowledged each time; what was passed on cannot be called back."""
        reference = message["reference"]
        said = {"word": "approved", "reference": reference, "amount": message["amount"], "currency": message["currency"]}
        declined = {"word": "declined", "reference": reference, "reason": "reversed"}
        entry = self.entries.get(reference)
        if entry is None:
            if self.blocks:
                self.entries[reference] = Entry(reference, "", declined, "reversed")
            return said
        if entry.state in ("approved", "pending"):
            if entry.verb == "void" or (entry.verb != "refund" and self.sale(entry).refunded):
                return {"word": "declined", "reference": reference, "reason": "passed_on"}
            self.undo(entry)
        if entry.state != "reversed":
            entry.state, entry.said = "reversed", declined
            self.note("reverse", entry)
        return said

    def undo(self, entry: Entry) -> None:
        match entry.verb:
            case "authorize":
                entry.held = entry.captured = 0
            case "capture":
                sale = self.sale(entry)
                sale.held, sale.captured = sale.amount, 0
            case "refund":
                self.sale(entry).refunded -= entry.amount

    def notify(self, reference: str, kind: str) -> None:
        self.notices.append({"number": len(self.notices) + 1, "reference": reference, "kind": kind})
        self.listeners = [listener for listener in self.listeners if not listener()]

    def above(self, after: int) -> list[dict[str, Any]]:
        return [notice for notice in self.notices if notice["number"] > after]
