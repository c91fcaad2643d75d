"""Charges made without an intent, the old way, and what may be changed on any charge (B-5.35, B-5.37, B-5.39)."""

from typing import TYPE_CHECKING, Any, cast

from msgspec.structs import replace

from sluice.books.events import Told
from sluice.core.errors import Refused, missing
from sluice.core.ids import new_id
from sluice.customers import payment_methods
from sluice.customers.customers import Customer
from sluice.customers.details import Given, Hash, email, metadata, shipping
from sluice.payments import card_declines, routing
from sluice.payments.amounts import payable
from sluice.payments.capture import charge_in
from sluice.payments.charges import Charge
from sluice.payments.confirming import weather
from sluice.payments.descriptors import suffix, whole
from sluice.rails.types import Authorize
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Change, Plan, Request
from sluice.store.reads import Load, Rows

if TYPE_CHECKING:
    from sluice.shapes.types.charge import PostCharges, PostChargesCharge


def create(call: Call, rows: Rows) -> Plan:
    """B-5.37: `source` is a `tok_*` of the test data, or a raw card."""
    given = cast("PostCharges", call.params)
    for name in ("amount", "currency"):
        if name not in given:
            raise Refused(f"Missing required param: {name}.", code="parameter_missing", param=name)
    money = payable(given["amount"], given["currency"])
    customer = rows.get_one(Customer, "customer")
    if given.get("customer") and (customer is None or customer.deleted):
        raise missing("customer", given["customer"], "customer")
    if "card" in given and "source" in given:
        raise Refused("You may only specify one of these parameters: card, source.", code="parameters_exclusive", param="card")
    source = given.get("source") or given.get("card")
    if source is None:
        raise unsourced(customer)
    card = (
        payment_methods.token(call, source, "source")
        if isinstance(source, str)
        else payment_methods.card_of(call, source, "card")
    )
    card_declines.may(call, rows)
    method, new = payment_methods.make(call, card, owner(source))
    id, asking, rail = new_id("ch_"), new_id("ask_"), routing.choose(call)
    carried = described(call)
    ask = Authorize(
        money, capture=given.get("capture", True), line1=method.doc["billing_details"]["address"]["line1"],
        postal_code=method.doc["billing_details"]["address"]["postal_code"], weather=weather(call, carried["metadata"]),
    )  # fmt: skip
    extra = {
        "charge": carried, "customer": customer and customer.id, "transfer_group": given.get("transfer_group"),
        "hold_seconds": rail.hold_seconds, "public_url": call.public_url, "declines": call.declines,
    }  # fmt: skip
    request = Request(
        ask, id, asking, rail.name, rail.others, card=card, charge=id, method=method.id, shows="charge", extra=extra
    )  # fmt: skip
    return Plan(Change(new=(replace(method, state="taken"), *new[1:])), request)


def unsourced(customer: Customer | None) -> Refused:
    if customer is None:
        return Refused("Must provide source or customer.", code="parameter_missing")
    message = "Cannot charge a customer that has no active card"
    return Refused(message, status=402, type="card_error", code="missing", param="card", judged=True)


def owner(source: str | Given) -> Hash:
    """The billing details and metadata in a raw card's own fields."""
    if isinstance(source, str):
        return {}
    assert source.get("object", "card") == "card", "the walk lets nothing else through"
    names = {"line1": "address_line1", "line2": "address_line2", "city": "address_city", "state": "address_state"}
    names |= {"postal_code": "address_zip", "country": "address_country"}
    where = {name: source[old] for name, old in names.items() if old in source}
    return {"billing_details": {"name": source.get("name"), "address": where}, "metadata": source.get("metadata") or {}}


def described(call: Call) -> Hash:
    """What the charge carries."""
    given = call.params
    return {
        "calculated_statement_descriptor": whole(given.get("statement_descriptor"), "statement_descriptor"),
        "description": given.get("description"),
        "fraud_details": {},
        "metadata": metadata({}, given),
        "receipt_email": email(given, "receipt_email") if "receipt_email" in given else None,
        "shipping": shipping(given.get("shipping")),
        "statement_descriptor": given.get("statement_descriptor"),
        "statement_descriptor_suffix": suffix(given.get("statement_descriptor_suffix"), "statement_descriptor_suffix"),
    }


def update(call: Call, rows: Rows) -> Plan:
    """B-5.35: immutable but for these; `customer` once, if there is none."""
    charge, given = charge_in(call, rows), cast("PostChargesCharge", call.params)
    doc: dict[str, Any] = charge.doc | {"metadata": metadata(charge.doc["metadata"], given)}
    if "description" in given:
        doc["description"] = given["description"]
    if "receipt_email" in given:
        doc["receipt_email"] = email(given, "receipt_email")
    if "shipping" in given:
        doc["shipping"] = shipping(given["shipping"], doc["shipping"])
    if "fraud_details" in given:
        report = given["fraud_details"].get("user_report")
        doc["fraud_details"] = {"user_report": report} if report else {}
    after = replace(
        charge,
        customer=customer_of(call, rows, charge),
        transfer_group=given.get("transfer_group", charge.transfer_group),
        doc=doc,
    )
    if after == charge:
        return Plan(Change(stand=(charge,), shows=charge))
    return Plan(Change(saved=(after,), told=(Told("charge.updated", after, charge),), shows=after))


def customer_of(call: Call, rows: Rows, charge: Charge) -> str | None:
    given = call.params.get("customer")
    if not given or given == charge.customer:
        return charge.customer
    if charge.customer:
        raise Refused("The customer of a charge can be set once.", param="customer", judged=True)
    customer = rows.get_one(Customer, "customer")
    if customer is None or customer.deleted:
        raise missing("customer", given, "customer")
    return str(given)


CREATE = Verb(
    "charges.create", create,
    (Load(Customer, "customer", "$3"), Load(card_declines.CardDeclines, "declines", "$4")),
    lambda call: (call.params.get("customer"), card_declines.brought(call)),
)  # fmt: skip
UPDATE = Verb(
    "charges.update", update, (Load(Charge, "charge", "$3"), Load(Customer, "customer", "$4")),
    lambda call: (call.ids["charge"], call.params.get("customer")),
)  # fmt: skip
