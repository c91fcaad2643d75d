"""The bank's book: who holds what, folded from the journal. It never pays above what it holds."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from sluice.simulators.bank.entries import Answered, Arrived, Booked, Line, Returned, Reversed, Told
from sluice.simulators.bank.words import Notice, Said, Standing

RETURN_REASON = "expired_or_canceled_card"


class Record(Struct):
    """One message as it stands now. Only an authorization carries sums: what it holds, took, and gave back."""

    reference: str
    verb: str
    state: str  # approved, declined, challenge, pending, canceled, returned, reversed
    said: Said
    amount: int = 0
    currency: str = ""
    original: str | None = None
    at: float = 0.0
    held: int = 0
    captured: int = 0
    refunded: int = 0
    fingerprint: str = ""
    refunds: str = ""

    def row(self) -> dict[str, Any]:
        """As a test reads it."""
        shown = ("reference", "verb", "state", "amount", "currency", "original", "held", "captured", "refunded")
        return {name: getattr(self, name) for name in shown}


class Challenge(Struct):
    """A question to the buyer, bound to card and sum, good for one authorization."""

    fingerprint: str
    amount: int
    currency: str
    reference: str
    outcome: str = ""
    used: bool = False


class Book:
    def __init__(self, refund_seconds: float) -> None:
        self.refund_seconds = refund_seconds
        self.records: dict[str, Record] = {}
        self.challenges: dict[str, Challenge] = {}
        self.set_up: dict[str, str] = {}  # network transaction id of an authenticated payment -> its card's fingerprint
        self.notices: list[Notice] = []
        self.due: dict[str, float] = {}  # refunds that something is yet to happen to, oldest first

    def apply(self, line: Line) -> None:
        match line:
            case Booked():
                self.book(line)
            case Reversed(reference=reference):
                self.reverse(reference)
            case Answered(challenge=challenge, outcome=outcome):
                self.challenges[challenge].outcome = outcome
            case Arrived(reference=reference):
                self.arrive(reference)
            case Returned(reference=reference):
                self.give_back(reference)
            case Told(reference=reference):
                self.notify(reference, "outcome")

    def book(self, line: Booked) -> None:
        self.records[line.reference] = record = Record(
            line.reference, line.verb, line.said.word, line.said, line.amount, line.currency, line.original, line.at,
            fingerprint=line.fingerprint, refunds=line.refunds,
        )  # fmt: skip
        if line.authentication in self.challenges:
            self.challenges[line.authentication].used = True
        if line.said.challenge is not None:
            self.challenges[line.said.challenge] = Challenge(line.fingerprint, line.amount, line.currency, line.reference)
        if record.state in ("approved", "pending"):
            self.move(record, line.take)

    def move(self, record: Record, take: bool) -> None:
        """What an approval does to the sums."""
        match record.verb:
            case "authorize":
                record.held, record.captured = (0, record.amount) if take else (record.amount, 0)
                self.remember(record)
            case "capture":
                sale = self.sale(record)
                sale.held, sale.captured = 0, record.amount
            case "void":
                original = self.records[record.original or ""]
                if original.verb == "refund":
                    self.undo_refund(original, "canceled")
                else:
                    original.held = 0
            case "refund":
                self.sale(record).refunded += record.amount
                if record.refunds:
                    self.due[record.reference] = record.at + self.refund_seconds

    def remember(self, record: Record) -> None:
        details = record.said.details
        if details and details.authenticated and details.network_transaction_id:
            self.set_up[details.network_transaction_id] = record.fingerprint

    def reverse(self, reference: str) -> None:
        """Undone, or blocked before it came: whoever asks or repeats hears of a decline."""
        said = Said("declined", reference, reason="reversed")
        record = self.records.setdefault(reference, Record(reference, "", "reversed", said))
        if record.state in ("approved", "pending"):
            self.undo(record)
        if record.said.challenge is not None:
            self.challenges[record.said.challenge].used = True
        record.state, record.said = "reversed", said

    def undo(self, record: Record) -> None:
        match record.verb:
            case "authorize":
                record.held = record.captured = 0
            case "capture":
                sale = self.sale(record)
                sale.held, sale.captured = sale.amount, 0
            case "refund":
                self.undo_refund(record, "reversed")

    def undo_refund(self, record: Record, state: str) -> None:
        self.sale(record).refunded -= record.amount
        self.due.pop(record.reference, None)
        record.state = state

    def arrive(self, reference: str) -> None:
        record = self.records[reference]
        record.state = "approved"
        record.said = replace(record.said, word="approved")
        self.due.pop(reference)
        self.notify(reference, "outcome")

    def give_back(self, reference: str) -> None:
        self.undo_refund(self.records[reference], "returned")
        self.notify(reference, "return")

    def notify(self, reference: str, kind: str) -> None:
        self.notices.append(Notice(len(self.notices) + 1, reference, kind))

    def standing(self, since: float) -> list[Standing]:
        """What was booked since that second, and neither declined nor undone, oldest first."""
        return [
            Standing(r.reference, r.verb, r.amount, r.currency, r.original, r.at)
            for r in self.records.values()
            if r.at >= since and r.state in ("approved", "pending")
        ]

    def sale(self, record: Record) -> Record:
        """The authorization that a capture or a refund goes back to."""
        while record.verb != "authorize":
            record = self.records[record.original or ""]
        return record

    def matured(self, now: float) -> Iterator[Line]:
        """What has happened to refunds by `now`."""
        for reference, at in list(self.due.items()):
            if at <= now:
                pending = self.records[reference].state == "pending"
                yield Arrived(at, reference) if pending else Returned(at, reference)
