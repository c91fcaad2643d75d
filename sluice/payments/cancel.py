"""Canceling an intent, and letting a hold go: by the shop's wish or by time (B-5.17, B-5.18)."""

from typing import assert_never

from msgspec.structs import replace

from sluice.books.events import Told
from sluice.core.ids import new_id
from sluice.payments.attempts import changed, tell
from sluice.payments.capture import HELD, refused
from sluice.payments.charges import Charge
from sluice.payments.confirming import weather
from sluice.payments.instructions import Instruction
from sluice.payments.intents import OPEN, Intent, derived, found, unexpected
from sluice.rails.outcomes import ActionRequired, Approved, Declined, NotSent, Outcome, Pending, Unknown
from sluice.rails.types import Void
from sluice.rules.calls import Call, Verb, id_in
from sluice.rules.plans import Change, Plan, Request
from sluice.store.reads import Rows

CANCELABLE = (*OPEN, "requires_capture")
NAMED = (
    "requires_payment_method, requires_capture, requires_reauthorization, requires_confirmation, requires_action, expired,"
    " processing"
)


def cancel(call: Call, rows: Rows) -> Plan:
    """B-5.18: without a hold in one commit; with one, the rail is asked to let it go."""
    intent, reason = found(call, rows), call.params.get("cancellation_reason")
    if intent.status not in CANCELABLE:
        message = (
            f"You cannot cancel this PaymentIntent because it has a status of {intent.status}. Only a PaymentIntent with one"
            f" of the following statuses may be canceled: {NAMED}."
        )
        raise unexpected(intent, message, call.livemode)
    doc = intent.doc | {"cancellation_reason": reason}
    if intent.status != "requires_capture":
        ended = replace(intent, canceled_at=call.at, challenge=None, doc=doc | {"next_action": None})
        after = derived(ended, None)
        return Plan(Change(saved=(after,), told=(Told("payment_intent.canceled", after),), shows=after))
    return Plan(*letting_go(rows, replace(intent, doc=doc), weather(call, doc["metadata"])))


def letting_go(rows: Rows, intent: Intent, sky: str | None = None, *, expired: bool = False) -> tuple[Change, Request]:
    """The hold's release, by the shop's wish or by time (B-5.17)."""
    charge, authorized = rows.one(Charge, "charge"), rows.one(Instruction, "authorized")
    asking = new_id("ask_")
    ask = Void(charge.money, authorized.reference, sky)
    request = Request(ask, intent.id, asking, authorized.rail, charge=charge.id, extra={"expired": True} if expired else {})
    return Change(saved=(replace(intent, status="processing", live=asking),)), request


def voided(rows: Rows, said: Outcome, at: int, livemode: bool) -> Change:
    """What the rail's word does to a release. A hold that the rail lets expire by itself counts as let go."""
    intent, charge, instruction = (
        rows.get_one(Intent, "intent"),
        rows.one(Charge, "charge"),
        rows.one(Instruction, "instruction"),
    )
    expired = bool(instruction.asked.extra.get("expired"))
    match said:
        case Approved():
            released = replace(charge, held_until=None, live=None)
            intent = intent and derived(replace(intent, live=None, canceled_at=at), released)
            told = tell(
                Told("charge.expired", released) if expired else None,
                intent and Told("payment_intent.canceled", intent),
            )
            return Change(saved=changed(intent, released), told=told, shows=intent or released)
        case Declined():
            return refused(intent, charge, said)
        case Pending() | ActionRequired() | NotSent() | Unknown():
            return Change(shows=intent or charge)
        case _:
            assert_never(said)


CANCEL = Verb("payment_intents.cancel", cancel, HELD, id_in("intent"))
