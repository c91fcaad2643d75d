"""The bank's rules: what it answers to a message, given its book. What it answers it has written down."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b

from sluice.core.ids import chance
from sluice.simulators.bank.book import RETURN_REASON, Book, Record
from sluice.simulators.bank.cards import CARDS, PLAIN
from sluice.simulators.bank.entries import Answered, Booked, Line, Reversed
from sluice.simulators.bank.issuer import Known, declined, judge, number
from sluice.simulators.bank.words import Authorize, Capture, Challenged, Details, Inquire, Refund, Reverse, Said, Void

HOLD_SECONDS = 7 * 24 * 3600
LATE_HORIZON = 5.0  # a message may be on its way for so long: "not found" is final only afterwards
Money = Authorize | Capture | Void | Refund


class Teller:
    """`write` puts a line in the journal and folds it into the book."""

    def __init__(self, book: Book, key: bytes, write: Callable[[Line], None]) -> None:
        self.book, self.key, self.write = book, key, write

    def answer(self, ask: Money | Reverse | Inquire | Challenged, now: float, told: str = "") -> Said:
        match ask:
            case Reverse():
                return self.reverse(ask, now)
            case Inquire():
                return self.inquire(ask.reference)
            case Challenged():
                return self.challenged(ask, now)
            case _:
                return self.once(ask, now, told)

    def once(self, ask: Money, now: float, told: str) -> Said:
        """A repeat gets the answer that the first one got, and moves nothing."""
        known = self.book.records.get(ask.reference)
        if known is not None:
            return repeated(known, ask)
        if ask.amount < 0 or not ask.reference:
            return Said("refused", reason="no such message")
        line = self.judged(ask, now, told)
        line.said.reference, line.said.amount, line.said.currency = ask.reference, ask.amount, ask.currency
        self.write(line)
        return line.said

    def judged(self, ask: Money, now: float, told: str) -> Booked:
        verb = type(ask).__name__.lower()
        line = Booked(now, verb, ask.reference, ask.amount, ask.currency, Said("approved"))
        if isinstance(ask, Authorize):
            return self.authorize(ask, line, told)
        line.original = ask.original
        original = self.book.records.get(ask.original)
        if original is None:
            line.said = declined(told or "no_such_original")
        elif reason := told or self.unfit(ask, original, now):
            line.said = declined(reason)
        elif isinstance(ask, Refund):
            line.refunds = self.book.sale(original).refunds
            details = Details(acquirer_reference=f"{number(ask.reference, 'acquirer') % 10**23:023}")
            line.said = Said("pending" if line.refunds == "pending" else "approved", details=details)
        return line

    def authorize(self, ask: Authorize, line: Booked, told: str) -> Booked:
        card = CARDS.get(ask.card.number, PLAIN)
        line.take, line.refunds, line.authentication = ask.capture, card.refunds, ask.authentication
        line.fingerprint = blake2b(ask.card.number.encode(), key=self.key, digest_size=16).hexdigest()
        day = datetime.fromtimestamp(line.at, UTC)
        line.said = judge(ask, self.known(ask, line.fingerprint), (day.year, day.month), told)
        if line.said.word == "challenge":
            line.said.challenge = "challenge_" + chance(24)
        return line

    def known(self, ask: Authorize, fingerprint: str) -> Known:
        asked = self.book.challenges.get(ask.authentication or "")
        same = asked and (asked.fingerprint, asked.amount, asked.currency) == (fingerprint, ask.amount, ask.currency)
        answered = asked.outcome if asked and same and not asked.used else None
        return Known(answered, self.book.set_up.get(ask.initial or "") == fingerprint)

    def unfit(self, ask: Capture | Void | Refund, original: Record, now: float) -> str:
        """Why it cannot be done: the original is not what it should be, or has not got the money."""
        if original.state not in ("approved", "pending"):
            return "no_such_original"
        if isinstance(ask, Void) and original.verb == "refund":
            return "" if original.state == "pending" else "no_such_original"
        if original.verb not in ("authorize", "capture" if isinstance(ask, Refund) else ""):
            return "no_such_original"
        sale = self.book.sale(original)
        if ask.currency != sale.currency:
            return "currency_not_supported"
        if isinstance(ask, Refund):
            return "" if 0 < ask.amount <= sale.captured - sale.refunded else "invalid_amount"
        if not sale.held:
            return "nothing_held"
        if isinstance(ask, Void):
            return ""
        if now >= sale.at + HOLD_SECONDS:
            return "hold_expired"
        return "" if 0 < ask.amount <= sale.held else "invalid_amount"

    def reverse(self, ask: Reverse, now: float) -> Said:
        """Acknowledged each time, also for what never came; but what was passed on cannot be called back."""
        record = self.book.records.get(ask.reference)
        if record and record.state != "reversed" and self.passed_on(record):
            return Said("declined", ask.reference, reason="passed_on")
        if record is None or record.state != "reversed":
            self.write(Reversed(now, ask.reference))
        return Said("approved", ask.reference, ask.amount, ask.currency)

    def passed_on(self, record: Record) -> bool:
        """Whether undoing it would leave the bank with less than it gave back."""
        if record.state not in ("approved", "pending"):
            return False
        return record.verb == "void" or (record.verb != "refund" and self.book.sale(record).refunded > 0)

    def inquire(self, reference: str) -> Said:
        record = self.book.records.get(reference)
        if record is None:
            return Said("not_found", reference)
        match record.state:
            case "canceled":
                return Said("declined", reference, reason="canceled")
            case "returned":
                return Said("returned", reference, record.amount, record.currency, reason=RETURN_REASON)
            case _:
                return record.said

    def challenged(self, ask: Challenged, now: float) -> Said:
        """The first answer counts; each later one hears it."""
        challenge = self.book.challenges.get(ask.challenge)
        if challenge is None or ask.outcome not in ("complete", "fail"):
            return Said("refused", reason="no such challenge")
        if not challenge.outcome:
            self.write(Answered(now, ask.challenge, ask.outcome))
        return Said("done", challenge.reference, challenge=ask.challenge, reason=challenge.outcome)


def repeated(record: Record, ask: Money) -> Said:
    if record.state == "reversed":
        return record.said  # a reversal blocks what it reversed
    if (record.amount, record.currency) != (ask.amount, ask.currency):
        return Said("refused", reason="the reference was used for another message")
    return record.said
