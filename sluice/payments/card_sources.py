"""Cards under a customer, the old API's way: its bank is asked about a card before it is his (B-5.62, B-5.69)."""

from typing import Any

from msgspec.structs import fields, replace

from sluice.books.events import Told
from sluice.core.errors import Refused, missing
from sluice.customers import cards, customers, payment_methods, sources
from sluice.customers.cards import seen
from sluice.customers.customers import Customer
from sluice.customers.payment_methods import Brought, PaymentMethod
from sluice.customers.sources import Source, detached
from sluice.payments import attaching
from sluice.payments.picking import CARD, by_token
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Change, Plan
from sluice.shapes.objects import build
from sluice.store.database import Database
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row


class Gone(Row, frozen=True):
    """What the answer to a delete of a card shows (B-4.5)."""

    table = PaymentMethod.table

    def wire(self, livemode: bool) -> dict[str, Any]:
        return build("deleted_card", id=self.id, deleted=True)


def create(call: Call, rows: Rows) -> Plan:
    """Of a token, of a source that is nobody's yet, or of a card that is typed."""
    customer = customers.live(call, rows, "customer")
    made = brought(call, rows)
    if made.row.customer == customer.id:
        return Plan(Change(stand=(made.row,), shows=seen(Source, made.row)))
    return checking(call, rows, made, customer=customer.id, shows="method")


def brought(call: Call, rows: Rows) -> Brought:
    """The card that the call gives, as a method under the id of a card or source."""
    given = call.params
    if "card" in given and "source" in given:
        raise Refused("You may only specify one of these parameters: card, source.", code="parameters_exclusive", param="card")
    param = "card" if given.get("card") else "source"
    card = given.get(param)
    if not card:
        raise Refused("Missing required param: source.", code="parameter_missing", param="source")
    if isinstance(card, str) and card.startswith(sources.KEPT):
        method = rows.get_one(PaymentMethod, "method")
        if method is None:
            raise missing("source", card, param)
        return Brought(method, ())
    details: dict[str, Any] = {}
    if not isinstance(card, str):
        assert card.get("object", "card") == "card", "the walk lets nothing else through"
        details = {"billing_details": cards.owner(card), "metadata": card.get("metadata") or {}}
    if "metadata" in given:
        details["metadata"] = given["metadata"]
    return payment_methods.bring(call, rows, card, details, param, "card_", param)


def checking(call: Call, rows: Rows, made: Brought, extra: dict[str, Any] | None = None, **how: Any) -> Plan:
    if made.row.customer:
        raise Refused("The source you provided has already been attached to a customer.", param="source", judged=True)
    payment_methods.usable(made.row, "source")
    return attaching.checking(
        call, rows, made.row, made.new, made.card, saved=made.saved, extra={"source": True} | (extra or {}), **how
    )


def create_customer(call: Call, rows: Rows) -> Plan:
    """B-5.67: with `source` his card is asked about first, as with `payment_method`."""
    given = call.params
    if not given.get("source"):
        return attaching.create_customer(call, rows)
    if given.get("payment_method") or given.get("invoice_settings", {}).get("default_payment_method"):
        message = "You may only specify one of these parameters: payment_method, source."
        raise Refused(message, code="parameters_exclusive", param="source")
    made, customer = brought(call, rows), customers.made(call, rows)
    pending = {field.name: getattr(customer, field.name) for field in fields(customer)}
    return checking(call, rows, made, shows="customer", extra={"customer": pending})


def update_customer(call: Call, rows: Rows) -> Plan:
    """With `source` the card is asked about first; it takes the place of the default, which is deleted with it."""
    if not call.params.get("source"):
        return customers.update(call, rows)
    if "default_source" in call.params:
        message = "You may only specify one of these parameters: default_source, source."
        raise Refused(message, code="parameters_exclusive", param="source")
    customer = customers.live(call, rows)
    after, made = customers.updated(call, rows, customer), brought(call, rows)
    extra = {"update": differences(customer, after), "replaced": customer.default_source}
    return checking(call, rows, made, customer=customer.id, shows="customer", extra=extra)


def differences(before: Customer, after: Customer) -> dict[str, Any]:
    """What an update changes: columns, and keys of the document."""
    doc = {name: value for name, value in after.doc.items() if name not in before.doc or before.doc[name] != value}
    columns = {field.name: getattr(after, field.name) for field in fields(after) if field.name != "doc"}
    return {name: value for name, value in columns.items() if value != getattr(before, name)} | {"doc": doc}


def delete(call: Call, rows: Rows) -> Plan:
    """The newest of the others is the default then, if this one was. No later call can use it (B-5.63)."""
    source = sources.of_customer(call, rows)
    customer, next = rows.one(Customer, "customer"), rows.get_one(PaymentMethod, "next")
    gone = detached(source)
    shows = Gone(source.id, source.version) if source.id.startswith("card_") else seen(Source, gone)
    after = customers.without(customer, source.id)
    if customer.default_source == source.id and next:
        after = replace(after, default_source=next.id)
    told = (Told("customer.source.deleted", source),)
    if after == customer:
        return Plan(Change(saved=(gone,), stand=(customer,), told=told, shows=shows))
    stand = (next,) if next and after.default_source == next.id else ()
    return Plan(Change(saved=(gone, after), stand=stand, told=(*told, Told("customer.updated", after, customer)), shows=shows))


def named(call: Call) -> str | None:
    """The card or source that the call names by its id."""
    given = call.params.get("source") or call.params.get("card")
    return given if isinstance(given, str) and given.startswith(sources.KEPT) else None


async def find(database: Database, call: Call) -> Rows:
    given = call.params.get("source") or call.params.get("card")
    return await by_token(database, call, given if isinstance(given, str) and not named(call) else None)


NEXT = """(select n.id from payment_methods n where n.scope = $1 and n.customer = $3 and n.id <> $4 and n.state = 'attached'
    and (starts_with(n.id, 'card_') or starts_with(n.id, 'src_')) order by n.created desc, n.id desc limit 1)"""
CREATE = Verb(
    "customers.sources.create", create, (Load(Customer, "customer", "$3"), Load(PaymentMethod, "method", "$4"), *CARD),
    lambda call: (call.ids["customer"], named(call)), finds=find,
)  # fmt: skip
DELETE = Verb(
    "customers.sources.delete", delete,
    (Load(Customer, "customer", "$3"), Load(Source, "source", "$4"), Load(PaymentMethod, "next", NEXT)),
    lambda call: (call.ids["customer"], call.ids["id"]),
)  # fmt: skip
CREATE_CUSTOMER = Verb(
    "customers.create", create_customer, attaching.CREATE_CUSTOMER.loads,
    lambda call: (call.params.get("invoice_prefix"), call.params.get("payment_method") or named(call)), finds=find,
)  # fmt: skip
UPDATE_CUSTOMER = Verb(
    "customers.update", update_customer,
    (
        *customers.UPDATE.loads, Load(PaymentMethod, "method", "$7"), *CARD,
        Load(PaymentMethod, "replaced", "customer.default_source"),
    ),
    lambda call: (*customers.UPDATE.names(call), named(call)), finds=find,
)  # fmt: skip
