"""Eight faults of the classic kinds, planted in our code to see that the simulation finds them. The program has no switch."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from msgspec.structs import force_setattr, replace

from simulation.stage import Stage
from sluice.books import sequencer
from sluice.books.events import Event
from sluice.books.webhooks.deliveries import Delivery
from sluice.core.faults import effect
from sluice.payments import money_path, recovery, refunds, settling
from sluice.payments.charges import Charge
from sluice.rails import caller
from sluice.rails.outcomes import Approved, Unknown
from sluice.rails.types import Envelope, Rail
from sluice.rules.plans import Change, Plan
from sluice.store import group_commit
from sluice.store.commits import Job
from sluice.store.database import Database
from sluice.store.facts import Claim, Fact


def lost_commit(world: Stage) -> Any:
    """A connection lost at COMMIT is taken for a commit."""

    def again(self: Any, sql: str, jobs: list[Job], unknown: bool) -> None:
        for job in jobs:
            job.answer(True)

    return patch.object(group_commit.Committer, "again", again)


def double_send(world: Stage) -> Any:
    """What got no answer is sent once more at once."""
    once = caller.ask

    async def ask(rail: Rail, envelope: Envelope, card: Any, seconds: float) -> Any:
        word = await once(rail, envelope, card, seconds)
        return await once(rail, envelope, card, seconds) if isinstance(word, Unknown) else word

    return patch.object(caller, "ask", ask)


def forgotten_reversal(world: Stage) -> Any:
    """An authorisation that cannot be known is given up, and not taken back."""

    async def reverse(rail: Rail, envelope: Envelope, seconds: float) -> Any:
        return Approved(envelope.money.amount, envelope.money.currency, envelope.reference)

    return patch.object(caller, "reverse", reverse)


def webhook_before_commit(world: Stage) -> Any:
    """The shop is told when the event is made, not when it is there."""
    write = Database.write

    async def early(self: Database, fact: Fact, **how: Any) -> bool:
        for event in [line for line in fact.lines if isinstance(line, Event)]:
            await told_now(world, event)
        return await write(self, fact, **how)

    return patch.object(Database, "write", early)


async def told_now(world: Stage, event: Event) -> None:
    import msgspec

    from sluice.books.webhooks.signature import sign
    from sluice.core.secrets import Secret

    said = {
        "id": event.id, "type": event.type, "data": msgspec.json.decode(event.data),
        "sluice": {"number": 0, "object_version": event.object_version},
    }  # fmt: skip
    body, at = msgspec.json.encode(said), int(world.loop.time())
    delivery = Delivery(world.scope, False, "", False, "", None, "", 0, None, 0, event.object_version, body)  # type: ignore[arg-type]
    if world.shop.secret:
        world.receiver.hear(delivery, sign([Secret(world.shop.secret)], at, body), said)


def key_stored_too_late(world: Stage) -> Any:
    """The idempotency key is written with its answer, not before the rail is asked."""
    claims: dict[str, Claim] = {}
    opened = money_path.opened

    def without(*args: Any) -> Any:
        fact, case = opened(*args)
        assert isinstance(fact.key, Claim)
        claims[fact.key.token] = fact.key
        return replace(fact, key=None), case

    def finish(key: str, token: str, status: int, body: str) -> Claim:
        return replace(claims[token], status=status, body=body)

    return both(patch.object(money_path, "opened", without), patch.object(settling, "Finish", finish))


def recovery_races_an_answer(world: Stage) -> Any:
    """ "Not found" is believed at once, while the message may still be on its way."""
    return patch.object(recovery, "sent_by", lambda instruction: 0.0)


def refund_beyond_the_charge(world: Stage) -> Any:
    """A refund's amount is not reserved while the bank is asked, and none that is under way is counted."""
    create = refunds.CREATE.check

    def unreserved(call: Any, rows: Any) -> Plan:
        plan = create(call, rows)
        return replace(plan, change=replace(plan.change, saved=tuple(map(bare, plan.change.saved))))

    def moved(*args: Any, **how: Any) -> Change:
        change = kept(*args, **how)
        return replace(change, saved=tuple(map(bare, change.saved)))

    def bare(row: Any) -> Any:
        return replace(row, reserved=0) if isinstance(row, Charge) else row

    kept = refunds.moved
    left = property(lambda charge: charge.captured - charge.refunded)
    return both(
        frozen(refunds.CREATE, "check", unreserved), patch.object(refunds, "moved", moved), patch.object(Charge, "left", left)
    )


def roll_up_by_position(world: Stage) -> Any:
    """The sequencer remembers the last row that it took, and takes those above it."""
    cursors: dict[int, int] = {}
    sql = sequencer.SEQUENCE.replace("where w.scope = $1 order by", "where w.scope = $1 and w.n > $4 order by")
    sql = sql.replace("select count(*) from taken", "select count(*), max(n) last from taken")

    async def sequence(database: Database, scope: int, livemode: bool) -> int:
        from sluice.core.clock import clock

        last, now = cursors.get(scope, 0), clock.micros()
        record = await effect("store.sequence", lambda: database.fetchrow(sql, scope, sequencer.BATCH, now, last))
        assert record
        cursors[scope] = max(cursors.get(scope, 0), record["last"] or 0)
        return int(record["count"])

    return patch.object(sequencer, "sequence", sequence)


@contextmanager
def frozen(of: Any, name: str, value: Any) -> Iterator[None]:
    """What `patch` cannot: a frozen struct's field."""
    kept = getattr(of, name)
    force_setattr(of, name, value)
    try:
        yield
    finally:
        force_setattr(of, name, kept)


def both(*patches: Any) -> Any:
    stack = ExitStack()
    for one in patches:
        stack.enter_context(one)
    return stack


FAULTS: dict[str, Callable[[Stage], Any]] = {
    "lost commit": lost_commit,
    "double send": double_send,
    "forgotten reversal": forgotten_reversal,
    "webhook before commit": webhook_before_commit,
    "key stored too late": key_stored_too_late,
    "recovery racing a late answer": recovery_races_an_answer,
    "refund beyond the charge": refund_beyond_the_charge,
    "roll-up by position": roll_up_by_position,
}


@contextmanager
def planted(name: str, world: Stage) -> Iterator[None]:
    """The fault is there inside the block. "": none."""
    if not name:
        yield
        return
    with FAULTS[name](world):
        yield
