"""Cascade: an authorisation goes to the shop's next rail account only after a definite no that says so, or where surely not one
byte was sent (F22). Never after silence: that money may have moved.
"""

from contextlib import ExitStack

from msgspec.structs import replace

from sluice.core.clock import clock
from sluice.core.errors import Unavailable
from sluice.core.ids import new_id
from sluice.payments.desk import Desk
from sluice.payments.instructions import Instruction, heard, plain
from sluice.payments.intents import Intent
from sluice.payments.leases import leased
from sluice.payments.settling import Case, payment_of, read
from sluice.rails import caller
from sluice.rails.outcomes import Declined, NotSent, Outcome
from sluice.rails.types import Ask
from sluice.store.facts import Fact
from sluice.store.reads import Rows
from sluice.store.rows import Row


def may_go(instruction: Instruction, said: Outcome) -> bool:
    """Whether another bank may be asked: nothing was taken at this one, and nothing can be any more."""
    definite = isinstance(said, NotSent) or (isinstance(said, Declined) and said.elsewhere)
    return instruction.verb == "authorize" and definite


async def onward(desk: Desk, case: Case, ask: Ask, others: list[str], said: Outcome, rooms: ExitStack) -> Case | None:
    """The case as the next account will be asked, committed. None: this word stands, and is to be settled.

    Takes what it tries from `others`, and a place in the account's bulkhead, which `rooms` gives back.
    """
    while others and may_go(case.instruction, said):
        rail = await desk.rail(others.pop(0))
        try:
            rooms.enter_context(caller.room(rail))
        except Unavailable:
            continue
        fact, after = passed_on(desk, case, ask, rail.name, said)
        wrote = await desk.database.write(fact, payment=payment_of(case.rows), must=True)
        return after if wrote else await ours(desk, after)
    return None


def passed_on(desk: Desk, case: Case, ask: Ask, rail: str, said: Outcome) -> tuple[Fact, Case]:
    """ONE commit: the answer that was heard, its instruction closed, and the next written under a lease of its own."""
    before, intent, id = case.instruction, case.rows.get_one(Intent, "intent"), new_id("ask_")
    reference = desk.reference(id)
    envelope = plain(desk.rails[rail].prepare(ask, reference))
    next = replace(
        before, id=id, version=0, created=clock.seconds(), rail=rail, reference=reference, envelope=envelope, until=leased()
    )
    closed = replace(before, state="closed", said=heard(said) | {"passed_on": id})
    saved: tuple[Row, ...] = (closed, replace(intent, live=id)) if intent else (closed,)
    fact = Fact("authorize.pass_on", case.scope, new_id("fact_"), saved=saved, new=(next,))
    written = fact.written()
    rows = {"instruction": written[Instruction, id]} | ({"intent": written[Intent, intent.id]} if intent else {})
    return fact, replace(case, rows=Rows(case.rows | rows))


async def ours(desk: Desk, after: Case) -> Case | None:
    """Whether it was written before, and its answer lost (F29)."""
    id = after.instruction.id
    if await desk.database.ending.one(Instruction, after.scope, id) is None:
        return None
    return await read(desk, after.scope, after.livemode, id, after.token)
