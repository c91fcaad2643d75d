"""What the rail's word does to an attempt to pay: an intent's, or a charge's made without one. Rows in, a change out."""

from typing import Any, assert_never

from msgspec.structs import replace

from sluice.books.events import Told
from sluice.books.ledger import Earned, sale
from sluice.core.errors import Refused
from sluice.core.ids import new_id
from sluice.customers.customers import Customer
from sluice.customers.payment_methods import PaymentMethod
from sluice.payments import card_declines, declines
from sluice.payments.charges import Charge, card_details, checks, failure, paid
from sluice.payments.instructions import Asked, Instruction
from sluice.payments.intents import Intent, derived
from sluice.rails.outcomes import ActionRequired, Approved, Declined, Details, NotSent, Outcome, Pending, Unknown
from sluice.rules.plans import Change
from sluice.store.reads import Rows
from sluice.store.rows import Row

UNCLAIMED = Declined("processing_error")


class Attempt:
    """The rows of one attempt, as they were read."""

    def __init__(self, rows: Rows, at: int, livemode: bool) -> None:
        self.instruction = rows.one(Instruction, "instruction")
        self.asked: Asked = self.instruction.asked
        self.method = rows.one(PaymentMethod, "method")
        self.intent = rows.get_one(Intent, "intent")
        self.charge = rows.get_one(Charge, "charge")
        self.fields = self.instruction.message.fields
        self.at, self.livemode, self.rows = at, livemode, rows

    @property
    def takes(self) -> bool:
        """Whether the money is taken in the same message."""
        return bool(self.fields["capture"])


def decide(rows: Rows, said: Outcome, at: int, livemode: bool) -> Change:
    """The one place where an authorisation's outcome becomes rows, postings and events (B-5.8 to B-5.11, B-5.25)."""
    attempt = Attempt(rows, at, livemode)
    match said:
        case Approved():
            return approved(attempt, said)
        case Declined():
            return declined(attempt, said)
        case ActionRequired(challenge):
            return challenged(attempt, challenge)
        case NotSent():
            return declined(attempt, UNCLAIMED, charged=False)
        case Pending() | Unknown():
            return waiting(attempt)
        case _:
            assert_never(said)


def approved(attempt: Attempt, word: Approved) -> Change:
    earned = earn(attempt, word.details) if attempt.takes else None
    charge = made(attempt, "succeeded", word)
    if earned:
        charge = replace(charge, captured=charge.amount, balance_transaction=earned.header.id)
    method, owner = set_up(attempt, charged(attempt.method, word.details), word.details)
    intent = attempt.intent and settled(attempt.intent, charge, processing=None)
    told = succeeded(attempt, charge, intent)
    if owner:
        told = (Told("payment_method.attached", method), *told)
    return Change(
        saved=changed(intent, charge, method if method != attempt.method else None),
        stand=(owner,) if owner else (),
        new=fresh(charge, earned and earned.header),
        postings=earned.postings if earned else (),
        told=told,
        shows=intent or charge,
    )


def set_up(attempt: Attempt, method: PaymentMethod, details: Details) -> tuple[PaymentMethod, Customer | None]:
    """B-5.13: a card that is to be used again is its customer's now, or can be attached; and the customer, if it is new to him.

    For use without its buyer it keeps the network's name of this payment, which those later ones refer to.
    """
    intent, kept = attempt.intent, method
    if intent is None or not intent.doc.get("setup_future_usage"):
        return method, None
    if intent.doc["setup_future_usage"] == "off_session":
        kept = replace(method, doc=method.doc | {"initial": details.network_transaction_id})
    if attempt.method.state == "attached":
        return kept, None
    if not intent.customer:
        return replace(kept, state="fresh"), None
    customer = attempt.rows.get_one(Customer, "customer")
    if customer is None or customer.deleted:
        return method, None
    return replace(kept, state="attached", customer=customer.id), customer


def succeeded(attempt: Attempt, charge: Charge, intent: Intent | None) -> tuple[Told, ...]:
    """The events of an approval, in the order of B-5.25's table; under automatic_async the books follow in one of their own."""
    if not attempt.takes:
        return tell(Told("charge.succeeded", charge), intent and Told("payment_intent.amount_capturable_updated", intent))
    if intent is None or intent.doc["capture_method"] != "automatic_async":
        return tell(Told("charge.succeeded", charge), intent and Told("payment_intent.succeeded", intent))
    unbooked = replace(charge, balance_transaction=None)
    return tell(
        Told("charge.succeeded", charge, object=unbooked.wire(attempt.livemode)),
        Told("payment_intent.succeeded", intent),
        Told("charge.updated", charge, unbooked),
    )


def declined(attempt: Attempt, word: Declined, charged: bool = True) -> Change:
    """B-5.8, B-5.9: the method is given back, the intent asks for another; the call answers 402 all the same."""
    card = card_declines.counted(attempt.rows, attempt.method, attempt.at, attempt.asked.extra) if charged else None
    failed = int(charged)
    charged = charged and word.reason not in declines.WITHOUT_CHARGE
    charge = made(attempt, "failed", word) if charged or attempt.charge else None  # one that was told of comes to an end
    released = given_back(attempt.method)
    error = declines.error(word, charge and charge.id) | {
        "payment_method": released.wire(attempt.livemode),
        "payment_method_type": "card",
    }
    intent = attempt.intent
    if intent:
        intent = settled(intent, charge, payment_method=None, processing=None, last_payment_error=error)
        intent = replace(intent, attempts=intent.attempts + failed)
    over = intent and tried_out(attempt, intent)
    told = tell(
        charge and Told("charge.failed", charge),
        intent and Told("payment_intent.payment_failed", intent),
        over and Told("payment_intent.canceled", over),
    )
    intent = over or intent
    return Change(
        saved=(*changed(intent, charge, released if released != attempt.method else None), *changed(None, card)),
        new=(*fresh(charge, None), *fresh(card, None)),
        told=told,
        shows=intent or charge,
        refusal=refusal(error, intent, attempt.livemode),
    )


def tried_out(attempt: Attempt, intent: Intent) -> Intent | None:
    """B-5.22: canceled after as many attempts as its rail allows; None while there may be more."""
    most = attempt.asked.extra.get("attempts")  # none in what an older version opened
    if most is None or intent.attempts < most:
        return None
    return derived(replace(intent, canceled_at=attempt.at, doc=intent.doc | {"cancellation_reason": "automatic"}), None)


def refusal(error: dict[str, Any], intent: Intent | None, livemode: bool) -> Refused:
    """The error of a decline: the intent inside, and the method whole (B-2.16, B-2.17)."""
    keys = ("code", "decline_code", "param", "type", "message")
    body = {key: value for key, value in error.items() if key not in keys and key != "payment_method_type"}
    if intent:
        body["payment_intent"] = intent.wire(livemode)
    return Refused(
        error["message"],
        status=402,
        code=error["code"],
        param=error.get("param"),
        decline_code=error.get("decline_code"),
        type="card_error",
        judged=True,
        body=body,
    )


def challenged(attempt: Attempt, challenge: str) -> Change:
    """B-5.9, B-5.10: the buyer must act; no charge, the method stays with the intent, free until it is tried again (B-5.7).

    After a silence there is a pending charge: it fails, the one that the buyer authenticates is another.
    """
    intent, extra, method = attempt.intent, attempt.asked.extra, given_back(attempt.method)
    if intent is None or extra.get("error_on_requires_action"):  # there is nowhere to send the buyer
        return declined(attempt, Declined("authentication_required"))
    url = f"{extra['public_url']}/challenge/{attempt.instruction.reference}"
    if extra.get("return_url") and not extra.get("use_stripe_sdk"):
        action = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": extra["return_url"]}}
    else:
        sdk = {"type": "three_d_secure_redirect", "stripe_js": url, "source": attempt.method.id}
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": sdk}
    charge = attempt.charge and made(attempt, "failed", Declined("authentication_required"))
    intent = settled(replace(intent, challenge=attempt.instruction.id), charge, processing=None, next_action=action)
    return Change(
        saved=changed(intent, charge, method if method != attempt.method else None),
        told=tell(charge and Told("charge.failed", charge), Told("payment_intent.requires_action", intent)),
        shows=intent,
    )


def waiting(attempt: Attempt) -> Change:
    """No word yet: money may move, so the intent says `processing` and nothing else (B-5.25)."""
    charge, intent = made(attempt, "pending", None), attempt.intent
    if attempt.charge:
        return Change(shows=intent or charge)  # said before
    if intent:
        doc = intent.doc | {"processing": {"type": "card", "card": {}}}
        intent = replace(intent, latest_charge=charge.id, doc=doc)
    told = tell(intent and Told("payment_intent.processing", intent), Told("charge.pending", charge))
    return Change(saved=changed(intent), new=(charge,), told=told, shows=intent or charge)


def settled(intent: Intent, charge: Charge | None, payment_method: str | bool | None = True, **doc: Any) -> Intent:
    """The intent after its attempt: nothing in flight, its status derived."""
    challenge = intent.challenge if "next_action" in doc else None
    return derived(
        replace(
            intent,
            live=None,
            challenge=challenge,
            latest_charge=charge.id if charge else intent.latest_charge,
            payment_method=intent.payment_method if payment_method is True else None,
            doc=intent.doc | {"next_action": None} | doc,
        ),
        charge,
    )


def earn(attempt: Attempt, details: Details) -> Earned:
    """The sale's place in the books: pending until the rail settles it."""
    terms, money = attempt.asked.terms, attempt.instruction.message.money
    available_on = attempt.at if details.at_once else attempt.at + terms.settles_after
    assert attempt.asked.charge
    return sale(new_id("txn_"), attempt.asked.charge, money, terms.fees, attempt.at, available_on, description(attempt))


def description(attempt: Attempt) -> str | None:
    text = attempt.intent.doc["description"] if attempt.intent else attempt.asked.extra["charge"]["description"]
    return text if text is None else str(text)


def made(attempt: Attempt, status: str, word: Approved | Declined | None) -> Charge:
    """The attempt's charge as it is now: a new one, or the pending one with its outcome."""
    intent, money = attempt.intent, attempt.instruction.message.money
    assert attempt.asked.charge
    held_until = attempt.at + attempt.asked.extra["hold_seconds"] if status == "succeeded" and not attempt.takes else None
    told = carried(intent) if intent else attempt.asked.extra["charge"]
    doc: dict[str, Any] = told | {
        "billing_details": attempt.method.doc["billing_details"],
        "payment_method": attempt.method.id,
        "payment_method_details": card_details(attempt.method, word, money.amount, held_until),
        **(failure(word) if isinstance(word, Declined) else paid(word.details if word else Details())),
    }
    if status == "pending":
        doc["outcome"] = None
    if attempt.charge:  # its own words may have been changed while it waited
        doc |= {
            key: attempt.charge.doc[key] for key in ("description", "metadata", "receipt_email", "shipping", "fraud_details")
        }
        return replace(attempt.charge, status=status, held_until=held_until, doc=doc)
    customer = intent.customer if intent else attempt.asked.extra["customer"]
    group = intent.doc["transfer_group"] if intent else attempt.asked.extra["transfer_group"]
    return Charge(
        attempt.asked.charge, 0, attempt.at, status, money.amount, money.currency, 0, 0, 0, held_until, intent and intent.id,
        customer, group, None, attempt.instruction.id, None, doc,
    )  # fmt: skip


def carried(intent: Intent) -> dict[str, Any]:
    """What a charge takes over from its intent."""
    keys = ("description", "metadata", "receipt_email", "shipping", "statement_descriptor", "statement_descriptor_suffix")
    suffix = intent.doc["statement_descriptor_suffix"]
    return {key: intent.doc[key] for key in keys} | {"fraud_details": {}, "calculated_statement_descriptor": suffix}


def charged(method: PaymentMethod, details: Details) -> PaymentMethod:
    """B-5.13: an unattached method is used up by an approval; what the network checked is kept on the card."""
    card = method.doc["card"] | {"checks": checks(details, method)}
    state = "used" if method.state == "taken" else method.state
    return replace(method, state=state, doc=method.doc | {"card": card})


def given_back(method: PaymentMethod) -> PaymentMethod:
    return replace(method, state="fresh") if method.state == "taken" else method


def tell(*events: Told | None) -> tuple[Told, ...]:
    return tuple(event for event in events if event)


def changed(intent: Intent | None, charge: Row | None = None, method: Row | None = None) -> tuple[Row, ...]:
    """Rows that were there before."""
    was_there = charge if charge and charge.version else None
    return tuple(row for row in (intent, was_there, method) if row)


def fresh(charge: Row | None, header: Row | None) -> tuple[Row, ...]:
    return tuple(row for row in (charge if charge and not charge.version else None, header) if row)
