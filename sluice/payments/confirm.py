"""Creating, updating and confirming an intent: what is judged before a rail is asked (B-5.1 to B-5.11, B-5.20)."""

import hmac
from typing import Any

from msgspec.structs import replace

from sluice.books.events import Told
from sluice.books.vault.cards import StoredCard
from sluice.books.vault.cvcs import StoredCvc
from sluice.core.errors import Refused, missing
from sluice.core.ids import chance, new_id
from sluice.customers import payment_methods
from sluice.customers.customers import Customer
from sluice.customers.details import Hash, email, kept, metadata, shipping
from sluice.customers.payment_methods import UNUSABLE, PaymentMethod
from sluice.payments import routing
from sluice.payments.amounts import payable
from sluice.payments.calls import Call, Verb
from sluice.payments.descriptors import suffix
from sluice.payments.intents import BLANK, CARD_OPTIONS, Intent, derived, unexpected, with_intent
from sluice.payments.plans import Change, Plan, Request
from sluice.rails.types import Authorize, Card
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
NEED_CONFIRM = ("off_session", "return_url", "use_stripe_sdk")
MANUAL = (
    "Sluice does not serve confirmation_method=manual yet: leave it out, and confirm from your server or the buyer's browser."
)


class Pick:
    """The payment method of a call: the one it names, one it brings along, the intent's own, or the customer's default (B-5.5)."""

    def __init__(self, row: PaymentMethod | None, new: tuple[Row, ...] = (), card: Card | None = None) -> None:
        self.row, self.new, self.card = row, new, card


def pick(call: Call, rows: Rows) -> Pick:
    given = call.params
    if "payment_method" in given and "payment_method_data" in given:
        message = "You may only specify one of these parameters: payment_method, payment_method_data."
        raise Refused(message, code="parameters_exclusive", param="payment_method")
    if data := given.get("payment_method_data"):
        return brought(call, data)
    if given.get("payment_method"):
        return Pick(*payment_methods.named(call, rows, "method", "payment_method"))
    return Pick(rows.get_one(PaymentMethod, "method"))


def brought(call: Call, data: Hash) -> Pick:
    where = "payment_method_data"
    if data["type"] != "card":
        raise Refused(f"Sluice does not serve the payment method type {data['type']} yet: use card.", param=f"{where}[type]")
    if not data.get("card"):
        raise Refused(f"Missing required param: {where}[card].", code="parameter_missing", param=f"{where}[card]")
    card = payment_methods.card_of(call, data["card"], f"{where}[card]")
    return Pick(*payment_methods.make(call, card, data, f"{where}[billing_details]"), card)


def create(call: Call, rows: Rows) -> Plan:
    """B-5.1 to B-5.4. A validation fault creates nothing; a declined confirm leaves the intent."""
    given = call.params
    money = payable(given["amount"], given["currency"])
    exclusive(given)
    if not given.get("confirm"):
        early = next((name for name in NEED_CONFIRM if given.get(name)), None)
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
    return Plan(Change(new=(intent, *picked.new, *waits), told=(told,), shows=intent))


def exclusive(given: Hash) -> None:
    """B-5.2."""
    if "automatic_payment_methods" not in given:
        return
    for other in ("payment_method_types", "confirmation_method"):
        if other in given:
            message = f"You may only specify one of these parameters: automatic_payment_methods, {other}."
            raise Refused(message, code="parameters_exclusive", param="automatic_payment_methods")


def automatic(given: Hash) -> Hash | None:
    """B-5.1: on, with redirects, unless methods are named otherwise."""
    if "payment_method_types" in given or "confirmation_method" in given:
        return None
    asked = given.get("automatic_payment_methods") or {"enabled": True}
    return (
        {"enabled": asked["enabled"], "allow_redirects": asked.get("allow_redirects", "always")} if asked["enabled"] else None
    )


def described(call: Call, old: Hash) -> Hash:
    """`doc` with what the call gives: what an intent only carries."""
    given = call.params
    doc = kept(old, given, ("description", "transfer_group", "payment_details"))
    doc["metadata"] = metadata(old["metadata"], given)
    if given.get("confirmation_method") == "manual":
        raise Refused(MANUAL, param="confirmation_method")
    if given.get("capture_method"):
        doc["capture_method"] = given["capture_method"]
    if "statement_descriptor" in given:
        raise Refused("On card payments use statement_descriptor_suffix.", param="statement_descriptor")
    if "statement_descriptor_suffix" in given:
        doc["statement_descriptor_suffix"] = suffix(given["statement_descriptor_suffix"], "statement_descriptor_suffix")
    if "receipt_email" in given:
        doc["receipt_email"] = email(given, "receipt_email")
    if "shipping" in given:
        doc["shipping"] = shipping(given["shipping"], old["shipping"])
    if "payment_method_types" in given:
        doc["payment_method_types"] = cards_only(given["payment_method_types"])
    if "excluded_payment_method_types" in given:
        doc["excluded_payment_method_types"] = not_all(given["excluded_payment_method_types"])
    if "payment_method_options" in given:
        doc["payment_method_options"] = options(old["payment_method_options"], given["payment_method_options"])
    if doc.get("payment_details", 0) is None:
        del doc["payment_details"]
    elif "payment_details" in given:
        doc["payment_details"] = {"customer_reference": None, "order_reference": None} | given["payment_details"]
    return doc


def cards_only(types: list[str]) -> list[str]:
    for n, kind in enumerate(types):
        if kind != "card":
            param = f"payment_method_types[{n}]"
            raise Refused(f"Sluice does not serve the payment method type {kind} yet: use card.", param=param)
    if not types:
        raise Refused("Name at least one payment method type: card.", param="payment_method_types")
    return ["card"]


def not_all(types: list[str] | None) -> list[str] | None:
    if types and "card" in types:
        raise Refused("No payment method type is left when card is excluded.", param="excluded_payment_method_types")
    return types


def options(old: Hash, given: Hash | None) -> Hash:
    """Cards' options, leaf by leaf; unset ones fall back."""
    card = (given or {}).get("card")
    if card is None:
        return {"card": CARD_OPTIONS}
    made = old["card"] | card
    made["request_three_d_secure"] = made["request_three_d_secure"] or "automatic"
    return {"card": {name: value for name, value in made.items() if value is not None or name in CARD_OPTIONS}}


def known_customer(call: Call, rows: Rows) -> Customer | None:
    """B-2.6: a customer that is named must be there, and live."""
    if not call.params.get("customer"):
        return rows.get_one(Customer, "customer")
    customer = rows.get_one(Customer, "customer")
    if customer is None or customer.deleted:
        raise missing("customer", call.params["customer"], "customer")
    return customer


def owned(call: Call, method: PaymentMethod, intent: Intent | None, customer: str | None) -> None:
    """B-5.6, B-5.13: whose method it is, and whether it may still be used. A refused confirm leaves the intent untouched."""
    refusal = None
    if method.customer and not customer:
        message = "The payment method belongs to a customer: name that customer on the payment too."
        refusal = Refused(message, code="parameter_missing", param="source", judged=True)
    elif method.customer and method.customer != customer:
        message = "The payment method belongs to another customer than the payment."
        refusal = Refused(message, param="payment_method", judged=True)
    elif method.state in ("used", "detached", "taken"):
        refusal = Refused(UNUSABLE, param="payment_method", judged=True)
    if refusal:
        raise with_intent(refusal, intent, call.livemode) if intent else refusal


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


def found(call: Call, rows: Rows) -> Intent:
    intent = rows.get_one(Intent, "intent")
    if intent is None:
        raise missing("payment_intent", call.ids["intent"], "intent", status=404)
    return intent


def confirm(call: Call, rows: Rows) -> Plan:
    """B-5.7: legal in three states; B-5.5: which method is used."""
    intent = found(call, rows)
    if intent.status == "succeeded":
        raise unexpected(intent, "You cannot confirm this PaymentIntent because it has already succeeded.", call.livemode)
    if intent.status not in OPEN:
        message = (
            f"This PaymentIntent could not be confirmed because it has a status of {intent.status}. Only a PaymentIntent with one"
            f" of the following statuses may be confirmed: {', '.join(OPEN)}."
        )
        raise unexpected(intent, message, call.livemode)
    picked = pick(call, rows)
    if picked.row is None:
        who = "and its customer has no default" if intent.customer else "and it has no customer"
        message = f"You cannot confirm this PaymentIntent because it's missing a payment method, {who}: give `payment_method`."
        raise unexpected(intent, message, call.livemode)
    owned(call, picked.row, intent, intent.customer)
    return confirmed(call, rows, replace(intent, doc=described(call, intent.doc)), picked, None)


def confirmed(call: Call, rows: Rows, intent: Intent, picked: Pick, created: Told | None) -> Plan:
    """*open*'s change and the authorisation to ask for. `created`: the intent is new, made in the same call."""
    method, given = picked.row, call.params
    if method is None:
        message = "You cannot confirm this PaymentIntent because it's missing a payment method: give `payment_method`."
        raise Refused(message, code="payment_intent_unexpected_state", judged=not created)
    redirects(call, intent, method)
    rail = routing.choose(call, "card", intent.currency)
    asking = new_id("ask_")
    after = replace(
        intent, status="processing", live=asking, challenge=None, payment_method=method.id,
        doc=intent.doc | {"last_payment_error": None, "next_action": None, "processing": None},
    )  # fmt: skip
    taken = method if method.state == "attached" else replace(method, state="taken")
    saved: tuple[Row, ...] = () if created else (after,)
    new: tuple[Row, ...] = (after,) if created else ()
    if picked.new:
        new += (taken, *picked.new[1:])
    elif taken is not method:
        saved += (taken,)
    code = rows.get_one(StoredCvc, "code") if not picked.card else None
    change = Change(saved=saved, new=new, gone=(code,) if code else (), told=(created,) if created else ())
    extra = {
        "public_url": call.public_url, "return_url": given.get("return_url"), "use_stripe_sdk": given.get("use_stripe_sdk"),
        "hold_seconds": rail.hold_seconds,
    }  # fmt: skip
    return Plan(
        change,
        Request(
            ask=authorization(call, after, method), subject=intent.id, id=asking, rail=rail.name, stored=rows.get_one(StoredCard, "card"),
            code=code, card=picked.card, charge=new_id("ch_"), method=method.id, extra=extra,
        ),
    )  # fmt: skip


def authorization(call: Call, intent: Intent, method: PaymentMethod) -> Authorize:
    option, where = intent.doc["payment_method_options"]["card"], method.doc["billing_details"]["address"] or {}
    manual = intent.doc["capture_method"] == "manual" or option.get("capture_method") == "manual"
    return Authorize(
        intent.money,
        capture=not manual,
        off_session=bool(call.params.get("off_session")),
        three_d_secure=option["request_three_d_secure"],
        line1=where.get("line1"),
        postal_code=where.get("postal_code"),
        descriptor=intent.doc["statement_descriptor_suffix"],
        weather=weather(call, intent.doc["metadata"]),
    )


def weather(call: Call, given: dict[str, Any]) -> str | None:
    """B-6.9: bad weather on demand; in live the key means nothing."""
    return None if call.livemode else given.get("sandbox")


def redirects(call: Call, intent: Intent, method: PaymentMethod) -> None:
    """B-5.4: where methods that redirect are allowed, the buyer must have somewhere to come back to."""
    given, allowed = call.params, intent.doc["automatic_payment_methods"]
    if not allowed or allowed["allow_redirects"] == "never" or given.get("return_url") or given.get("use_stripe_sdk"):
        return
    if given.get("off_session") and method.state == "attached":
        return
    message = (
        "This PaymentIntent may use payment methods that redirect the buyer, so its confirmation needs a `return_url`. Give one, or"
        " create the PaymentIntent with automatic_payment_methods[enabled]=true and automatic_payment_methods[allow_redirects]=never."
    )
    refusal = Refused(message, param="return_url")
    raise with_intent(refusal, intent, call.livemode) if intent.version else refusal


def update(call: Call, rows: Rows) -> Plan:
    """B-5.20, B-5.21: what may change when. Any update clears the last error; it tells no event."""
    intent, given = found(call, rows), call.params
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
        intent, amount=money.amount, currency=money.currency, customer=customer, doc=doc | ({"next_action": None} if moved else {}),
        payment_method=picked.row.id if picked.row else intent.payment_method, challenge=None if moved else intent.challenge,
    )  # fmt: skip
    if intent.status in OPEN:
        after = derived(after, None)
    waits = payment_methods.waiting_code(call, picked.row, picked.card) if picked.row and picked.card else ()
    return Plan(Change(saved=(after,), new=(*picked.new, *waits), shows=after))


def new_customer(call: Call, rows: Rows, intent: Intent) -> str | None:
    given = call.params.get("customer")
    if not given or given == intent.customer:
        return intent.customer
    if intent.customer:
        raise with_intent(Refused("The customer of a PaymentIntent can be set once.", param="customer"), intent, call.livemode)
    known_customer(call, rows)
    return str(given)


def named(call: Call) -> tuple[Any, ...]:
    """The customer and the method that a call gives; an empty name looks for nothing, none for the default (B-5.5)."""
    given = call.params
    method = given.get("payment_method") or ("" if given.get("payment_method_data") else None)
    return given.get("customer"), method


def named_at_create(call: Call) -> tuple[Any, ...]:
    customer, method = named(call)
    return customer, method if call.params.get("confirm") else method or ""


CARD = (Load(StoredCard, "card", "method.card"), Load(StoredCvc, "code", "method.id"))
CREATE = Verb(
    "payment_intents.create",
    create,
    (Load(Customer, "customer", "$3"), Load(PaymentMethod, "method", "coalesce($4, customer.default_payment_method)"), *CARD),
    named_at_create,
)
LOADS = (
    Load(Intent, "intent", "$3"),
    Load(Customer, "customer", "coalesce($4, intent.customer)"),
    Load(PaymentMethod, "method", "coalesce($5, intent.payment_method, customer.default_payment_method)"),
    *CARD,
)
CONFIRM = Verb("payment_intents.confirm", confirm, LOADS, lambda call: (call.ids["intent"], *named(call)), may)
UPDATE = Verb("payment_intents.update", update, LOADS, lambda call: (call.ids["intent"], *named(call)), may)
