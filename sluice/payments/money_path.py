"""The money path: recall, check, open, send, settle, answer. Every write of the API takes it, top to bottom (DESIGN §2).

Nothing is asked of a rail before *open* is committed; nothing is answered before *settle* is. An answer that we did not get is
unknown, never declined: the caller reads `processing`, and recovery finds the truth.
"""

import asyncio
from contextlib import ExitStack

from msgspec.structs import replace

from sluice.books.vault import answers as sealed_answers
from sluice.core import limits
from sluice.core.clock import clock
from sluice.core.errors import Contended, Refused, Unavailable
from sluice.core.ids import new_id
from sluice.core.tracing import step
from sluice.payments import auditing, cascade
from sluice.payments.answers import NAMES, Answer, Renderer, steps
from sluice.payments.desk import Desk
from sluice.payments.hints import hint
from sluice.payments.instructions import Asked, Instruction, plain
from sluice.payments.leases import leased
from sluice.payments.settling import Case, completed, payment_of, send, settle
from sluice.rails import caller
from sluice.rails.types import Authorize, Void
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Change, Plan, Request
from sluice.store.facts import Claim, Fact
from sluice.store.reads import Kept, Rows

RESTORED = (
    "This installation was restored from a backup, and its banks were not yet asked what they booked after it. Nothing has"
    " happened now. The operator runs `sluice recover`; then payments are taken again."
)
STEPS = ("recall", "check", "open", "send", "settle", "answer")
_waiters = 0


async def run(desk: Desk, verb: Verb, call: Call) -> Answer:
    """One write. Raises `Refused` for what is not kept under the key; answers everything else, replays included."""
    token, names, wanted = new_id("tk_"), verb.names(call), steps(call.operation, call.expand)
    renderer = Renderer(desk.database, call.scope, call.livemode, call.publishable, desk.public_url)
    kept, rows = None, Rows()
    for look in range(limits.LOOKS):
        if look or any(names):  # a create that names nothing reads nothing: its claim tells
            kept, rows = await desk.database.load(call.scope, call.key, verb.loads, *names)
        verb.may(call, rows)
        if kept:
            return await recall(desk, call, kept, token)
        if verb.finds:
            rows |= await verb.finds(desk.database, call)
        plan = await judged(desk, verb, call, rows)
        if plan.request is None:
            answer = await renderer.answer(plan.change, wanted)
            if await desk.database.write(alone(desk, verb, call, rows, plan.change, token, answer), payment=payment_of(rows)):
                return answer
        elif settled := await desk.finish(carried(desk, verb, call, plan.change, plan.request, rows, token)):
            return settled
    raise Contended


@step("recall")
async def recall(desk: Desk, call: Call, kept: Kept, token: str) -> Answer:
    """What the key has to say: its stored bytes, a mismatch, or 409 while the first call runs (B-1.34 to B-1.37)."""
    kept = await waited(desk, call, kept)
    if kept.status is None or not await desk.database.stands(call.scope, call.key, kept):
        raise Refused(
            f"There is currently another in-progress request using this Idempotency-Key ({call.key}). Try again later.",
            status=409, code="idempotency_key_in_use", type="idempotency_error", retry=True,
        )  # fmt: skip
    if kept.fingerprint != call.fingerprint:
        raise Refused(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key"
            f" other than '{call.key}' if you meant to execute a different request.",
            type="idempotency_error",
        )
    assert kept.body is not None
    body = await sealed_answers.read(desk.vault.keyring, call.scope, call.key, kept.body)
    return Answer(kept.status, body.encode(), None if kept.token == token else kept.request)


async def waited(desk: Desk, call: Call, kept: Kept) -> Kept:
    """A bounded wait for the key's first call; a capped number of callers wait, the others are told at once (F1)."""
    global _waiters
    ends, pause = clock.now() + limits.WAIT_FOR_KEY, 0.02
    if kept.status is not None or _waiters >= limits.WAITERS:
        return kept
    _waiters += 1
    try:
        while kept.status is None and clock.now() < ends:
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.25)
            again, _ = await desk.database.load(call.scope, call.key, ())
            kept = again or kept
        return kept
    finally:
        _waiters -= 1


@step("check")
async def judged(desk: Desk, verb: Verb, call: Call, rows: Rows) -> Plan:
    """What the rule says. A refusal that needed no row is raised, and not kept; any other is an answer like any (B-1.38)."""
    try:
        return verb.check(call, rows)
    except Refused as refusal:
        if not refusal.judged:
            raise
        return Plan(Change(refusal=await hint(desk.database, call, refusal)))


async def carried(
    desk: Desk, verb: Verb, call: Call, change: Change, request: Request, rows: Rows, token: str
) -> Answer | None:
    """Open, send, settle, answer, in a task that a caller who hangs up does not cancel. None: *open* wrote nothing."""
    others = list(request.others)
    if not await desk.may_ask():
        raise Unavailable(RESTORED)
    with ExitStack() as rooms:
        rooms.enter_context(caller.room(await desk.rail(request.rail)))
        card = await desk.card(call.scope, request)
        fact, case = opened(desk, verb, call, change, request, rows, token)
        if not (await desk.database.write(fact, payment=payment_of(case.rows)) or await ours(desk, call, token)):
            return None
        rooms.enter_context(desk.begun(given=call.given))
        said = await send(desk, case.instruction, card)
        while next := await cascade.onward(desk, case, request.ask, others, said, rooms):
            case, said = next, await send(desk, next.instruction, card)
        if answer := await settle(desk, case, said):
            return answer
    kept, _ = await desk.database.ending.load(call.scope, call.key, ())  # somebody else settled it: what the database says
    assert kept
    return await recall(desk, call, kept, token)


async def ours(desk: Desk, call: Call, token: str) -> bool:
    """Whether *open* was written before, and its answer lost: the key's token tells it from somebody else's (F29)."""
    kept, _ = await desk.database.ending.load(call.scope, call.key, ())
    return kept is not None and kept.token == token and kept.status is None


def alone(desk: Desk, verb: Verb, call: Call, rows: Rows, change: Change, token: str, answer: Answer) -> Fact:
    """A write that asks nobody: key, change, events and answer in one commit."""
    body = answer.body.decode()
    if verb.secret:
        body = sealed_answers.keep(desk.vault.keyring, call.scope, call.key, body)
    key, change = claim(call, token, answer.status, body), auditing.done(verb, call, rows, change)
    return completed(verb.name, call.scope, call.livemode, call.at, change, key, call.request, call.key if call.given else None)


def claim(call: Call, token: str, status: int | None = None, body: str | None = None) -> Claim:
    return Claim(call.key, call.fingerprint, token, call.request, call.at, status, body)


def opened(desk: Desk, verb: Verb, call: Call, change: Change, request: Request, rows: Rows, token: str) -> tuple[Fact, Case]:
    """*open*: ONE commit. Rows moved, key claimed, instruction written with its envelope, lease taken."""
    reference = desk.reference(request.id)
    envelope = desk.rails[request.rail].prepare(request.ask, reference)
    asked = Asked(
        operation=call.operation, request=call.request, key=call.key, given=call.key if call.given else None, claim=token,
        shows=request.shows, publishable=call.publishable, expand=call.expand, charge=request.charge, method=request.method,
        customer=request.customer, terms=call.terms, extra=request.extra,
    )  # fmt: skip
    instruction = Instruction(
        request.id, 0, clock.seconds(), request.subject, kind(request), "open", request.rail, reference, token, leased(), 0,
        request.stored.id if request.stored else None, plain(envelope), None, plain(asked),
    )  # fmt: skip
    change = auditing.asked(verb, call, replace(change, new=(*change.new, instruction)), request)
    fact = completed(
        f"{verb.name}.open", call.scope, call.livemode, call.at, change, claim(call, token), call.request, asked.given
    )
    return fact, Case(call.scope, call.livemode, after(rows, fact), token)


def after(rows: Rows, fact: Fact) -> Rows:
    """The rows that settle needs, as *open* left them."""
    written = fact.written()
    now = Rows({name: written.get((type(row), row.id), row) if row else None for name, row in rows.items()})
    now.update({NAMES[type(row)]: row for row in written.values() if type(row) in NAMES})
    return now


def kind(request: Request) -> str:
    """What the instruction is called: its message's verb, but for a check of a card and the end of a pending refund."""
    match request.ask:
        case Authorize() if not request.ask.money.amount:
            return "check"
        case Void() if request.shows == "refund":
            return "cancel_refund"
        case _:
            return type(request.ask).__name__.lower()
