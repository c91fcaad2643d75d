"""After a restore: what the rails booked, and the restored books do not know (F32). Nothing of it may be kept, or forgotten.

What goes back to a sale that the books know (a capture, void or refund) is taken into them: by the money path, where asking the
rail what became of it stands in for sending it. Anything else is an approval that nobody here will ever deliver for: it is
reversed. Each is a discrepancy, written first, so that a person can tell the shop. All can be done again after any death.

Several accounts may lie at one bank, which then lists to each what belongs to all: a reference is known by whichever asked it.
So may other installations: what bears another's mark is told, and left alone.
"""

from typing import Any, NamedTuple

from sluice.core import limits
from sluice.core.clock import clock
from sluice.core.errors import Refused, Unavailable
from sluice.core.ids import TIME, base62, new_id
from sluice.core.money import Money
from sluice.payments import cancel, capture, money_path, refunds
from sluice.payments.desk import Desk
from sluice.payments.discrepancies import Discrepancy
from sluice.rails import caller
from sluice.rails.outcomes import Approved, Outcome, answered
from sluice.rails.types import Booked, Card, Deadline, Envelope, Rail
from sluice.rules.calls import Call, Verb
from sluice.store.facts import Fact

KIND = "unknown_to_the_books"
LIST_SECONDS = 60
AT_ONCE = 1_000
MICRO = 1_000_000
NOBODY = 0  # the scope of what belongs to no merchant

KNOWN = "select reference from instructions where rail = any($1::text[]) and reference = any($2::text[])"
ORIGINAL = """select i.rail, i.scope, s.livemode, s.merchant, i.verb, i.subject, i.call ->> 'charge' charge, c.intent
    from instructions i join scopes s on s.scope = i.scope
    left join charges c on c.scope = i.scope and c.id = i.call ->> 'charge'
    where i.rail = any($1::text[]) and i.reference = $2"""
BEFORE_SCOPE = (KNOWN, ORIGINAL)


class Found(NamedTuple):
    """One message that the books did not know, and what was done: `taken` into the books, `reversed`, or `left`."""

    rail: str
    reference: str
    verb: str
    amount: int
    currency: str
    done: str


async def compare(desk: Desk, rail: Rail, since: float) -> list[Found]:
    """Deals with everything that the rail booked since then. Raises `Unavailable` when one could not be brought to its end."""
    found = await unknown(desk, await caller.booked(rail, since, LIST_SECONDS))
    booked, others = [one for one in found if desk.own(one.reference)], [one for one in found if not desk.own(one.reference)]
    taken = [await take_in(desk, rail, one) for one in booked]  # a capture before its refund
    rest = [one for one, done in zip(booked, taken, strict=True) if done is None]
    undone = [await undo(desk, rail, one) for one in reversed(rest)]  # a refund before its sale
    return [done for done in taken if done] + undone + [told(rail, one, "left") for one in others]


async def unknown(desk: Desk, booked: list[Booked]) -> list[Booked]:
    known: set[str] = set()
    for first in range(0, len(booked), AT_ONCE):
        references = [one.reference for one in booked[first : first + AT_ONCE]]
        known |= {row["reference"] for row in await desk.database.fetch(KNOWN, list(desk.rails), references)}
    return [one for one in booked if one.reference not in known and (one.amount or one.verb != "authorize")]


async def take_in(desk: Desk, rail: Rail, booked: Booked) -> Found | None:
    """What goes back to something that we know, written as if we had asked it now; None: it is nobody's, or does not fit."""
    original = await desk.database.fetchrow(ORIGINAL, list(desk.rails), booked.original) if booked.original else None
    move = original and moves(booked, original)
    if not original or not move:
        return None
    rail = await desk.rail(original["rail"])
    await show(desk, rail, booked, original["scope"])
    verb, ids, params = move
    call = Call(
        operation="", path=verb.name, scope=original["scope"], livemode=original["livemode"], account=original["merchant"],
        at=clock.seconds(), request="", vault=desk.vault, ids=ids, params=params,
        key=f"restored/{rail.name}/{booked.reference}",
    )  # fmt: skip
    try:
        answer = await money_path.run(Reader(desk, rail, booked.reference), verb, call)
    except Refused as refusal:
        if refusal.status == 503:
            raise
        return None
    return told(rail, booked, "taken") if answer.status == 200 else None


def moves(booked: Booked, original: Any) -> tuple[Verb, dict[str, str], dict[str, Any]] | None:
    """The move of ours that such a message comes from: its verb, ids and parameters."""
    charge, intent, amount = original["charge"], original["intent"], booked.amount
    match booked.verb, original["verb"]:
        case "refund", "authorize":
            return refunds.CREATE, {}, {"charge": charge, "amount": amount}
        case "capture", "authorize" if intent:
            return capture.CAPTURE, {"intent": intent}, {"amount_to_capture": amount}
        case "capture", "authorize":
            return capture.CAPTURE_CHARGE, {"charge": charge}, {"amount": amount}
        case "void", "authorize" if intent:
            return cancel.CANCEL, {"intent": intent}, {}
        case "void", "refund":
            return refunds.CANCEL, {"refund": original["subject"]}, {}
    return None


async def undo(desk: Desk, rail: Rail, booked: Booked) -> Found:
    """Reversed under its own reference; only its acknowledgement ends this."""
    await show(desk, rail, booked, NOBODY)
    envelope = Envelope(booked.verb, booked.reference, Money(booked.amount, booked.currency), {})
    word = await caller.reverse(rail, envelope, limits.RAIL_SECONDS)
    if isinstance(word, Approved):
        return told(rail, booked, "reversed")
    if booked.verb == "void":  # it gave the buyer's money free, and holds none
        return told(rail, booked, "left")
    raise Unavailable(f"{rail.name} has not acknowledged the reversal of {booked.reference}: {type(word).__name__}.")


def told(rail: Rail, booked: Booked, done: str) -> Found:
    return Found(rail.name, booked.reference, booked.verb, booked.amount, booked.currency, done)


async def show(desk: Desk, rail: Rail, booked: Booked, scope: int) -> None:
    """For a person, once: the id is made of the reference, and sorts by when it was booked (Law 9)."""
    id = f"dis_{base62(int(booked.at * MICRO), TIME)}_{rail.name}_{booked.reference}"
    if await desk.database.one(Discrepancy, scope, id) is None:
        said = {"rail": rail.name, "verb": booked.verb, "amount": booked.amount, "currency": booked.currency}
        row = Discrepancy(id, 0, clock.seconds(), KIND, booked.reference, said, None)
        await desk.database.write(Fact("restored.unknown", scope, new_id("fact_"), new=(row,)), must=True)


class Reader(Desk):
    """A desk at which one message is taken in: its rail has done it already, under this reference."""

    def __init__(self, desk: Desk, rail: Rail, reference: str) -> None:
        super().__init__(desk.database, {rail.name: Done(rail)}, desk.vault, desk.epoch, desk.public_url, mark=desk.mark)
        self.taken = reference

    def reference(self, instruction: str) -> str:
        return self.taken


class Done:
    """A rail that was asked long ago: sending is asking what became of it."""

    def __init__(self, rail: Rail) -> None:
        self.rail, self.name, self.can = rail, rail.name, rail.can

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rail, name)

    async def send(self, envelope: Envelope, card: Card | None, deadline: Deadline) -> Outcome:
        return answered(await self.rail.inquire(envelope, deadline))
