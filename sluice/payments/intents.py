"""PaymentIntents: what a shop wants to be paid, and how far it has come. The status is derived; its column keeps the last."""

import hmac
from typing import Any, ClassVar, final

from msgspec.structs import replace

from sluice.core.errors import Refused, missing
from sluice.core.money import Money
from sluice.payments.charges import Charge
from sluice.rules.calls import Call
from sluice.shapes.objects import build
from sluice.store.reads import Rows
from sluice.store.rows import Row

CARD_OPTIONS: dict[str, Any] = {
    "installments": None, "mandate_options": None, "network": None, "request_three_d_secure": "automatic",
}  # fmt: skip
BLANK: dict[str, Any] = {
    "application_fee_amount": None,
    "automatic_payment_methods": None,
    "cancellation_reason": None,
    "capture_method": "automatic_async",
    "confirmation_method": "automatic",
    "description": None,
    "excluded_payment_method_types": None,
    "last_payment_error": None,
    "metadata": {},
    "next_action": None,
    "payment_method_options": {"card": CARD_OPTIONS},
    "payment_method_types": ["card"],
    "processing": None,
    "receipt_email": None,
    "setup_future_usage": None,
    "shipping": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "transfer_group": None,
}
# B-1.7: what a publishable key may see.
PUBLIC = frozenset(
    (
        "id", "object", "amount", "amount_details", "automatic_payment_methods", "canceled_at", "cancellation_reason",
        "capture_method", "client_secret", "confirmation_method", "created", "currency", "description", "last_payment_error",
        "livemode", "next_action", "payment_method", "payment_method_configuration_details", "payment_method_types",
        "processing", "receipt_email", "setup_future_usage", "shipping", "source", "status",
    )
)  # fmt: skip
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


@final
class Intent(Row, frozen=True):
    """`live`: the instruction in flight. `challenge`: the one that waits for the buyer. Amounts in minor units."""

    table: ClassVar[str] = "intents"
    noun: ClassVar[str] = "payment_intent"
    created: int
    status: str
    amount: int
    currency: str
    capturable: int
    received: int
    customer: str | None
    payment_method: str | None
    latest_charge: str | None
    live: str | None
    challenge: str | None
    canceled_at: int | None
    client_secret: str
    doc: dict[str, Any]
    attempts: int = 0  # that failed

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    def wire(self, livemode: bool) -> dict[str, Any]:
        return build(
            "payment_intent",
            id=self.id,
            created=self.created,
            status=self.status,
            amount=self.amount,
            currency=self.currency,
            amount_capturable=self.capturable,
            amount_received=self.received,
            customer=self.customer,
            payment_method=self.payment_method,
            latest_charge=self.latest_charge,
            canceled_at=self.canceled_at,
            client_secret=self.client_secret,
            livemode=livemode,
            **self.doc,
        )


def status(intent: Intent, charge: Charge | None) -> str:
    """The one place that says it: from the intent, its latest charge and what is in flight, which outranks everything."""
    if intent.live:
        return "processing"
    if intent.canceled_at:
        return "canceled"
    if charge and charge.status == "succeeded":
        return "succeeded" if charge.captured else "requires_capture"
    if charge and charge.status == "pending":
        return "processing"
    if intent.challenge:
        return "requires_action"
    return "requires_confirmation" if intent.payment_method else "requires_payment_method"


def derived(intent: Intent, charge: Charge | None) -> Intent:
    """`intent` with the status and sums that follow from its charge."""
    held = charge is not None and charge.status == "succeeded"
    return replace(
        intent,
        status=status(intent, charge),
        capturable=charge.amount if charge and held and charge.held_until and not intent.canceled_at else 0,
        received=charge.captured if charge and held else 0,
    )


def unexpected(intent: Intent, message: str, livemode: bool, param: str | None = None) -> Refused:
    """B-2.5, B-2.16: the move is not legal now; the error carries the whole intent."""
    return with_intent(Refused(message, code="payment_intent_unexpected_state", param=param, judged=True), intent, livemode)


def with_intent(refusal: Refused, intent: Intent, livemode: bool) -> Refused:
    refusal.body["payment_intent"] = intent.wire(livemode)
    refusal.judged = True
    return refusal


def found(call: Call, rows: Rows) -> Intent:
    intent = rows.get_one(Intent, "intent")
    if intent is None:
        raise missing("payment_intent", call.ids["intent"], "intent", status=404)
    return intent


def may(call: Call, rows: Rows) -> None:
    """B-1.6: with a publishable key, the intent's own secret; compared in constant time."""
    matching(call, rows.get_one(Intent, "intent"))


def matching(call: Call, intent: Intent | None) -> None:
    """Whether the secret that is given, or must be, is the intent's."""
    given = call.params.get("client_secret")
    if given is None:
        if call.publishable:
            raise Refused("Missing required param: client_secret.", code="parameter_missing", param="client_secret")
        return
    if intent is None or not hmac.compare_digest(intent.client_secret.encode(), given.encode()):
        message = "The client_secret provided does not match the client_secret associated with the PaymentIntent."
        raise Refused(message, code="payment_intent_invalid_parameter", param="client_secret")
