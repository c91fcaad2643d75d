"""Holds whose time is over are let go: by the money path, like everything that a rail is asked (B-5.17)."""

import asyncio

from msgspec.structs import replace

from sluice.books.audit.entries import Who
from sluice.core.clock import clock
from sluice.core.errors import Refused
from sluice.core.ids import new_id
from sluice.payments import money_path
from sluice.payments.cancel import letting_go
from sluice.payments.charges import Charge
from sluice.payments.desk import Desk
from sluice.payments.instructions import Instruction
from sluice.payments.intents import Intent
from sluice.rails.types import Void
from sluice.rules.calls import Call, Verb, id_in
from sluice.rules.plans import Change, Plan, Request
from sluice.store.reads import Load, Rows

AT_ONCE = 32
DAY = 86_400
WORKER = Who("process", "worker")

DUE_SCOPES = """select d.scope, s.livemode from (select distinct scope from charges where held_until <= $1) d
    join scopes s on s.scope = d.scope"""
# One that was asked about today is not asked about again: its key is there.
DUE = """select c.id from charges c left join intents i on i.scope = $1 and i.id = c.intent
    where c.scope = $1 and c.held_until <= $2 and c.live is null and i.live is null
        and not exists (select from idempotency k where k.scope = $1 and k.key = 'expiry/' || c.id || '/' || $3::text)
    order by c.held_until limit $4"""
BEFORE_SCOPE = (DUE_SCOPES,)


async def sweep(desk: Desk) -> int:
    """Lets go what is due, oldest first; answers how many holds it took up. A poisoned one does not stop the others (F28)."""
    taken = 0
    if not await desk.may_ask():
        return taken
    for scope, livemode in await desk.database.fetch(DUE_SCOPES, clock.seconds()):
        now = clock.seconds()
        ids = [row["id"] for row in await desk.database.fetch(DUE, scope, now, str(now // DAY), AT_ONCE)]
        results = await asyncio.gather(*(one(desk, scope, livemode, id, now) for id in ids), return_exceptions=True)
        taken += len(ids)
        for id, result in zip(ids, results, strict=True):
            if isinstance(result, Exception):
                desk.troubled(f"expiry of {id}", result)
    return taken


async def one(desk: Desk, scope: int, livemode: bool, charge: str, now: int) -> None:
    """The key is the hold's and the day's: of two workers one asks, and what the rail refuses is asked again tomorrow."""
    key = f"expiry/{charge}/{now // DAY}"
    call = Call(
        operation="", path="", scope=scope, livemode=livemode, account="", at=now, request="", vault=desk.vault,
        ids={"charge": charge}, key=key, who=WORKER,
    )  # fmt: skip
    await money_path.run(desk, EXPIRE, call)


def expire(call: Call, rows: Rows) -> Plan:
    """Asks for the release; a hold that was taken, let go or taken up meanwhile is none any more."""
    charge, intent = rows.one(Charge, "charge"), rows.get_one(Intent, "intent")
    if not charge.held_until or charge.held_until > call.at or charge.live or (intent and intent.live):
        raise Refused(f"The hold of {charge.id} is not to be let go now.", judged=True)
    if intent:
        return Plan(*letting_go(rows, replace(intent, doc=intent.doc | {"cancellation_reason": "automatic"}), expired=True))
    authorized, asking = rows.one(Instruction, "authorized"), new_id("ask_")
    ask = Void(charge.money, authorized.reference)
    request = Request(
        ask, charge.id, asking, authorized.rail, charge=charge.id, shows="charge", extra={"expired": True}
    )  # fmt: skip
    return Plan(Change(saved=(replace(charge, live=asking),)), request)


EXPIRE = Verb(
    "charges.expire",
    expire,
    (
        Load(Charge, "charge", "$3"),
        Load(Intent, "intent", "charge.intent"),
        Load(Instruction, "authorized", "charge.instruction"),
    ),
    id_in("charge"),
)
