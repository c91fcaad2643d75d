"""Recovery: instructions whose lease ran out, one way only (DESIGN §2). Inquire; known: settle. Else reverse, or repeat.

No row lock is held during an outside call: a claim is a lease, and what is written is written only by its holder (F17).
"""

import asyncio
from typing import assert_never

import structlog
from msgspec.structs import replace

from sluice.core import limits
from sluice.core.clock import clock
from sluice.core.ids import new_id
from sluice.core.log import about
from sluice.core.tracing import span
from sluice.payments.charges import Charge
from sluice.payments.desk import Desk
from sluice.payments.discrepancies import Discrepancy
from sluice.payments.instructions import Instruction, heard
from sluice.payments.intents import Intent
from sluice.payments.leases import PAUSES, leased, left, soon
from sluice.payments.settling import DECIDE, Case, payment_of, read, send, settle
from sluice.rails import caller
from sluice.rails.outcomes import ActionRequired, Approved, Declined, NotFound, NotSent, Pending, Returned, Unknown, Word
from sluice.rails.types import ENVELOPE
from sluice.store.database import LOST
from sluice.store.facts import Fact
from sluice.store.reads import Rows

AT_ONCE, RAILS_AT_ONCE = 32, 16
INQUIRIES = 3  # without an answer, before an authorisation is taken back
UNDONE = Declined("processing_error")


def ours(first: int) -> str:
    """What a newer program beside us has asked, in a way that we do not know, is left to it (F43)."""
    verbs, rails, envelope = first, first + 1, first + 2
    return f"""state in ('open', 'reversing') and verb = any(${verbs}::text[]) and rail = any(${rails}::text[])
        and (envelope ->> 'version')::int <= ${envelope}"""


DUE = f"""select d.scope, s.livemode, d.rail from (select scope, rail, min(until) oldest from instructions
        where state <> 'closed' and until <= $1 and {ours(2)} group by scope, rail) d
    join scopes s on s.scope = d.scope order by d.oldest"""
STRANGE = f"""select distinct verb, rail, state, envelope ->> 'version' envelope from instructions
    where state <> 'closed' and until <= $1 and not ({ours(2)})"""
# Materialized: as a sub-select that a plan runs again, the limit would bound nothing.
CLAIM = f"""with picked as materialized (
        select id from instructions where scope = $1 and state <> 'closed' and until <= $2
        and {ours(6)} order by until limit $5 for update skip locked)
    update instructions i set token = $3, until = $4, version = version + 1 from picked p
    where i.scope = $1 and i.id = p.id returning i.id"""
# Of one that we could not even read: later again, with growing pauses.
SET_ASIDE = """update instructions set tries = tries + 1, version = version + 1,
    until = $4::bigint + 1000000 * ($5::bigint[])[least(tries + 1, cardinality($5::bigint[]))]
    where scope = $1 and id = $2 and token = $3 returning tries"""
BEFORE_SCOPE = (DUE, STRANGE)

log = structlog.get_logger()
_left: set[tuple[str, ...]] = set()


async def sweep(desk: Desk) -> int:
    """Recovers what is due, each rail account's apart from the others'; answers how many instructions it took."""
    taken, now = 0, clock.micros()
    await leave_the_strange(desk, now)
    due = await desk.database.fetch(DUE, now, *known_to(desk))
    for first in range(0, len(due), RAILS_AT_ONCE):
        some = due[first : first + RAILS_AT_ONCE]
        taken += sum(await asyncio.gather(*(of_rail(desk, scope, livemode, rail) for scope, livemode, rail in some)))
    return taken


def known_to(desk: Desk) -> tuple[list[str], list[str], int]:
    return list(DECIDE), list(desk.rails), ENVELOPE


async def leave_the_strange(desk: Desk, now: int) -> None:
    """What is due and not known here, said once by each process; a rail account that was only just opened is looked up."""
    if any(tuple(row) not in _left for row in await desk.database.fetch(STRANGE, now, *known_to(desk))):
        await desk.know_rails()
        for row in await desk.database.fetch(STRANGE, now, *known_to(desk)):
            _left.add(tuple(row))
            log.warning("instructions that this version does not know are left to a newer one", **row)


async def of_rail(desk: Desk, scope: int, livemode: bool, rail: str) -> int:
    """One account's: all that is due while it answers, and one handful while it hangs."""
    ends, taken, verbs = clock.now() + limits.RECOVERY_TURN, 0, list(DECIDE)
    while True:
        token = new_id("tk_")
        due = await desk.database.fetch(CLAIM, scope, clock.micros(), token, leased(), AT_ONCE, verbs, [rail], ENVELOPE)
        await asyncio.gather(*(guarded(desk, scope, livemode, row["id"], token) for row in due))
        taken += len(due)
        if len(due) < AT_ONCE or clock.now() > ends:
            return taken


async def guarded(desk: Desk, scope: int, livemode: bool, id: str, token: str) -> None:
    """A poisoned one does not stop the others: it waits longer and longer, and a person is told (F28)."""
    about(loop="recovery", scope=scope, instruction=id)
    try:
        with span("recover", instruction=id, scope=scope):
            await one(desk, scope, livemode, id, token)
    except LOST as away:
        desk.troubled("recovery", away)  # taken up again when the lease has run out
    except Exception as defect:
        desk.troubled("recovery", defect)
        now = clock.micros()
        for (tries,) in await desk.database.fetch(SET_ASIDE, scope, id, token, now, list(PAUSES)):
            if tries == len(PAUSES):
                row = Discrepancy(new_id("dis_"), 0, clock.seconds(), "poisoned", id, {"type": type(defect).__name__}, None)
                await desk.database.write(Fact("discrepancy", scope, new_id("fact_"), new=(row,)), must=True)


async def one(desk: Desk, scope: int, livemode: bool, id: str, token: str) -> None:
    case = await read(desk, scope, livemode, id, token)
    if case.instruction.token != token or case.instruction.state == "closed":
        return
    if case.instruction.state == "reversing":
        await undo(desk, case)
    else:
        await inquire(desk, case)


async def inquire(desk: Desk, case: Case) -> None:
    word = await caller.inquire(await desk.rail(case.instruction.rail), case.instruction.message, left(case.instruction))
    match word:
        case Approved() | Declined() | ActionRequired() | Pending() | Returned() | Unknown(said=Approved()):
            await settle(desk, case, word)
        case NotFound() | Unknown() | NotSent():
            await unknowable(desk, case, word)
        case _:
            assert_never(word)


async def unknowable(desk: Desk, case: Case, word: Word) -> None:
    """The rail cannot say, or says that it never heard of it, which is final only after its late horizon (F14)."""
    instruction, rail = case.instruction, await desk.rail(case.instruction.rail)
    may_arrive = clock.now() < sent_by(instruction) + rail.can.late_horizon
    early = may_arrive and (isinstance(word, NotFound) or not rail.can.reversal_blocks)
    if early or (not isinstance(word, NotFound) and instruction.tries < INQUIRIES):
        await postpone(desk, case, word)
    elif instruction.verb in ("authorize", "check"):
        await take_back(desk, case, word)
    elif instruction.message.verb in rail.can.safe_repeats:
        await repeat(desk, case, word)
    else:
        await postpone(desk, case, word)


def sent_by(instruction: Instruction) -> float:
    """The second after which nothing of it leaves us any more: its lease was the rail's deadline, and a margin."""
    return instruction.created + 1 + limits.RAIL_SECONDS


async def take_back(desk: Desk, case: Case, word: Word) -> None:
    """`reversing` is committed before the reversal leaves: a one-way door, no inquiry leads back (F15)."""
    if again := await write(desk, case, replace(case.instruction, state="reversing", said=heard(word), until=leased())):
        await undo(desk, again)


async def repeat(desk: Desk, case: Case, word: Word) -> None:
    """The same message under its own reference: only where the rail declares that safe, and under a fresh lease."""
    if again := await write(desk, case, replace(case.instruction, until=leased()), stuck(case, word)):
        await settle(desk, again, await send(desk, again.instruction, None))


async def undo(desk: Desk, case: Case) -> None:
    """The reversal, under its own reference, until it is acknowledged (F16)."""
    instruction = case.instruction
    word = await caller.reverse(await desk.rail(instruction.rail), instruction.message, left(instruction))
    if not isinstance(word, Approved):
        await postpone(desk, case, word)
    elif unsettled(case):
        await settle(desk, case, UNDONE)
    else:
        await write(desk, case, replace(instruction, state="closed"))


def unsettled(case: Case) -> bool:
    """Whether the payment, or the caller, still waits for this instruction; a late approval's does not."""
    intent, charge = case.rows.get_one(Intent, "intent"), case.rows.get_one(Charge, "charge")
    if intent:
        return intent.live == case.instruction.id
    return case.waits or (charge is not None and charge.status == "pending")


async def postpone(desk: Desk, case: Case, word: Word) -> None:
    """Later again, with growing pauses."""
    before = case.instruction
    after = replace(before, said=heard(word), tries=before.tries + 1, until=soon(before))
    await write(desk, case, after, stuck(case, word))


def stuck(case: Case, word: Word) -> tuple[Discrepancy, ...]:
    """What is still open after every pause is shown to a person, once; we go on asking."""
    before = case.instruction
    if before.tries != len(PAUSES):
        return ()
    kind = "not_reversed" if before.state == "reversing" else "not_knowable"
    return (Discrepancy(new_id("dis_"), 0, clock.seconds(), kind, before.id, heard(word), None),)


async def write(desk: Desk, case: Case, after: Instruction, new: tuple[Discrepancy, ...] = ()) -> Case | None:
    """The case as it is then; None: somebody else has taken it up."""
    fact = Fact(f"{after.verb}.recover", case.scope, new_id("fact_"), saved=(after,), new=new)
    if not await desk.database.write(fact, payment=payment_of(case.rows), must=True):
        return None
    return replace(case, rows=Rows(case.rows | {"instruction": replace(after, version=after.version + 1)}))
