"""Verb × outcome → rows, postings, events, answer: the whole table, on the pure rules; and sums that hold whatever is said."""

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from msgspec.structs import replace

from sluice.cli.docs.scenes import AT, WORDS, Scene, asking, every_scene
from sluice.core.errors import Refused
from sluice.payments import refunds
from sluice.payments.charges import Charge
from sluice.payments.refunds import Contradiction, Refund
from sluice.rails.outcomes import Approved, Declined, Outcome
from sluice.rules.plans import Change
from sluice.store.facts import Fact
from sluice.store.reads import Rows
from sluice.store.rows import Row

SCENES = {scene.name: scene for scene in every_scene()}


class Ends(NamedTuple):
    """What settle comes to: the instruction's state, what the caller is shown, pairs posted, events told."""

    state: str
    shown: str  # a status, or the status code of a refusal
    posted: int
    told: str = ""


WAITS = Ends("open", "processing", 0)
FIRST_WAIT = Ends("open", "processing", 0, "payment_intent.processing charge.pending")
NO = Ends("closed", "402", 0)
PAID = "charge.succeeded payment_intent.succeeded charge.updated"
UNPAID = "charge.failed payment_intent.payment_failed"
TABLE: dict[str, dict[str, Ends]] = {
    "Authorize and take": {
        "approved": Ends("closed", "succeeded", 2, PAID),
        "declined": Ends("closed", "402", 0, UNPAID),
        "action required": Ends("closed", "requires_action", 0, "payment_intent.requires_action"),
        "pending": FIRST_WAIT,
        "not sent": Ends("closed", "402", 0, "payment_intent.payment_failed"),
        "unknown": FIRST_WAIT,
        "approved something else": FIRST_WAIT._replace(state="reversing"),
    },
    "Authorize only": {
        "approved": Ends("closed", "requires_capture", 0, "charge.succeeded payment_intent.amount_capturable_updated"),
        "declined": Ends("closed", "402", 0, UNPAID),
        "action required": Ends("closed", "requires_action", 0, "payment_intent.requires_action"),
        "pending": FIRST_WAIT,
        "not sent": Ends("closed", "402", 0, "payment_intent.payment_failed"),
        "unknown": FIRST_WAIT,
        "approved something else": FIRST_WAIT._replace(state="reversing"),
    },
    "Charge without an intent": {
        "approved": Ends("closed", "succeeded", 2, "charge.succeeded"),
        "declined": Ends("closed", "402", 0, "charge.failed"),
        "action required": Ends("closed", "402", 0, ""),
        "pending": Ends("open", "pending", 0, "charge.pending"),
        "not sent": NO,
        "unknown": Ends("open", "pending", 0, "charge.pending"),
        "approved something else": Ends("reversing", "pending", 0, "charge.pending"),
    },
    "Capture": {
        "approved": Ends("closed", "succeeded", 2, "charge.captured payment_intent.succeeded charge.updated"),
        "declined": NO,
        "action required": WAITS,
        "pending": WAITS,
        "not sent": WAITS,
        "unknown": WAITS,
        "approved something else": WAITS,
    },
    "Cancel a hold": {
        "approved": Ends("closed", "canceled", 0, "payment_intent.canceled"),
        "declined": NO,
        "action required": WAITS,
        "pending": WAITS,
        "not sent": WAITS,
        "unknown": WAITS,
        "approved something else": WAITS,
    },
    "Refund": {
        "approved": Ends("closed", "succeeded", 1, "refund.created charge.refunded"),
        "declined": Ends("closed", "failed", 0, "refund.created refund.failed charge.refund.updated"),
        "action required": Ends("open", "pending", 0, "refund.created"),
        "pending": Ends("open", "pending", 0, "refund.created"),
        "not sent": Ends("open", "pending", 0, "refund.created"),
        "unknown": Ends("open", "pending", 0, "refund.created"),
        "approved something else": Ends("open", "pending", 0, "refund.created"),
    },
    "Cancel a pending refund": {
        "approved": Ends("closed", "canceled", 0, "refund.updated"),
        "declined": Ends("closed", "400", 0),
        "action required": Ends("open", "pending", 0),
        "pending": Ends("open", "pending", 0),
        "not sent": Ends("open", "pending", 0),
        "unknown": Ends("open", "pending", 0),
        "approved something else": Ends("open", "pending", 0),
    },
    "Attach a card": {
        "approved": Ends("closed", "attached", 0, "payment_method.attached"),
        "declined": NO,
        "action required": Ends("closed", "attached", 0, "payment_method.attached"),
        "pending": Ends("reversing", "402", 0),
        "not sent": NO,
        "unknown": Ends("reversing", "402", 0),
        "approved something else": Ends("reversing", "402", 0),
    },
}


def ends(scene: Scene, word: Outcome) -> Ends:
    change, instruction = scene.hears(word)
    shown: Any = change.shows
    status = str(change.refusal.status) if change.refusal else getattr(shown, "status", None) or shown.state
    return Ends(instruction.state, status, len(change.postings), " ".join(told.type for told in change.told))


def test_the_table_is_whole():
    """Every verb that asks a rail, with every word it can hear."""
    assert {name: set(words) for name, words in TABLE.items()} == {name: set(WORDS) for name in SCENES}


@pytest.mark.shows("F21", "F25")
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("name", SCENES)
def test_what_a_word_comes_to(name: str, word: str):
    """B-5.25, B-5.4's tables: never a success without the rail's yes, never a decline without its no."""
    assert ends(SCENES[name], WORDS[word]) == TABLE[name][word]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("name", SCENES)
def test_postings_balance_and_name_one_currency(name: str, word: str):
    """Law 2: pairs, of positive amounts; the shop's account gains what the rail's loses."""
    change, _ = SCENES[name].hears(WORDS[word])
    assert all(posting.amount > 0 and posting.debit != posting.credit for posting in change.postings)
    assert len({posting.currency for posting in change.postings}) <= 1


@given(
    st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=6), st.sampled_from(sorted(set(SCENES) - {"Attach a card"}))
)
def test_words_that_come_again_post_once(words: list[str], name: str):
    """F18: however often a rail says something to an open instruction, and in what order: one sale, one refund."""
    scene, posted, told = SCENES[name], 0, []
    for word in words:
        change, instruction = scene.hears(WORDS[word])
        posted += len(change.postings)
        told += [event.type for event in change.told]
        scene = Scene(name, scene.before, replace(scene.case, rows=after(scene, change, instruction)))
        if instruction.state != "open":
            break
    assert posted <= 2
    assert len(told) == len(set(told))


def after(scene: Scene, change: Change, instruction: Row) -> Rows:
    written = Fact("", saved=(*change.saved, instruction), new=change.new).written()
    rows = scene.case.rows.after(written)
    for row in written.values():
        if isinstance(row, Charge):
            rows["charge"] = row
    return rows


class Refunding(RuleBasedStateMachine):
    """F24, F25: any refunds, any words, any order, returns and words said twice among them. The sums never break."""

    under_way: Bundle[str] = Bundle("under_way")
    arrived: Bundle[str] = Bundle("arrived")

    def __init__(self) -> None:
        super().__init__()
        self.rows = SCENES["Authorize and take"].then(WORDS["approved"])
        self.charge: Any = self.rows["charges"]
        self.refunds: dict[str, Refund] = {}
        self.instruction = SCENES["Refund"].case.instruction
        self.contradicted = False
        self.back = 0  # minor units, by the postings

    @rule(target=under_way, amount=st.integers(1, 1200))
    def opens(self, amount: int) -> str:
        rows = Rows(
            charge=self.charge,
            intent=self.rows["intents"],
            authorized=self.rows["instructions"],
            sold=self.rows["balance_transactions"],
        )
        left = self.charge.left
        try:
            plan = refunds.create(asking({"charge": self.charge.id, "amount": amount}), rows)
        except Refused:
            assert amount > left
            return ""
        assert amount <= left
        self.write(plan.change)
        (made,) = plan.change.new
        return made.id

    @rule(id=under_way, word=st.sampled_from(["pending", "unknown", "not sent"]))
    def hears_nothing_final(self, id: str, word: str) -> None:
        self.says(id, WORDS[word])

    @rule(target=arrived, id=consumes(under_way), yes=st.booleans())
    def hears_the_end(self, id: str, yes: bool) -> str:
        self.says(id, Approved(None, None, None) if yes else Declined("unknown"))
        return id

    @rule(id=arrived)
    def hears_it_again(self, id: str) -> None:
        """Nothing moves, and nobody is bothered with it."""
        if id:
            ended = self.refunds[id].status
            self.contradicted = False
            self.says(id, Approved(None, None, None) if ended == "succeeded" else Declined("unknown"))
            assert not self.contradicted

    @rule(id=arrived, yes=st.booleans())
    def hears_otherwise(self, id: str, yes: bool) -> None:
        self.says(id, Approved(None, None, None) if yes else Declined("unknown"))

    @rule(id=arrived)
    def comes_back(self, id: str) -> None:
        if id:
            self.apply(lambda rows: refunds.returned(rows, "expired_or_canceled_card", AT), id)

    def says(self, id: str, word: Outcome) -> None:
        if id:
            self.apply(lambda rows: refunds.decide(rows, word, AT, False), id)

    def apply(self, decide: Any, id: str) -> None:
        before = self.refunds[id].status
        rows = Rows(
            refund=self.refunds[id], charge=self.charge, instruction=self.instruction, sold=self.rows["balance_transactions"]
        )
        try:
            self.write(decide(rows))
        except Contradiction:
            self.contradicted = True
            assert self.refunds[id].status == before

    def write(self, change: Change) -> None:
        for posting in change.postings:
            self.back += posting.amount if posting.credit == "rail" else -posting.amount
        for (kind, id), row in Fact("", saved=change.saved, new=change.new).written().items():
            if kind is Charge:
                self.charge = row
            elif isinstance(row, Refund):
                self.refunds[id] = row

    @invariant()
    def sums_hold(self) -> None:
        def sum_of(*statuses: str) -> int:
            return sum(refund.amount for refund in self.refunds.values() if refund.status in statuses)

        assert 0 <= self.charge.refunded + self.charge.reserved <= self.charge.captured
        assert (self.charge.refunded, self.charge.reserved) == (sum_of("succeeded"), sum_of("asked", "pending"))
        assert self.back == self.charge.refunded


TestRefunding = pytest.mark.shows("F18", "F24", "F25")(Refunding.TestCase)
