"""Attaching a card to a customer, after the rail has checked it, and taking it off again (B-5.62, B-5.63)."""

from typing import Any, assert_never

from msgspec.structs import replace

from sluice.books.events import Told
from sluice.books.vault.cards import StoredCard
from sluice.books.vault.cvcs import StoredCvc
from sluice.core.errors import Refused
from sluice.core.ids import new_id
from sluice.core.money import Money
from sluice.customers import customers, payment_methods
from sluice.customers.customers import Customer
from sluice.customers.payment_methods import PaymentMethod
from sluice.customers.sources import is_source
from sluice.payments import declines, linking, routing
from sluice.payments.attempts import charged, given_back
from sluice.payments.instructions import Instruction
from sluice.rails.outcomes import ActionRequired, Approved, Declined, NotSent, Outcome, Pending, Unknown
from sluice.rails.types import Authorize, Card
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Change, Plan, Request
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row

UNASKED = Declined("processing_error")


def attach(call: Call, rows: Rows) -> Plan:
    """The card is asked about with a message of no money; a hard decline leaves it unattached."""
    if not call.params.get("customer"):
        raise Refused("Missing required param: customer.", code="parameter_missing")
    customer = customers.named(call, rows)
    method, new, card = pick(call, rows)
    if method.customer == customer.id:
        return Plan(Change(stand=(method,), shows=method))
    if method.customer:
        raise Refused("The payment method you provided has already been attached to a customer.", judged=True)
    payment_methods.usable(method)
    return checking(call, rows, method, new, card, customer=customer.id, shows="method")


def checking(
    call: Call, rows: Rows, method: PaymentMethod, new: tuple[Row, ...], card: Card | None, *, shows: str,
    customer: str | None = None, extra: dict[str, Any] | None = None, saved: tuple[Row, ...] = (),
) -> Plan:  # fmt: skip
    """A message of no money about the method, which is taken until the answer; its code goes with it. `saved`: its token."""
    taken, code = replace(method, state="taken"), None if card else rows.get_one(StoredCvc, "code")
    gone = (code,) if code else ()
    request = Request(
        Authorize(Money(0, call.currency), capture=False), method.id, new_id("ask_"),
        routing.choose(call).name, stored=None if card else rows.get_one(StoredCard, "card"), code=code, card=card,
        method=method.id, customer=customer, shows=shows, extra=extra or {},
    )  # fmt: skip
    if new:
        return Plan(Change(saved=saved, new=(taken, *new[1:]), gone=gone), request)
    return Plan(Change(saved=(*saved, taken), gone=gone), request)


def create_customer(call: Call, rows: Rows) -> Plan:
    """B-5.67: with `payment_method` the card is asked about first, and the customer is there only if it passes (B-5.62)."""
    if not call.params.get("payment_method"):
        return customers.create(call, rows)
    default = call.params.get("invoice_settings", {}).get("default_payment_method")
    method, new, card = payment_methods.named(call, rows, "method", "payment_method")
    payment_methods.usable(method)
    if default and default not in (method.id, call.params["payment_method"]):
        raise Refused("The default must be the payment method given.", param="invoice_settings[default_payment_method]")
    customer = customers.made(call, rows)
    pending = {"customer": {name: getattr(customer, name) for name in customer.__struct_fields__}, "default": bool(default)}
    return checking(call, rows, method, new, card, shows="customer", extra=pending)


def pick(call: Call, rows: Rows) -> payment_methods.Named:
    """The method in the path; a `pm_card_*` there makes a new one (B-6.1)."""
    id = call.ids["payment_method"]
    if made := payment_methods.from_name(call, id):
        return made
    return payment_methods.found(call, rows), (), None


def checked(rows: Rows, said: Outcome, at: int, livemode: bool) -> Change:
    """What the rail's word does to a card that was to be attached. No money can be held by it, so no answer is a refusal."""
    method, instruction = rows.one(PaymentMethod, "method"), rows.one(Instruction, "instruction")
    match said:
        case Approved():
            customer = rows.get_one(Customer, "customer") or promised(instruction)
            if customer.deleted:
                return refused(method, UNASKED, livemode)
            attached = charged(replace(method, state="attached", customer=customer.id), said.details)
            if instruction.asked.extra.get("source"):
                return linking.linked(rows, attached, customer)
            if customer.version:
                return Change(saved=(attached,), told=(Told("payment_method.attached", attached),), shows=attached)
            told = (Told("customer.created", customer), Told("payment_method.attached", attached))
            return Change(saved=(attached,), new=(customer,), told=told, shows=customer)
        case Declined():
            return refused(method, said, livemode)
        case ActionRequired():  # a card that asks for its buyer is a good card
            return checked(rows, Approved(None, None, None), at, livemode)
        case Pending() | NotSent() | Unknown():
            return refused(method, UNASKED, livemode)
        case _:
            assert_never(said)


def promised(instruction: Instruction) -> Customer:
    """The customer that waits for its card's check (customers.create with `payment_method`)."""
    extra = instruction.asked.extra
    customer = Customer(**extra["customer"])
    return replace(customer, default_payment_method=instruction.asked.method if extra.get("default") else None)


def refused(method: PaymentMethod, word: Declined, livemode: bool) -> Change:
    error, released = declines.error(word, None), given_back(method)
    body = {} if is_source(method) else {"payment_method": released.wire(livemode)}
    refusal = Refused(
        error["message"],
        status=402,
        type="card_error",
        code=error["code"],
        param=error.get("param"),
        decline_code=error.get("decline_code"),
        judged=True,
        body=body,
    )
    return Change(saved=(released,), shows=released, refusal=refusal)


def detach(call: Call, rows: Rows) -> Plan:
    """Afterwards it is unusable, and no customer's default."""
    method = payment_methods.found(call, rows)
    if method.customer is None:
        message = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise Refused(message, judged=True)
    after = replace(method, customer=None, state="detached")
    told: tuple[Told, ...] = (Told("payment_method.detached", after, method),)
    customer = rows.get_one(Customer, "customer")
    without = customer and customers.without(customer, method.id)
    if customer and without and without != customer:
        told += (Told("customer.updated", without, customer),)
        return Plan(Change(saved=(after, without), told=told, shows=after))
    return Plan(Change(saved=(after,), told=told, shows=after))


METHOD = Load(PaymentMethod, "method", "$3")
ATTACH = Verb(
    "payment_methods.attach", attach,
    (METHOD, Load(Customer, "customer", "$4"), Load(StoredCard, "card", "method.card"), Load(StoredCvc, "code", "card.id")),
    lambda call: (call.ids["payment_method"], call.params.get("customer")), payment_methods.may,
)  # fmt: skip
DETACH = Verb(
    "payment_methods.detach",
    detach,
    (METHOD, Load(Customer, "customer", "method.customer")),
    lambda call: (call.ids["payment_method"],),
    payment_methods.may,
)
CREATE_CUSTOMER = Verb(
    "customers.create", create_customer,
    (
        *customers.TWIN, Load(PaymentMethod, "method", "$4"), Load(StoredCard, "card", "method.card"),
        Load(StoredCvc, "code", "card.id"),
    ),
    lambda call: (call.params.get("invoice_prefix"), call.params.get("payment_method")),
)  # fmt: skip
