"""Capturing a hold: of an intent, or of a charge made without one (B-5.14, B-5.15, B-5.38)."""

from typing import TYPE_CHECKING, Any, assert_never, cast

from msgspec.structs import replace

from sluice.books.events import Told
from sluice.books.ledger import sale
from sluice.core.errors import Refused, missing
from sluice.core.ids import new_id
from sluice.core.money import Money
from sluice.customers.details import email, metadata
from sluice.payments import declines
from sluice.payments.amounts import whole
from sluice.payments.attempts import changed, tell
from sluice.payments.charges import Charge
from sluice.payments.confirming import weather
from sluice.payments.descriptors import suffix
from sluice.payments.instructions import Instruction
from sluice.payments.intents import Intent, derived, found, unexpected, with_intent
from sluice.rails.outcomes import ActionRequired, Approved, Declined, NotSent, Outcome, Pending, Unknown
from sluice.rails.types import Capture
from sluice.rules.calls import Call, Verb, id_in
from sluice.rules.plans import Change, Plan, Request
from sluice.store.reads import Load, Rows

if TYPE_CHECKING:
    from sluice.shapes.types.charge import PostChargesChargeCapture

CARRIED = ("description", "metadata", "receipt_email", "shipping", "statement_descriptor_suffix", "transfer_group")


def capture(call: Call, rows: Rows) -> Plan:
    """B-5.14, B-5.15: legal in requires_capture; the rest of the hold is released."""
    intent = found(call, rows)
    if intent.status == "succeeded":
        raise unexpected(intent, "This PaymentIntent has been captured; what was not captured was released.", call.livemode)
    if intent.status != "requires_capture":
        message = (
            f"This PaymentIntent could not be captured because it has a status of {intent.status}. Only a PaymentIntent with"
            " one of the following statuses may be captured: requires_capture."
        )
        raise unexpected(intent, message, call.livemode)
    try:
        amount = takeable(call.params.get("amount_to_capture"), intent.capturable, intent.currency, "amount_to_capture")
    except Refused as refusal:
        raise with_intent(refusal, intent, call.livemode) from None
    doc = intent.doc | {"metadata": metadata(intent.doc["metadata"], call.params)}
    if "statement_descriptor" in call.params:
        raise Refused("On card payments use statement_descriptor_suffix.", param="statement_descriptor")
    if "statement_descriptor_suffix" in call.params:
        doc["statement_descriptor_suffix"] = suffix(call.params["statement_descriptor_suffix"], "statement_descriptor_suffix")
    if details := call.params.get("payment_details"):
        doc["payment_details"] = (
            {"customer_reference": None, "order_reference": None} | doc.get("payment_details", {}) | details
        )
    asking = new_id("ask_")
    after = replace(intent, status="processing", live=asking, doc=doc)
    return Plan(
        Change(saved=(after,)), taking(call, rows, asking, Money(amount, intent.currency), intent.id, "intent", doc["metadata"])
    )


def takeable(asked: int | None, held: int, currency: str, param: str) -> int:
    if asked is None:
        return held
    if asked < 0:
        raise Refused("The amount to capture cannot be negative.", param=param)
    if asked == 0:
        raise Refused("This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount")
    if asked > held:
        message = (
            f"The amount to capture, {Money(asked, currency)}, is more than the {Money(held, currency)} that can be captured."
        )
        raise Refused(message, code="amount_too_large")
    return whole(asked, currency, param).amount


def taking(call: Call, rows: Rows, asking: str, money: Money, subject: str, shows: str, marks: dict[str, Any]) -> Request:
    charge, authorized = rows.one(Charge, "charge"), rows.one(Instruction, "authorized")
    ask = Capture(money, authorized.reference, weather(call, marks))
    return Request(ask, subject, asking, authorized.rail, charge=charge.id, shows=shows)


def capture_charge(call: Call, rows: Rows) -> Plan:
    """B-5.38: a charge made without an intent."""
    charge, given = charge_in(call, rows), cast("PostChargesChargeCapture", call.params)
    if charge.intent:
        raise Refused("This charge belongs to a PaymentIntent: capture that instead.", judged=True)
    if charge.captured:
        raise Refused(f"Charge {charge.id} has already been captured.", code="charge_already_captured", judged=True)
    if charge.live or not charge.held_until:
        raise Refused(
            f"Charge {charge.id} holds nothing that can be captured now.", code="charge_invalid_parameter", judged=True
        )
    amount = takeable(given.get("amount"), charge.amount, charge.currency, "amount")
    doc = charge.doc | ({"receipt_email": email(given, "receipt_email")} if "receipt_email" in given else {})
    for name in ("statement_descriptor", "statement_descriptor_suffix"):
        if name in given:
            doc[name] = suffix(given[name], name)
    asking = new_id("ask_")
    group = given.get("transfer_group", charge.transfer_group)
    after = replace(charge, live=asking, transfer_group=group, doc=doc)
    return Plan(
        Change(saved=(after,)),
        taking(call, rows, asking, Money(amount, charge.currency), charge.id, "charge", charge.doc["metadata"]),
    )


def charge_in(call: Call, rows: Rows) -> Charge:
    charge = rows.get_one(Charge, "charge")
    if charge is None:
        raise missing("charge", call.ids["charge"], "id", status=404)
    return charge


def captured(rows: Rows, said: Outcome, at: int, livemode: bool) -> Change:
    """What the rail's word does to a capture."""
    intent, charge, instruction = (
        rows.get_one(Intent, "intent"),
        rows.one(Charge, "charge"),
        rows.one(Instruction, "instruction"),
    )
    match said:
        case Approved():
            terms, money = instruction.asked.terms, instruction.message.money
            description = charge.doc["description"]
            earned = sale(new_id("txn_"), charge.id, money, terms.fees, at, at + terms.settles_after, description)
            doc = charge.doc | ({name: intent.doc[name] for name in CARRIED if name in charge.doc} if intent else {})
            unbooked = replace(charge, captured=money.amount, held_until=None, live=None, doc=doc)
            booked = replace(unbooked, balance_transaction=earned.header.id)
            intent = intent and derived(replace(intent, live=None), booked)
            told = tell(
                Told("charge.captured", booked, object=unbooked.wire(livemode)),
                intent and Told("payment_intent.succeeded", intent),
                Told("charge.updated", booked, unbooked),
            )
            return Change(
                saved=changed(intent, booked), new=(earned.header,), postings=earned.postings, told=told, shows=intent or booked
            )
        case Declined():
            return refused(intent, charge, said)
        case Pending() | ActionRequired() | NotSent() | Unknown():
            return Change(shows=intent or charge)
        case _:
            assert_never(said)


def refused(intent: Intent | None, charge: Charge, word: Declined) -> Change:
    """The bank did not do it: all stands as before."""
    error = declines.error(word, charge.id)
    before = replace(charge, live=None)
    intent = intent and derived(replace(intent, live=None, doc=intent.doc | {"cancellation_reason": None}), charge)
    refusal = Refused(
        error["message"],
        status=402,
        code=error["code"],
        param=error.get("param"),
        type="card_error",
        decline_code=error.get("decline_code"),
        judged=True,
    )
    refusal.body["charge"] = charge.id
    return Change(saved=changed(intent, before if charge.live else None), shows=intent or before, refusal=refusal)


HELD = (
    Load(Intent, "intent", "$3"),
    Load(Charge, "charge", "intent.latest_charge"),
    Load(Instruction, "authorized", "charge.instruction"),
)
CAPTURE = Verb("payment_intents.capture", capture, HELD, id_in("intent"))
CAPTURE_CHARGE = Verb(
    "charges.capture",
    capture_charge,
    (Load(Charge, "charge", "$3"), Load(Instruction, "authorized", "charge.instruction")),
    id_in("charge"),
)
