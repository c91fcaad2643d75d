"""Notices: a rail says that something happened. Stored before it is applied, never believed: it makes us ask (F18, F19)."""

import asyncio
from typing import Any, NamedTuple, assert_never

from msgspec import Struct
from msgspec.structs import replace

from sluice.core import limits
from sluice.core.clock import clock
from sluice.core.ids import TIME, base62, new_id
from sluice.payments import refunds
from sluice.payments.desk import Desk
from sluice.payments.discrepancies import Discrepancy
from sluice.payments.instructions import heard
from sluice.payments.leases import PAUSES
from sluice.payments.settling import DECIDE, completed, known, late, payment_of, read
from sluice.rails import caller
from sluice.rails.outcomes import ActionRequired, Approved, Declined, NotFound, NotSent, Pending, Returned, Unknown
from sluice.rails.types import Rail
from sluice.store.facts import Fact

AT_ONCE = 32
LISTEN_SECONDS = 20.0
GIVE_UP = 3_600  # seconds until a person is asked what a notice means
MICRO = 1_000_000
KINDS = ("outcome", "return")
NOBODY = 0  # the scope of what belongs to no merchant

CURSOR = "select coalesce(max(number), 0) heard from notices where rail = $1"
KEEP = """insert into notices (rail, number, reference, kind, received)
    select $1, line.number, line.reference, line.kind, $5
    from unnest($2::bigint[], $3::text[], $4::text[]) line (number, reference, kind) on conflict (rail, number) do nothing"""
CLAIM = """with picked as materialized (
    select rail, number from notices where applied is null and due <= $1 order by due, number limit $3 for update skip locked)
    update notices n set due = $2, tries = n.tries + 1 from picked p where n.rail = p.rail and n.number = p.number
    returning n.rail, n.number, n.reference, n.kind, n.received, n.tries"""
APPLIED = "update notices set applied = $3 where rail = $1 and number = $2"
LATER = "update notices set due = $3 where rail = $1 and number = $2"
WHOSE = """select i.scope, s.livemode, i.id, i.verb, i.state from instructions i join scopes s on s.scope = i.scope
    where i.rail = $1 and i.reference = $2"""
# Recovery asks at once, but not while the first caller still waits for his answer; a look out of turn is none of its tries.
LOOK_NOW = """update instructions set until = $3, tries = greatest(tries - 1, 0)
    where scope = $1 and id = $2 and state = 'open' and said is not null and until > $3"""
BEFORE_SCOPE = (CURSOR, KEEP, CLAIM, APPLIED, LATER, WHOSE)


class Heard(NamedTuple):
    """A notice as it lies in its table."""

    rail: str
    number: int
    reference: str
    kind: str
    received: int
    tries: int


class Unclear(Struct, frozen=True):
    """What a notice could not settle: shown to a person at once when `final`, else when it stays so."""

    kind: str
    scope: int = NOBODY
    about: str = ""
    said: dict[str, Any] = {}
    final: bool = False


async def listen(desk: Desk, rail: Rail) -> bool:
    """Waits for the rail's next notices and stores them; the highest number that is stored is how far we have heard."""
    [(heard_of,)] = await desk.database.fetch(CURSOR, rail.name)
    news = await caller.watch(rail, heard_of, LISTEN_SECONDS)
    if news:
        columns = ([one.number for one in news], [one.reference for one in news], [one.kind for one in news])
        await desk.database.execute(KEEP, rail.name, *columns, clock.seconds())
    return True


async def sweep(desk: Desk) -> int:
    """Applies what waits; answers how many it took up."""
    now = clock.seconds()
    lease = now + int(limits.RAIL_SECONDS + limits.LEASE_MARGIN)
    waiting = [Heard(*row) for row in await desk.database.fetch(CLAIM, now, lease, AT_ONCE)]
    results = await asyncio.gather(*(take_up(desk, notice) for notice in waiting), return_exceptions=True)
    for notice, result in zip(waiting, results, strict=True):
        if isinstance(result, Exception):
            desk.troubled(f"notice {notice.number} of {notice.rail}", result)
    return len(waiting)


async def take_up(desk: Desk, notice: Heard) -> None:
    """Done, or later again, or shown to a person."""
    unclear, now = await apply(desk, notice), clock.seconds()
    if unclear is None:
        await desk.database.execute(APPLIED, notice.rail, notice.number, now)
    elif unclear.final or now - notice.received > GIVE_UP:
        await show(desk, notice, unclear, now)
    else:
        pause = PAUSES[min(notice.tries, len(PAUSES)) - 1]
        await desk.database.execute(LATER, notice.rail, notice.number, now + pause)


async def apply(desk: Desk, notice: Heard) -> Unclear | None:
    """None once all that it can mean has happened."""
    whose = await desk.database.fetchrow(WHOSE, notice.rail, notice.reference)
    if whose is None:
        return Unclear("unknown_reference")
    scope, livemode, id, verb, state = whose
    if verb not in DECIDE or notice.kind not in KINDS:
        return Unclear("notice_not_known_here", scope, id)  # a newer program beside us will know it (F43)
    if state != "closed":
        await desk.database.execute(LOOK_NOW, scope, id, clock.micros())
        return Unclear("notice_without_outcome", scope, id)
    if notice.kind == "outcome":
        return await look_again(desk, scope, livemode, id)
    if notice.kind == "return" and verb == "refund":
        return await come_back(desk, scope, livemode, id)
    return Unclear("unexpected_notice", scope, id, final=True)


async def look_again(desk: Desk, scope: int, livemode: bool, id: str) -> Unclear | None:
    """What is closed as approved is known; of anything else the rail may have come to another end after we gave it up (F12)."""
    case = await read(desk, scope, livemode, id, "")
    if known(case.instruction):
        return None
    word = await caller.inquire(await desk.rail(case.instruction.rail), case.instruction.message, limits.RAIL_SECONDS)
    match word:
        case Approved():
            await late(desk, case, word)
        case Unknown() | NotSent() | Pending():
            return Unclear("notice_without_outcome", scope, id, heard(word))
        case Declined() | NotFound() | Returned() | ActionRequired():
            pass  # as we have it
        case _:
            assert_never(word)
    return None


async def come_back(desk: Desk, scope: int, livemode: bool, id: str) -> Unclear | None:
    """A refund that had succeeded and came back from its card: if the rail says so when it is asked (F25)."""
    while True:
        case = await read(desk, scope, livemode, id, "")
        instruction = case.instruction
        word = await caller.inquire(await desk.rail(instruction.rail), instruction.message, limits.RAIL_SECONDS)
        if not isinstance(word, Returned):
            return Unclear("return_not_confirmed", scope, id, heard(word))
        try:
            change = refunds.returned(case.rows, word.reason, clock.seconds())
        except refunds.Contradiction as contradiction:
            return Unclear("contradiction", scope, id, heard(word) | {"why": str(contradiction)}, final=True)
        if not change.saved:
            return None  # said before
        change = replace(change, saved=(*change.saved, replace(instruction, said=heard(word))))
        fact = completed("refund.returned", scope, livemode, clock.seconds(), change, None, None, None)
        if await desk.database.write(fact, payment=payment_of(case.rows), must=True):
            return None


async def show(desk: Desk, notice: Heard, unclear: Unclear, now: int) -> None:
    """A discrepancy, once: its id is made of the notice's, and sorts by when that came (Law 9)."""
    said = unclear.said | {"rail": notice.rail, "number": notice.number, "kind": notice.kind}
    id = f"dis_{base62(notice.received * MICRO, TIME)}_{notice.rail}_{notice.number}"
    row = Discrepancy(id, 0, notice.received, unclear.kind, unclear.about or notice.reference, said, None)
    if await desk.database.one(Discrepancy, unclear.scope, row.id) is None:
        await desk.database.write(Fact("notice.unclear", unclear.scope, new_id("fact_"), new=(row,)), must=True)
    await desk.database.execute(APPLIED, notice.rail, notice.number, now)
