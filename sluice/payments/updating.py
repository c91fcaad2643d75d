"""Updating an intent: what may change when (B-5.20, B-5.21). Any update clears the last error; it tells no event."""

from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from sluice.core.errors import Refused
from sluice.customers import payment_methods
from sluice.payments.amounts import payable
from sluice.payments.confirming import LOADS
from sluice.payments.describing import described
from sluice.payments.intents import OPEN, Intent, derived, found, may, unexpected, with_intent
from sluice.payments.picking import Pick, find, known_customer, named, owned, pick
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Change, Plan
from sluice.store.reads import Rows

if TYPE_CHECKING:
    from sluice.shapes.types.payment_intent import PostPaymentIntentsIntent


def update(call: Call, rows: Rows) -> Plan:
    """B-5.20, B-5.21: what may change when. Any update clears the last error; it tells no event."""
    intent, given = found(call, rows), cast("PostPaymentIntentsIntent", call.params)
    for name in ("amount", "currency", "payment_method", "payment_method_data"):
        if name in given and intent.status not in OPEN:
            message = f"This PaymentIntent's {name} could not be updated because it has a status of {intent.status}."
            raise unexpected(intent, message, call.livemode, param="amount" if name == "currency" else name)
    money = payable(given.get("amount", intent.amount), given.get("currency", intent.currency))
    if "shipping" in given and intent.status == "succeeded":
        raise unexpected(
            intent, "The shipping of a PaymentIntent that has succeeded cannot be updated.", call.livemode, "shipping"
        )
    customer = new_customer(call, rows, intent)
    picked = pick(call, rows) if {"payment_method", "payment_method_data"} & given.keys() else Pick(None)
    if picked.row:
        owned(call, picked.row, intent, customer)
    doc = described(call, intent.doc) | {"last_payment_error": None}
    moved = picked.row is not None or money != intent.money
    after = replace(
        intent, amount=money.amount, currency=money.currency, customer=customer,
        doc=doc | ({"next_action": None} if moved else {}),
        payment_method=picked.row.id if picked.row else intent.payment_method, challenge=None if moved else intent.challenge,
    )  # fmt: skip
    if intent.status in OPEN:
        after = derived(after, None)
    waits = payment_methods.waiting_code(call, picked.row, picked.card) if picked.row and picked.card else ()
    return Plan(Change(saved=(after, *picked.saved), new=(*picked.new, *waits), shows=after))


def new_customer(call: Call, rows: Rows, intent: Intent) -> str | None:
    given = call.params.get("customer")
    if not given or given == intent.customer:
        return intent.customer
    if intent.customer:
        raise with_intent(Refused("The customer of a PaymentIntent can be set once.", param="customer"), intent, call.livemode)
    known_customer(call, rows)
    return str(given)


UPDATE = Verb("payment_intents.update", update, LOADS, lambda call: (call.ids["intent"], *named(call)), may, finds=find)
