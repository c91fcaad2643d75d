"""Confirming an intent: what is judged before the rail is asked for an authorisation (B-5.4 to B-5.11)."""

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from msgspec.structs import replace

from sluice.books.events import Told
from sluice.books.vault.cards import StoredCard
from sluice.core.errors import Refused
from sluice.core.ids import new_id
from sluice.customers import confirmation_tokens
from sluice.customers.customers import Customer
from sluice.customers.payment_methods import PaymentMethod
from sluice.payments import card_declines, routing
from sluice.payments.describing import described
from sluice.payments.intents import OPEN, Intent, found, may, unexpected, with_intent
from sluice.payments.picking import CARD, Pick, code_of, find, named, owned, pick
from sluice.rails.types import Authorize
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Change, Plan, Request
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row

if TYPE_CHECKING:
    from sluice.shapes.types.payment_intent import PostPaymentIntentsIntentConfirm

SCRIPTS = ("", "data", "javascript", "vbscript")
WEATHER = ("silent", "late", "twice", "wrong_amount", "down")  # B-6.9


def confirm(call: Call, rows: Rows) -> Plan:
    """B-5.7: legal in three states; B-5.5: which method is used."""
    call, intent = confirmation_tokens.applied(call, rows), found(call, rows)
    if intent.status == "succeeded":
        raise unexpected(intent, "You cannot confirm this PaymentIntent because it has already succeeded.", call.livemode)
    if intent.status not in OPEN:
        message = (
            f"This PaymentIntent could not be confirmed because it has a status of {intent.status}. Only a PaymentIntent with"
            f" one of the following statuses may be confirmed: {', '.join(OPEN)}."
        )
        raise unexpected(intent, message, call.livemode)
    if call.publishable:
        from_a_browser(call.params)
    picked = pick(call, rows)
    if picked.row is None:
        who = "and its customer has no default" if intent.customer else "and it has no customer"
        message = f"You cannot confirm this PaymentIntent because it's missing a payment method, {who}: give `payment_method`."
        raise unexpected(intent, message, call.livemode)
    owned(call, picked.row, intent, intent.customer)
    return confirmed(call, rows, replace(intent, doc=described(call, intent.doc)), picked, None)


def from_a_browser(given: dict[str, Any]) -> None:
    """S11: a publishable key pays as the shop has asked; it says neither that nobody is there nor that money is only held."""
    card = (given.get("payment_method_options") or {}).get("card") or {}
    says = {
        "error_on_requires_action": given.get("error_on_requires_action"),
        "off_session": given.get("off_session"),
        "capture_method": given.get("capture_method"),
        "payment_method_options[card][capture_method]": card.get("capture_method"),
    }
    if name := next((name for name, value in says.items() if value), None):
        raise Refused(f"`{name}` cannot be given with a publishable key: confirm from your server.", param=name)


def confirmed(call: Call, rows: Rows, intent: Intent, picked: Pick, created: Told | None) -> Plan:
    """*open*'s change and the authorisation to ask for. `created`: the intent is new, made in the same call."""
    method, given = picked.row, cast("PostPaymentIntentsIntentConfirm", call.params)
    if method is None:
        message = "You cannot confirm this PaymentIntent because it's missing a payment method: give `payment_method`."
        raise Refused(message, code="payment_intent_unexpected_state", judged=not created)
    redirects(call, intent, method)
    card_declines.may(call, rows)
    rail = routing.choose(call)
    asking = new_id("ask_")
    after = replace(
        intent, status="processing", live=asking, challenge=None, payment_method=method.id,
        doc=intent.doc | {"last_payment_error": None, "next_action": None, "processing": None},
    )  # fmt: skip
    taken = method if method.state == "attached" else replace(method, state="taken")
    saved = picked.confirmed(call, rows, intent.id) + (() if created else (after,))
    new: tuple[Row, ...] = (after,) if created else ()
    if picked.new:
        new += (taken, *picked.new[1:])
    elif taken is not method:
        saved += (taken,)
    code = code_of(call, rows, picked)
    change = Change(saved=(*saved, *code.saved), new=new, gone=code.gone, told=(created,) if created else ())
    extra = {
        "public_url": call.public_url, "hold_seconds": rail.hold_seconds, "attempts": rail.attempts, "declines": call.declines,
        "return_url": back(given.get("return_url")), "use_stripe_sdk": given.get("use_stripe_sdk"),
        "error_on_requires_action": given.get("error_on_requires_action"),
    }  # fmt: skip
    return Plan(
        change,
        Request(
            ask=authorization(call, after, method), subject=intent.id, id=asking, rail=rail.name, others=rail.others,
            stored=rows.get_one(StoredCard, "card"),
            code=code.sent, card=picked.card, charge=new_id("ch_"), method=method.id,
            customer=intent.customer if intent.doc.get("setup_future_usage") else None, extra=extra,
        ),
    )  # fmt: skip


def back(url: str | None) -> str | None:
    """B-5.11: where the buyer returns to, a page or an app; refused is what no browser should be sent to."""
    try:
        parts = urlsplit(url or "shop://none")
    except ValueError:
        parts = urlsplit("")
    if not parts.netloc or parts.scheme in SCRIPTS or any(char <= " " for char in url or ""):
        raise Refused("Invalid URL: an absolute URL is needed.", code="url_invalid", param="return_url")
    return url


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
        initial=method.doc.get("initial") if call.params.get("off_session") else None,
        descriptor=intent.doc["statement_descriptor_suffix"],
        weather=weather(call, intent.doc["metadata"]),
    )


def weather(call: Call, given: dict[str, Any]) -> str | None:
    """B-6.9: bad weather on demand; in live the key means nothing."""
    asked = None if call.livemode else given.get("sandbox")
    if asked and asked not in WEATHER:
        words = f"{', '.join(WEATHER[:-1])}, or {WEATHER[-1]}"
        raise Refused(f"Invalid metadata[sandbox]: must be one of {words}", param="metadata[sandbox]")
    return asked


def redirects(call: Call, intent: Intent, method: PaymentMethod) -> None:
    """B-5.4: where methods that redirect are allowed, the buyer must have somewhere to come back to."""
    given, allowed = cast("PostPaymentIntentsIntentConfirm", call.params), intent.doc["automatic_payment_methods"]
    if not allowed or allowed["allow_redirects"] == "never" or given.get("return_url") or given.get("use_stripe_sdk"):
        return
    if given.get("off_session") and method.state == "attached":
        return
    message = (
        "This PaymentIntent may use payment methods that redirect the buyer, so its confirmation needs a `return_url`. Give"
        " one, or create the PaymentIntent with automatic_payment_methods[enabled]=true and"
        " automatic_payment_methods[allow_redirects]=never."
    )
    refusal = Refused(message, param="return_url")
    raise with_intent(refusal, intent, call.livemode) if intent.version else refusal


LOADS = (
    Load(Intent, "intent", "$3"),
    Load(Customer, "customer", "coalesce($4, intent.customer)"),
    Load(PaymentMethod, "method", "coalesce($5, intent.payment_method, customer.default_payment_method)"),
    *CARD,
)
CONFIRM = Verb(
    "payment_intents.confirm",
    confirm,
    (*LOADS, Load(card_declines.CardDeclines, "declines", "coalesce($6, method.fingerprint)")),
    lambda call: (call.ids["intent"], *named(call), card_declines.brought(call)),
    may,
    finds=find,
)
