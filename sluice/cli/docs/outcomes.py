"""Verb × word of the rail -> rows, postings, events, answer: what the rules say when they are played (DESIGN 2)."""

from sluice.books.ledger import BalanceTransaction
from sluice.cli.docs.scenes import WORDS, Scene, every_scene
from sluice.cli.docs.tables import NOTICE, codes, table
from sluice.payments.instructions import Instruction
from sluice.payments.refunds import Contradiction
from sluice.rails.outcomes import Outcome
from sluice.rules.plans import Change
from sluice.store.rows import Row

HEAD = """
# What each answer of a rail does

A payment of 10.00 USD (1000), fees 2.9 % and 30, played on the rules that the program runs. *Rows* are what settle
commits, in one commit with the postings, the events and the answer. An instruction that stays `open` or `reversing`
is recovery's: it asks the rail until it knows, or takes the payment back.

- *approved something else*: amount, currency or reference are not those that were asked for. It is not believed, it
  is a discrepancy that a person sees, and an authorisation is taken back.
- *not sent*: not one byte left. *unknown*: anything else that is no answer.
- A *contradiction* is what no move allows: it is kept for a person, and nothing is changed.

How each noun moves is drawn at [states](states.md).
"""
COLUMNS = ("The rail says", "Rows", "Postings (debit → credit)", "Events", "Answer")


def page() -> str:
    text = NOTICE + HEAD
    for scene in every_scene():
        text += f"\n## {scene.name}\n\nAsked when: {standing(scene)}.\n\n"
        text += table(COLUMNS, [(word, *line(scene, said)) for word, said in WORDS.items()])
    return text


def standing(scene: Scene) -> str:
    """How the rows stand while the rail is asked."""
    rows = [row for row in scene.case.rows.values() if row and not isinstance(row, Instruction | BalanceTransaction)]
    return ", ".join(map(state, rows))


def line(scene: Scene, said: Outcome) -> tuple[str, str, str, str]:
    try:
        change, instruction = scene.hears(said)
    except Contradiction:
        return "a contradiction", "–", "–", "nothing new"
    rows = [state(row) for row in (*change.saved, *change.new) if not isinstance(row, Instruction | BalanceTransaction)]
    rows += [f"`{row.type}` of {row.net} net" for row in change.new if isinstance(row, BalanceTransaction)]
    closed = [row for row in change.saved if isinstance(row, Instruction)]
    rows += [state(instruction), *(f"the refund's {state(row)}" for row in closed)]
    postings = [f"{one.debit} → {one.credit} {one.amount}" for one in change.postings]
    return ", ".join(rows), ", ".join(postings) or "–", codes(told.type for told in change.told), answer(change)


def state(row: Row) -> str:
    """charge `succeeded`; of what has no state, only what it is."""
    noun = row.table.removesuffix("s").replace("_", " ")
    name = getattr(row, "status", None) or getattr(row, "state", None)
    return f"{noun} `{name}`" if name else noun


def answer(change: Change) -> str:
    if refusal := change.refusal:
        return f"{refusal.status} `{refusal.code}`" if refusal.code else str(refusal.status)
    assert change.shows
    wire = change.shows.wire(False)
    return f"200 {wire['object']}" + (f" `{wire['status']}`" if wire.get("status") else "")
