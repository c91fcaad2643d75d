"""Creating an intent, and confirming it in the same call (B-5.1 to B-5.4)."""

from typing import TYPE_CHECKING, Any, cast

from sluice.books.events import Told
from sluice.core.errors import Refused
from sluice.core.ids import chance, new_id
from sluice.customers import confirmation_tokens, payment_methods
from sluice.customers.customers import Customer
from sluice.customers.details import Hash
from sluice.customers.payment_methods import PaymentMethod
from sluice.payments import card_declines
from sluice.payments.amounts import payable
from sluice.payments.confirming import confirmed
from sluice.payments.describing import described
from sluice.payments.intents import BLANK, Intent, derived
from sluice.payments.picking import CARD, RECOLLECTED, cvc_token, find, known_customer, named, owned, pick
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Change, Plan
from sluice.store.reads import Load, Rows

if TYPE_CHECKING:
    from sluice.shapes.types.payment_intent import PostPaymentIntents

NEED_CONFIRM = ("confirmation_token", "error_on_requires_action", "off_session", "return_url", "use_stripe_sdk")


def create(call: Call, rows: Rows) -> Plan:
    """B-5.1 to B-5.4. A validation fault creates nothing; a declined confirm leaves the intent."""
    call = confirmation_tokens.applied(call, rows)
    given = cast("PostPaymentIntents", call.params)
    money = payable(given["amount"], given["currency"])
    exclusive(given)
    if not given.get("confirm"):
        early = next((name for name in NEED_CONFIRM if given.get(name)), RECOLLECTED if cvc_token(call) else None)
        if early:
            raise Refused(f"`{early}` is for confirming: it needs confirm=true.", param=early)
    doc = described(call, BLANK | {"automatic_payment_methods": automatic(given)})
    customer = known_customer(call, rows)
    picked = pick(call, rows)
    id = new_id("pi_")
    intent = derived(
        Intent(
            id, 0, call.at, "", money.amount, money.currency, 0, 0, customer and customer.id, picked.row and picked.row.id,
            None, None, None, None, f"{id}_secret_{chance(25)}", doc,
        ),
        None,
    )  # fmt: skip
    told = Told("payment_intent.created", intent)
    if picked.row:
        owned(call, picked.row, None, customer and customer.id)
    if given.get("confirm"):
        return confirmed(call, rows, intent, picked, told)
    waits = payment_methods.waiting_code(call, picked.row, picked.card) if picked.row and picked.card else ()
    return Plan(Change(saved=picked.saved, new=(intent, *picked.new, *waits), told=(told,), shows=intent))


def exclusive(given: "PostPaymentIntents") -> None:
    """B-5.2."""
    if "automatic_payment_methods" not in given:
        return
    for other in ("payment_method_types", "confirmation_method"):
        if other in given:
            message = f"You may only specify one of these parameters: automatic_payment_methods, {other}."
            raise Refused(message, code="parameters_exclusive", param="automatic_payment_methods")


def automatic(given: "PostPaymentIntents") -> Hash | None:
    """B-5.1: on, with redirects, unless methods are named otherwise."""
    if "payment_method_types" in given or "confirmation_method" in given:
        return None
    asked = given.get("automatic_payment_methods") or {"enabled": True}
    return (
        {"enabled": asked["enabled"], "allow_redirects": asked.get("allow_redirects", "always")} if asked["enabled"] else None
    )


def named_at_create(call: Call) -> tuple[Any, ...]:
    customer, method = named(call)
    return customer, method if call.params.get("confirm") else method or "", card_declines.brought(call)


CREATE = Verb(
    "payment_intents.create",
    create,
    (
        Load(Customer, "customer", "$3"),
        Load(PaymentMethod, "method", "coalesce($4, customer.default_payment_method)"),
        Load(card_declines.CardDeclines, "declines", "coalesce($5, method.fingerprint)"),
        *CARD,
    ),
    named_at_create,
    finds=find,
)
