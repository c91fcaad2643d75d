"""The bank's book, under any sequence of messages: it never pays above what it holds, and a replay comes to the same."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.simulators.bank.book import Book
from sluice.simulators.bank.entries import Line
from sluice.simulators.bank.journal import Journal
from sluice.simulators.bank.teller import HOLD_SECONDS, Teller
from sluice.simulators.bank.words import Authorize, Capture, Card, Challenged, Refund, Reverse, Void

CARDS = ["4242424242424242"] * 3 + ["4000000000007726", "4000000000005126", "4000000000000002", "4000002760003184"]
Money = Authorize | Capture | Void | Refund
Ask = Money | Reverse | float  # a float: seconds that pass


@st.composite
def asks(draw: st.DrawFn, n: int) -> Ask:
    """The `n`-th message, under a new reference, of an earlier one; now and then a repeat or another currency."""
    original = f"r{draw(st.sampled_from([0, 0, 0, n // 2, n // 2, max(0, n - 1), n]))}"
    reference = draw(st.sampled_from([f"r{n}"] * 9 + [original]))
    amount, currency = draw(st.sampled_from([1000, 1000, 600, 400, 1, 0, 1001])), draw(st.sampled_from(["usd"] * 9 + ["eur"]))
    match draw(
        st.sampled_from(
            ["authorize"] * (1 if n else 40) + ["capture", "capture", "void", "refund", "refund", "reverse", "time"]
        )
    ):
        case "authorize":
            card, capture = Card(draw(st.sampled_from(CARDS)), 1, 2999), draw(st.sampled_from([False, False, True]))
            return Authorize(id=1, reference=reference, amount=amount, currency=currency, card=card, capture=capture)
        case "capture":
            return Capture(id=1, reference=reference, amount=amount, currency=currency, original=original)
        case "void":
            return Void(id=1, reference=reference, amount=amount, currency=currency, original=original)
        case "refund":
            return Refund(id=1, reference=reference, amount=amount, currency=currency, original=original)
        case "reverse":
            return Reverse(id=1, reference=original, amount=amount, currency=currency)
    return draw(st.floats(0, 10))


@st.composite
def conversations(draw: st.DrawFn) -> list[Ask]:
    return [draw(asks(n)) for n in range(draw(st.integers(1, 15)))]


class Bank:
    def __init__(self) -> None:
        self.book, self.lines, self.now = Book(refund_seconds=5), list[Line](), 0.0
        self.teller = Teller(self.book, b"key", self.write)

    def write(self, line: Line) -> None:
        self.lines.append(line)
        self.book.apply(line)

    def ask(self, ask: Ask) -> str:
        if isinstance(ask, float):
            self.now += ask
            for line in self.book.matured(self.now):
                self.write(line)
            return ""
        return self.teller.answer(ask, self.now).word


@given(conversations())
@settings(max_examples=150, deadline=None)
def test_it_never_pays_above_what_it_holds(asked: list[Ask]) -> None:
    bank = Bank()
    for ask in asked:
        bank.ask(ask)
        for record in bank.book.records.values():
            assert 0 <= record.refunded <= record.captured <= record.amount
            assert 0 <= record.held + record.captured <= record.amount
    again = Book(refund_seconds=5)
    for line in bank.lines:
        again.apply(line)
    assert again.__dict__ == bank.book.__dict__


@given(conversations())
@settings(max_examples=60, deadline=None)
def test_a_repeat_moves_nothing(asked: list[Ask]) -> None:
    """Nor do messages under a reference that was used for another."""
    bank = Bank()
    for ask in asked:
        first, before = bank.ask(ask), len(bank.lines)
        assert isinstance(ask, float) or bank.ask(ask) == first
        assert len(bank.lines) == before


def test_a_refund_called_back_does_not_arrive() -> None:
    """B-5.44."""
    bank = Bank()
    card = Card("4000000000007726", 1, 2999)
    bank.ask(Authorize(id=1, reference="a", amount=1000, currency="usd", card=card, capture=True))
    assert bank.ask(Refund(id=1, reference="b", amount=1000, currency="usd", original="a")) == "pending"
    assert bank.ask(Void(id=1, reference="c", amount=1000, currency="usd", original="b")) == "approved"
    bank.ask(60.0)
    assert bank.book.notices == []
    assert bank.book.records["a"].refunded == 0


def paying(bank: Bank, reference: str = "a", amount: int = 1000, capture: bool = False) -> str:
    card = Card("4242424242424242", 1, 2999)
    return bank.ask(Authorize(id=1, reference=reference, amount=amount, currency="usd", card=card, capture=capture))


def test_sums_have_their_bounds() -> None:
    """Not a unit above what is held is taken, nor above what was taken given back."""
    bank = Bank()
    paying(bank)
    amounts: list[tuple[type[Capture | Void | Refund], int, str]] = []
    amounts += [(Capture, 1001, "declined"), (Capture, 700, "approved"), (Capture, 1, "declined"), (Void, 300, "declined")]
    amounts += [(Refund, 701, "declined"), (Refund, 400, "approved"), (Refund, 301, "declined"), (Refund, 300, "approved")]
    for n, (kind, amount, word) in enumerate(amounts):
        assert bank.ask(kind(id=1, reference=f"b{n}", amount=amount, currency="usd", original="a")) == word


def test_a_hold_ends() -> None:
    """B-5.17: seven days; what is left can still be let go."""
    bank = Bank()
    assert paying(bank) == "approved"
    bank.now = HOLD_SECONDS
    assert bank.ask(Capture(id=1, reference="b", amount=1000, currency="usd", original="a")) == "declined"
    assert bank.ask(Void(id=1, reference="c", amount=1000, currency="usd", original="a")) == "approved"


def test_what_was_passed_on_is_not_called_back() -> None:
    """A sale whose money went back to the buyer cannot be reversed on top."""
    bank = Bank()
    paying(bank, capture=True)
    assert bank.ask(Refund(id=1, reference="b", amount=400, currency="usd", original="a")) == "approved"
    assert bank.ask(Reverse(id=1, reference="a", amount=1000, currency="usd")) == "declined"
    assert bank.ask(Reverse(id=1, reference="b", amount=400, currency="usd")) == "approved"
    assert bank.ask(Reverse(id=1, reference="a", amount=1000, currency="usd")) == "approved"


def test_a_reference_is_one_message() -> None:
    bank = Bank()
    assert paying(bank) == "approved"
    assert paying(bank, amount=999) == "refused"


def test_a_challenge_of_nobody_is_refused() -> None:
    bank = Bank()
    said = bank.teller.answer(Challenged(id=1, challenge="none", outcome="complete"), 0.0)
    assert said.word == "refused"


def test_the_journal_tells_no_card(tmp_path: Path) -> None:
    """Law 8: fingerprints under a key of the book's own."""
    bank, journal = Bank(), Journal(tmp_path / "book")
    paying(bank)
    for line in bank.lines:
        journal.add(line)
    journal.close()
    assert b"4242424242424242" not in (tmp_path / "book" / "journal").read_bytes()
    reopened = Journal(tmp_path / "book")
    assert list(reopened.replay()) == bank.lines
    assert reopened.key == journal.key
    reopened.close()
