"""Refunds: money on its way back to the buyer. Reserved on its charge first, asked of the rail after (B-5.40 to B-5.46)."""

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, assert_never, cast, final

from msgspec.structs import replace

from sluice.books import ledger
from sluice.books.events import Told
from sluice.books.ledger import BalanceTransaction, Earned
from sluice.core.errors import Refused, missing
from sluice.core.ids import new_id
from sluice.core.money import Money
from sluice.customers.details import Hash, email, metadata
from sluice.payments.amounts import whole
from sluice.payments.charges import Charge
from sluice.payments.confirming import weather
from sluice.payments.instructions import Instruction
from sluice.payments.intents import Intent
from sluice.rails import types as rail
from sluice.rails.outcomes import CANCELED, ActionRequired, Approved, Declined, NotSent, Outcome, Pending, Unknown
from sluice.rules.calls import Call, Verb, id_in
from sluice.rules.plans import Change, Plan, Request
from sluice.shapes.objects import build
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row

if TYPE_CHECKING:
    from sluice.shapes.types.refund import PostRefunds


class Contradiction(Exception):
    """A word that no move allows: stored as a discrepancy by the one caller, never dropped."""


@final
class Refund(Row, frozen=True):
    table: ClassVar[str] = "refunds"
    noun: ClassVar[str] = "refund"
    created: int
    status: str
    amount: int
    currency: str
    charge: str
    intent: str | None
    balance_transaction: str | None
    failure_balance_transaction: str | None
    instruction: str
    doc: dict[str, Any]

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    def wire(self, livemode: bool) -> dict[str, Any]:
        failed = {"failure_balance_transaction": self.failure_balance_transaction} if self.failure_balance_transaction else {}
        return build(
            "refund",
            id=self.id,
            created=self.created,
            status="pending" if self.status == "asked" else self.status,
            amount=self.amount,
            currency=self.currency,
            charge=self.charge,
            payment_intent=self.intent,
            balance_transaction=self.balance_transaction,
            **failed | self.doc,
        )


class Move(NamedTuple):
    """`books`: which header is made. `by`: whose word it takes."""

    events: tuple[str, ...]
    books: str = ""
    by: str = "rail"


# Every legal move: what the shop is told (B-5.4), what it does to the books, whose word it takes. There is no other list.
FAILED = ("refund.failed", "charge.refund.updated")
MOVES = {
    ("asked", "succeeded"): Move(("refund.created", "charge.refunded"), "refund"),
    ("asked", "pending"): Move(("refund.created",)),
    ("asked", "failed"): Move(("refund.created", *FAILED)),
    ("pending", "succeeded"): Move(("refund.updated", "charge.refunded", "charge.refund.updated"), "refund"),
    ("pending", "failed"): Move(FAILED),
    ("pending", "canceled"): Move(("refund.updated",)),
    ("succeeded", "failed"): Move(FAILED, "failure", by="return"),  # banks do return money days later
}
UPDATES = ("refund.updated", "charge.refund.updated")


def create(call: Call, rows: Rows) -> Plan:
    """B-5.40, B-5.41: judged on the charge as it was read; the amount is reserved in the same statement."""
    given, charge = cast("PostRefunds", call.params), refundable(call, rows)
    left = charge.left
    if charge.refunded and charge.refunded == charge.captured:
        raise Refused(f"Charge {charge.id} has already been refunded.", code="charge_already_refunded", judged=True)
    amount = left if given.get("amount") is None else given["amount"]
    if amount < 1 and "amount" in given:
        raise Refused("This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount")
    if not 0 < amount <= left:
        asked, rest = Money(amount or charge.captured, charge.currency), Money(left, charge.currency)
        raise Refused(
            f"Refund amount ({asked}) is greater than unrefunded amount on charge ({rest})", param="amount", judged=True
        )
    if amount < left:
        whole(amount, charge.currency)
    id, asking = new_id("re_"), new_id("ask_")
    doc: Hash = {"metadata": metadata({}, given), "reason": given.get("reason")}
    if given.get("instructions_email"):
        doc["instructions_email"] = email(given, "instructions_email")
    refund = Refund(id, 0, call.at, "asked", amount, charge.currency, charge.id, charge.intent, None, None, asking, doc)
    reserved = replace(charge, reserved=charge.reserved + amount)
    authorized = rows.one(Instruction, "authorized")
    ask = rail.Refund(refund.money, authorized.reference, weather(call, doc["metadata"]))
    shows = "charge" if call.operation == "PostChargesChargeRefund" else "refund"
    return Plan(
        Change(saved=(reserved,), new=(refund,)), Request(ask, id, asking, authorized.rail, charge=charge.id, shows=shows)
    )


def refundable(call: Call, rows: Rows) -> Charge:
    """The charge that a refund is about, by path, by `charge` or by `payment_intent`; both must agree."""
    given, charge, intent = cast("PostRefunds", call.params), rows.get_one(Charge, "charge"), rows.get_one(Intent, "intent")
    named, named_intent = call.ids.get("charge") or given.get("charge"), given.get("payment_intent")
    if not named and not named_intent:
        raise Refused("One of the following params should be provided for this request: payment_intent or charge.")
    if named_intent and intent is None:
        raise missing("payment_intent", named_intent, "payment_intent")
    if named and charge is None:
        raise missing("charge", named, "id", status=404)
    if charge is None:
        raise Refused(f"The PaymentIntent ({named_intent}) does not have a successful charge to refund.", judged=True)
    if intent and charge.intent != intent.id:
        raise Refused(f"The charge {charge.id} does not belong to the PaymentIntent {intent.id}.", param="charge", judged=True)
    if "currency" in given and given["currency"] != charge.currency:
        raise Refused(
            f"The charge is in {charge.currency}: a refund is in its charge's currency.", param="currency", judged=True
        )
    if charge.status == "succeeded" and not charge.captured:
        what = "cancel its PaymentIntent" if charge.intent else "it is released when it expires"
        raise Refused(f"The charge {charge.id} has not been captured: {what} instead of refunding it.", judged=True)
    if charge.status != "succeeded":
        raise Refused(f"The PaymentIntent ({charge.intent}) does not have a successful charge to refund.", judged=True)
    return charge


def decide(rows: Rows, said: Outcome, at: int, livemode: bool) -> Change:
    """What the rail's word does, however late and however often it is said."""
    match said:
        case Approved(details=details):
            return moved(rows, "succeeded", at, doc=destination(details.acquirer_reference))
        case Declined(reason) if reason == CANCELED:  # heard by recovery before the canceling itself was settled
            return moved(rows, "canceled", at)
        case Declined(reason):
            return moved(rows, "failed", at, doc={"failure_reason": failure_reason(reason)})
        case Pending() | ActionRequired() | NotSent() | Unknown():
            return moved(rows, "pending", at)  # and recovery asks again
        case _:
            assert_never(said)


def returned(rows: Rows, reason: str, at: int) -> Change:
    """The bank's return notice: the only word that undoes a success. An inquiry never does."""
    return moved(rows, "failed", at, by="return", doc={"failure_reason": failure_reason(reason)})


def moved(rows: Rows, to: str, at: int, by: str = "rail", doc: Hash | None = None) -> Change:
    before, charge = rows.one(Refund, "refund"), rows.one(Charge, "charge")
    was, move = before.status, MOVES.get((before.status, to))
    shows = charge if rows.one(Instruction, "instruction").asked.shows == "charge" else before
    if was == to:
        return Change(shows=shows)  # said before
    if move is None or move.by != by:
        raise Contradiction(f"{before.id} is {was}, and {by} says {to}")
    refund, earned = booked(replace(before, status=to, doc=before.doc | (doc or {})), charge, move.books, rows, at)
    waits = ("asked", "pending")
    reserved = refund.amount * ((to in waits) - (was in waits))
    after = replace(
        charge,
        reserved=charge.reserved + reserved,
        refunded=charge.refunded + refund.amount * ((to == "succeeded") - (was == "succeeded")),
    )
    told = tuple(telling(name, refund, before, after) for name in move.events)
    return Change(
        saved=(refund, after) if after != charge else (refund,),
        new=(earned.header,) if earned else (),
        postings=earned.postings if earned else (),
        told=told,
        shows=after if shows is charge else refund,
    )


def telling(name: str, refund: Refund, before: Refund, charge: Charge) -> Told:
    if name in UPDATES:
        return Told(name, refund, before)
    return Told(name, charge if name == "charge.refunded" else refund)


def booked(refund: Refund, charge: Charge, books: str, rows: Rows, at: int) -> tuple[Refund, Earned | None]:
    """The header that the move owes, and the refund that names it (B-5.92)."""
    if not books:
        return refund, None
    sold = rows.one(BalanceTransaction, "sold")
    about = charge.doc["description"] or charge.id
    if books == "refund":
        earned = ledger.refund(new_id("txn_"), refund.id, refund.money, at, sold, f"REFUND FOR CHARGE ({about})")
        return replace(refund, balance_transaction=earned.header.id), earned
    earned = ledger.refund_failure(new_id("txn_"), refund.id, refund.money, at, sold, f"REFUND FAILURE FOR CHARGE ({about})")
    return replace(refund, failure_balance_transaction=earned.header.id), earned


def destination(reference: str | None) -> Hash:
    """B-5.45."""
    card: Hash = {"type": "refund", "reference_type": "acquirer_reference_number", "reference_status": "pending"}
    if reference:
        card |= {"reference": reference, "reference_status": "available"}
    return {"destination_details": {"card": card, "type": "card"}}


def failure_reason(reason: str) -> str:
    return reason if reason in ("lost_or_stolen_card", "expired_or_canceled_card") else "unknown"


def found(call: Call, rows: Rows) -> Refund:
    refund = rows.get_one(Refund, "refund")
    if refund is None or call.ids.get("charge", refund.charge) != refund.charge:
        raise missing("refund", call.ids["refund"], "refund", status=404)
    return refund


def update(call: Call, rows: Rows) -> Plan:
    """B-5.44: metadata only."""
    refund = found(call, rows)
    after = replace(refund, doc=refund.doc | {"metadata": metadata(refund.doc["metadata"], call.params)})
    if after == refund:
        return Plan(Change(stand=(refund,), shows=refund))
    return Plan(Change(saved=(after,), told=(Told("refund.updated", after, refund),), shows=after))


def cancel(call: Call, rows: Rows) -> Plan:
    """B-5.44: a pending one that the rail still holds; else refused."""
    refund = found(call, rows)
    if refund.status != "pending":
        shown = "pending" if refund.status == "asked" else refund.status
        raise Refused(f"The refund {refund.id} has a status of {shown} and cannot be canceled.", judged=True)
    asked = rows.one(Instruction, "refunding")
    ask = rail.Void(refund.money, asked.reference)
    request = Request(
        ask, f"{refund.id}/cancel", new_id("ask_"), asked.rail,
        charge=refund.charge, shows="refund", extra={"refund": refund.id},
    )  # fmt: skip
    return Plan(Change(stand=(refund,)), request)


def canceled(rows: Rows, said: Outcome, at: int, livemode: bool) -> Change:
    """What the rail's word does to the canceling of a pending refund: its own instruction ends with it."""
    refund = rows.one(Refund, "refund")
    match said:
        case Approved() if refund.status == "pending":
            change = moved(rows, "canceled", at)
            asked = rows.one(Instruction, "refunding")
            return replace(change, saved=(*change.saved, replace(asked, state="closed")))
        case Declined():
            return Change(shows=refund, refusal=Refused(f"The refund {refund.id} can no longer be canceled.", judged=True))
        case Approved() | Pending() | ActionRequired() | NotSent() | Unknown():
            return Change(shows=refund)
        case _:
            assert_never(said)


def named(call: Call) -> tuple[Any, ...]:
    return call.params.get("payment_intent"), call.ids.get("charge") or call.params.get("charge")


CREATE = Verb(
    "refunds.create",
    create,
    (
        Load(Intent, "intent", "$3"),
        Load(Charge, "charge", "coalesce($4, intent.latest_charge)"),
        Load(Instruction, "authorized", "charge.instruction"),
        Load(BalanceTransaction, "sold", "charge.balance_transaction"),
    ),
    named,
)
UPDATE = Verb("refunds.update", update, (Load(Refund, "refund", "$3"),), id_in("refund"))
CANCEL = Verb(
    "refunds.cancel", cancel,
    (
        Load(Refund, "refund", "$3"), Load(Instruction, "refunding", "refund.instruction"),
        Load(Charge, "charge", "refund.charge"),
    ),
    id_in("refund"),
)  # fmt: skip
