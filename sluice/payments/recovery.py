"""Recovery: instructions whose lease ran out, one way only (DESIGN §2). Inquire; known: settle. Not knowable: reverse, or repeat.

No row lock is held during an outside call: a claim is a lease, and what is written is written only by its holder (F17).
"""

import asyncio

from msgspec.structs import replace

from sluice.core import limits
from sluice.core.clock import clock
from sluice.core.ids import new_id
from sluice.customers.payment_methods import PaymentMethod
from sluice.payments.charges import Charge
from sluice.payments.desk import Desk
from sluice.payments.discrepancies import Discrepancy
from sluice.payments.instructions import Instruction, heard
from sluice.payments.intents import Intent
from sluice.payments.settling import PAUSES, Case, leased, read, settle, soon
from sluice.rails import caller
from sluice.rails.outcomes import ActionRequired, Approved, Declined, NotFound, NotSent, Pending, Returned, Unknown, Word
from sluice.store.facts import Fact

AT_ONCE = 32
INQUIRIES = 3  # without an answer, before an authorisation is taken back
UNDONE = Declined("processing_error")

DUE_SCOPES = """select d.scope, s.livemode from (select distinct scope from instructions where state <> 'closed' and until <= $1) d
    join scopes s on s.scope = d.scope"""
CLAIM = """update instructions set token = $3, until = $4, version = version + 1 where scope = $1 and id in (
    select id from instructions where scope = $1 and state <> 'closed' and until <= $2 order by until limit $5 for update skip locked)
    returning id"""
BEFORE_SCOPE = (DUE_SCOPES,)


async def sweep(desk: Desk) -> int:
    """Recovers what is due, oldest first; answers how many instructions it took. A poisoned one does not stop the others (F28)."""
    taken = 0
    for scope, livemode in await desk.database.fetch(DUE_SCOPES, clock.micros()):
        token = new_id("tk_")
        ids = [row["id"] for row in await desk.database.fetch(CLAIM, scope, clock.micros(), token, leased(), AT_ONCE)]
        results = await asyncio.gather(*(one(desk, scope, livemode, id, token) for id in ids), return_exceptions=True)
        taken += len(ids)
        for id, result in zip(ids, results, strict=True):
            if isinstance(result, Exception):
                desk.troubled(f"recovery of {id}", result)
    return taken


async def one(desk: Desk, scope: int, livemode: bool, id: str, token: str) -> None:
    case = await read(desk, scope, livemode, id, token)
    if case.instruction.token != token or case.instruction.state == "closed":
        return None
    if case.instruction.state == "reversing":
        return await undo(desk, case)
    word = await caller.inquire(desk.rails[case.instruction.rail], case.instruction.message, limits.RAIL_SECONDS)
    match word:
        case Approved() | Declined() | ActionRequired() | Pending():
            await settle(desk, case, word)
        case Returned(reason):
            await settle(desk, case, Declined(reason))
        case Unknown(said=Approved()):
            await settle(desk, case, word)
        case NotFound() | Unknown() | NotSent():
            await unknowable(desk, case, word)


async def unknowable(desk: Desk, case: Case, word: Word) -> None:
    """The rail cannot say, or says that it never heard of it, which is final only after its late horizon (F14)."""
    instruction, rail = case.instruction, desk.rails[case.instruction.rail]
    early = clock.now() - instruction.created < rail.can.late_horizon + limits.RAIL_SECONDS
    if (isinstance(word, NotFound) and early) or (isinstance(word, Unknown | NotSent) and instruction.tries < INQUIRIES):
        await postpone(desk, case, word)
    elif instruction.verb in ("authorize", "check"):
        await take_back(desk, case, word)
    elif instruction.message.verb in rail.can.safe_repeats:
        await settle(desk, case, await caller.ask(rail, instruction.message, None, limits.RAIL_SECONDS))
    else:
        await postpone(desk, case, word, "not_knowable")


async def take_back(desk: Desk, case: Case, word: Word) -> None:
    """`reversing` is committed before the reversal leaves: a one-way door, no inquiry leads back (F15)."""
    after = replace(case.instruction, state="reversing", said=heard(word))
    if await write(desk, case, after):
        await undo(desk, await read(desk, case.scope, case.livemode, after.id, case.token))


async def undo(desk: Desk, case: Case) -> None:
    """The reversal, under its own reference, until it is acknowledged (F16)."""
    instruction = case.instruction
    word = await caller.reverse(desk.rails[instruction.rail], instruction.message, limits.RAIL_SECONDS)
    if not isinstance(word, Approved):
        await postpone(desk, case, word, "not_reversed" if instruction.tries == len(PAUSES) else None)
    elif unsettled(case):
        await settle(desk, case, UNDONE)
    else:
        await write(desk, case, replace(instruction, state="closed"))


def unsettled(case: Case) -> bool:
    """Whether the payment still waits for this instruction; a late approval's does not."""
    id, intent, charge = case.instruction.id, case.rows.get_one(Intent, "intent"), case.rows.get_one(Charge, "charge")
    if case.instruction.verb == "check":
        method = case.rows.get_one(PaymentMethod, "method")
        return method is not None and method.state == "taken"
    return intent.live == id if intent else charge is None or charge.status == "pending"


async def postpone(desk: Desk, case: Case, word: Word, kind: str | None = None) -> None:
    """Later again, with growing pauses; what a person should know is shown as a discrepancy, once."""
    before = case.instruction
    after = replace(before, said=heard(word), tries=before.tries + 1, until=soon(before))
    new = (Discrepancy(new_id("dis_"), 0, clock.seconds(), kind, before.id, heard(word), None),) if kind else ()
    await write(desk, case, after, new)


async def write(desk: Desk, case: Case, after: Instruction, new: tuple[Discrepancy, ...] = ()) -> bool:
    fact = Fact(f"{after.verb}.recover", case.scope, new_id("fact_"), saved=(after,), new=new)
    return await desk.database.write(fact, payment=after.subject, must=True)
