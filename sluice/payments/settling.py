"""Settle: ONE commit for the rail's word. Answer stored, instruction closed, state derived, postings, events, the key's answer.

The path itself settles, or recovery for a path that died; the same lines for both.
"""

from collections.abc import Callable
from typing import Any, get_args

from msgspec import Struct
from msgspec.structs import replace

from sluice.books.events import lines
from sluice.books.ledger import BalanceTransaction
from sluice.core import metrics
from sluice.core.clock import clock
from sluice.core.ids import new_id
from sluice.core.tracing import step
from sluice.customers.customers import Customer
from sluice.customers.payment_methods import PaymentMethod
from sluice.payments import attempts, cancel, capture, declines, refunds
from sluice.payments.answers import Answer, Renderer, steps
from sluice.payments.attaching import checked
from sluice.payments.card_declines import AGAIN
from sluice.payments.charges import Charge
from sluice.payments.desk import Desk
from sluice.payments.discrepancies import Discrepancy
from sluice.payments.instructions import Asked, Instruction, heard
from sluice.payments.intents import Intent
from sluice.payments.leases import left, soon
from sluice.payments.refunds import Contradiction, Refund
from sluice.rails import caller
from sluice.rails.outcomes import ActionRequired, Approved, Declined, NotSent, Outcome, Pending, Returned, Unknown, Word
from sluice.rails.types import Card, Rail
from sluice.rules.plans import Change
from sluice.store.facts import Claim, Fact, Finish
from sluice.store.reads import Kept, Load, Rows

WORDS = tuple(metrics.snake(each.__name__) for each in (*get_args(Outcome), Returned))
Decide = Callable[[Rows, Outcome, int, bool], Change]
DECIDE: dict[str, Decide] = {
    "authorize": attempts.decide,
    "capture": capture.captured,
    "check": checked,
    "refund": refunds.decide,
    "cancel_refund": refunds.canceled,
    "void": cancel.voided,
}
# What the settling of any instruction reads, found from the instruction itself.
LOADS = (
    Load(Instruction, "instruction", "$3"),
    Load(Refund, "refund", "coalesce(instruction.call -> 'extra' ->> 'refund', instruction.subject)"),
    Load(Instruction, "refunding", "refund.instruction"),
    Load(Intent, "intent", "coalesce(refund.intent, instruction.subject)"),
    Load(Charge, "charge", "instruction.call ->> 'charge'"),
    Load(PaymentMethod, "method", "instruction.call ->> 'method'"),
    Load(Customer, "customer", "instruction.call ->> 'customer'"),
    Load(PaymentMethod, "replaced", "instruction.call -> 'extra' ->> 'replaced'"),
    Load(BalanceTransaction, "sold", "charge.balance_transaction"),
    AGAIN,
)


class Case(Struct):
    """One instruction that is to be settled: its rows, whose lease it is, and whether its caller still waits for the answer."""

    scope: int
    livemode: bool
    rows: Rows
    token: str
    waits: bool = True

    @property
    def instruction(self) -> Instruction:
        return self.rows.one(Instruction, "instruction")


@step("send")
async def send(desk: Desk, instruction: Instruction, card: Card | None) -> Outcome:
    """The one that sends: within the lease, or not at all; a process that slept finds recovery at work (F13)."""
    seconds = left(instruction)
    if seconds <= 0:
        return NotSent("the lease had run out before a byte was sent")
    return await caller.ask(await desk.rail(instruction.rail), instruction.message, card, seconds)


@step("settle")
async def settle(desk: Desk, case: Case, said: Outcome | Returned) -> Answer | None:
    """Writes the word and answers the caller; None: somebody else has settled it, or will. Never asks the rail."""
    while True:
        fact, answer = await settlement(desk, case, said)
        if await desk.database.write(fact, payment=payment_of(case.rows), must=True):
            counted(desk.rails[case.instruction.rail], case.instruction.verb, said)
            return answer
        case = await read(desk, case.scope, case.livemode, case.instruction.id, case.token)
        if case.instruction.state == "closed" or case.instruction.token != case.token:
            await late(desk, case, said)
            return None


def counted(rail: Rail, verb: str, said: Word) -> None:
    name = metrics.kind(rail)
    metrics.born(metrics.SETTLED, WORDS, name, verb)[metrics.kind(said)].inc()
    if isinstance(said, Declined) and verb == "authorize":
        metrics.child(metrics.DECLINES, name, declines.group(said.reason)).inc()


async def read(desk: Desk, scope: int, livemode: bool, id: str, token: str) -> Case:
    """The rows as they are now; whether the key still waits."""
    _, rows = await desk.database.ending.load(scope, None, LOADS, id)
    case = Case(scope, livemode, rows, token)
    kept, _ = await desk.database.ending.load(scope, case.instruction.asked.key, ())
    case.waits = still_waits(kept, case.instruction.asked)
    return case


def still_waits(kept: Kept | None, asked: Asked) -> bool:
    return kept is not None and kept.status is None and kept.token == asked.claim


async def settlement(desk: Desk, case: Case, said: Outcome | Returned) -> tuple[Fact, Answer | None]:
    """The fact of a word, and the answer that belongs to it. A refund that came back before it was settled is a refused one."""
    at, before = clock.seconds(), case.instruction
    word = Declined(said.reason) if isinstance(said, Returned) else said
    after = heard_of(before, said)
    try:
        change = DECIDE[before.verb](case.rows, word, at, case.livemode)
    except Contradiction as contradiction:
        change = Change(new=(contradicted(before, said, str(contradiction), at),), shows=case.rows[before.asked.shows])
    asked = before.asked
    saved = (*change.saved, after) if after not in change.saved else change.saved
    change = replace(change, saved=saved, new=(*change.new, *lied(before, said, at)))
    answer = await shown(desk, case, change) if case.waits else None
    key = Finish(asked.key or "", asked.claim, answer.status, answer.body.decode()) if answer else None
    return completed(f"{before.verb}.settle", case.scope, case.livemode, at, change, key, asked.request, asked.given), answer


def heard_of(before: Instruction, said: Word) -> Instruction:
    """The instruction after the word: closed by a final one, on its way back when the rail lied, else open for recovery."""
    match said:
        case Approved() | Declined() | Returned():
            return replace(before, state="closed", said=heard(said))
        case ActionRequired() | NotSent() if before.verb in ("authorize", "check"):
            return replace(before, state="closed", said=heard(said))
        case Pending() | Unknown() if before.verb == "check":  # its caller heard a refusal, so no later word may attach it
            return replace(before, state="reversing", said=heard(said), until=soon(before))
        case Unknown(said=Approved()) if before.verb == "authorize":
            return replace(before, state="reversing", said=heard(said), until=soon(before))
        case _:
            return replace(before, said=heard(said), until=soon(before), tries=before.tries + 1)


def lied(before: Instruction, said: Word, at: int) -> tuple[Discrepancy, ...]:
    """F20: an approval of something else is what a person must see, once."""
    if isinstance(said, Unknown) and said.said and before.said != heard(said):
        return (Discrepancy(new_id("dis_"), 0, at, "wrong_answer", before.id, heard(said), None),)
    return ()


def contradicted(before: Instruction, said: Word, why: str, at: int) -> Discrepancy:
    """What no move allows is kept for a person: never dropped, never applied."""
    return Discrepancy(new_id("dis_"), 0, at, "contradiction", before.id, heard(said) | {"why": why}, None)


def known(closed: Instruction) -> bool:
    """Whether it is written down as approved: what came back had been, too."""
    return closed.said is not None and closed.said["type"] in ("Approved", "Returned")


async def late(desk: Desk, case: Case, said: Word) -> None:
    """F12: an approval for something closed otherwise. Stored and shown; what holds the buyer's money is reversed at once."""
    before = case.instruction
    if not isinstance(said, Approved) or before.state != "closed" or known(before):
        return
    row = Discrepancy(new_id("dis_"), 0, clock.seconds(), "late_approval", before.id, heard(said), None)
    state = "reversing" if before.verb in ("authorize", "capture") else "closed"
    after = replace(before, state=state, said=heard(said), until=clock.micros())
    fact = Fact("discrepancy", case.scope, new_id("fact_"), saved=(after,), new=(row,))
    if not await desk.database.write(fact, payment=payment_of(case.rows), must=True):
        await late(desk, await read(desk, case.scope, case.livemode, before.id, case.token), said)


async def shown(desk: Desk, case: Case, change: Change) -> Answer:
    """The caller's answer, as his own call would have made it."""
    asked = case.instruction.asked
    renderer = Renderer(desk.database.ending, case.scope, case.livemode, asked.publishable, desk.public_url)
    return await renderer.answer(change, steps(asked.operation, asked.expand))


def completed(
    name: str,
    scope: int,
    livemode: bool,
    at: int,
    change: Change,
    key: Claim | Finish | None,
    request: str | None,
    given: str | None,
) -> Fact:
    """A change as the writer takes it: a money fact bears its header's id, every other one its own."""
    header = next((row.id for row in change.new if isinstance(row, BalanceTransaction)), None)
    events: tuple[Any, ...] = tuple(lines(change.told, livemode, at, request or None, given))
    return Fact(
        name,
        scope,
        header or new_id("fact_"),
        key,
        change.saved,
        change.stand,
        change.new,
        change.gone,
        change.wide,
        (*change.postings, *events),
    )


def payment_of(rows: Rows) -> str:
    """What groups of facts are sorted by, so that all lock in one order: the intent, or what stands in its place."""
    intent, charge, refund = (rows.get_one(Intent, "intent"), rows.get_one(Charge, "charge"), rows.get_one(Refund, "refund"))
    if intent:
        return intent.id
    if charge:
        return charge.intent or charge.id
    if refund:
        return refund.intent or refund.charge
    return next((row.id for row in rows.values() if row), "")
