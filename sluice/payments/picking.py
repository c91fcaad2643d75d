"""Whom and what a payment is made with: the customer, and the method that is named, brought along or left to a default."""

from typing import Any

from sluice.books.vault.cards import StoredCard
from sluice.books.vault.cvcs import StoredCvc
from sluice.core.errors import Refused, missing
from sluice.customers import payment_methods
from sluice.customers.customers import Customer
from sluice.customers.details import Hash
from sluice.customers.payment_methods import UNUSABLE, PaymentMethod
from sluice.payments.intents import Intent, with_intent
from sluice.rails.types import Card
from sluice.rules.calls import Call
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row

CARD = (Load(StoredCard, "card", "method.card"), Load(StoredCvc, "code", "method.id"))


def named(call: Call) -> tuple[Any, ...]:
    """The customer and the method that a call gives; an empty name looks for nothing, none for the default (B-5.5)."""
    given = call.params
    method = given.get("payment_method") or ("" if given.get("payment_method_data") else None)
    return given.get("customer"), method


class Pick:
    """The payment method of a call: the one named, one brought along, the intent's own, or the customer's default (B-5.5)."""

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
